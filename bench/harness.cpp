#include "harness.hpp"

#include <malloc.h>
#include <sched.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace corchestra::bench {

namespace {

/// Nanoseconds in which this thread waited for a core; 0 where the kernel does not say.
std::uint64_t displaced() {
  std::ifstream file("/proc/thread-self/schedstat");
  std::uint64_t running = 0, waiting = 0;
  file >> running >> waiting;
  return file ? waiting : 0;
}

/// The core it runs on, and the next ones that it may use. False when there are too few.
bool bind_to_cores(unsigned wanted) {
  cpu_set_t allowed, chosen;
  check(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "cannot read which cores may be used");
  if (CPU_COUNT(&allowed) < static_cast<int>(wanted)) return false;
  CPU_ZERO(&chosen);
  for (auto core = static_cast<std::size_t>(sched_getcpu()); wanted > 0; core = (core + 1) % CPU_SETSIZE) {
    if (!CPU_ISSET(core, &allowed)) continue;
    CPU_SET(core, &chosen);
    --wanted;
  }
  check(sched_setaffinity(0, sizeof chosen, &chosen) == 0, "cannot bind the process to its cores");
  return true;
}

std::size_t rounds_of(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string_view(argv[i]) == "--rounds") return std::max(1ul, std::strtoul(argv[i + 1], nullptr, 10));
  return 9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string limit(double value) { return value > 0 ? number(value) : "null"; }

/// Memory that one round gave back serves the next, as in a process that lives longer than one run: otherwise the time
/// the kernel takes to hand out zeroed pages is most of what is measured.
void keep_memory() {
  check(mallopt(M_TRIM_THRESHOLD, INT_MAX) == 1 && mallopt(M_MMAP_THRESHOLD, INT_MAX) == 1, "cannot set up the heap");
}

}  // namespace

int measure(int argc, char** argv, const row& what, const measurement& ours, const measurement& beside) {
  keep_memory();
  if (!bind_to_cores(what.cores)) {
    std::fprintf(stderr, "needs %u cores\n", what.cores);
    return 77;
  }
  std::vector<double> mine, other, ratios;
  for (std::size_t round = 0, rounds = rounds_of(argc, argv); round < rounds; ++round) {
    double first = 0;
    if (beside && round % 2 != 0) first = beside();
    mine.push_back(ours());
    if (!beside) continue;
    other.push_back(round % 2 != 0 ? first : beside());
    ratios.push_back(mine.back() / other.back());
  }
  std::printf(R"({"name":"%s","unit":"%s","ours":%s,"beside":%s,"ratio":%s,"better":"%s","least":%s,"aim":%s})"
              "\n",
              std::string(what.name).c_str(), std::string(what.unit).c_str(), number(median(mine)).c_str(),
              beside ? number(median(other)).c_str() : "null", beside ? number(median(ratios)).c_str() : "null",
              what.lower_is_better ? "lower" : "higher", limit(what.least).c_str(), limit(what.aim).c_str());
  return 0;
}

void check(bool ok, std::string_view what) {
  if (ok) return;
  std::fprintf(stderr, "wrong result: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

stopwatch::stopwatch(work where) : where_(where) {
  if (where_ == work::on_this_thread) displaced_ = displaced();
  begin_ = std::chrono::steady_clock::now();
}

double stopwatch::nanoseconds() const {
  const std::chrono::duration<double, std::nano> wall = std::chrono::steady_clock::now() - begin_;
  return where_ == work::on_several ? wall.count() : wall.count() - static_cast<double>(displaced() - displaced_);
}

}  // namespace corchestra::bench
