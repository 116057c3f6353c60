#include "llm/resident.hpp"

#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>

#include "harness.hpp"
#include "llm/child.hpp"

namespace corchestra::bench {

namespace {

double of_status(std::string_view label) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(label)) return std::stod(line.substr(label.size())) * 1024;
  return 0;
}

}  // namespace

double resident_bytes_of(const two_cores& cores, const std::function<void()>& work) {
  const child process(
      [&](int out) {
        std::ofstream("/proc/self/clear_refs") << "5";  // the highest so far is forgotten
        const double before = of_status("VmRSS:");
        work();
        const double bytes = of_status("VmHWM:") - before;
        check(::write(out, &bytes, sizeof bytes) == sizeof bytes, "nobody listens");
      },
      cores.client);
  double bytes = 0;
  process.read(&bytes, sizeof bytes);
  return bytes;
}

}  // namespace corchestra::bench
