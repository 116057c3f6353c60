#include <corchestra/agents/process_limits.hpp>

#include <sys/resource.h>

#include <algorithm>

#include <corchestra/base/text.hpp>

#include "agents/limit_script.hpp"

namespace corchestra {

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint32_t fewest_files = 4;

error too_low(std::string_view name, std::string_view least) {
  return fail(errc::invalid_argument, concat("limits.", name, ": expected at least ", least));
}

}  // namespace

result<void> check(const process_limits& limits) {
  if (limits.memory_bytes && *limits.memory_bytes < kib) return too_low("memory_bytes", "1024");
  if (limits.cpu_time && *limits.cpu_time <= duration::zero()) return too_low("cpu_time", "1 ns");
  if (limits.open_files && *limits.open_files < fewest_files) return too_low("open_files", concat(fewest_files));
  return {};
}

namespace detail {

namespace {

/// No more than this process could set for itself.
std::uint64_t within_own(int resource, std::uint64_t wanted) {
  rlimit own{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &own) != 0 || own.rlim_max == RLIM_INFINITY)
    return wanted;
  return std::min<std::uint64_t>(wanted, own.rlim_max);
}

}  // namespace

std::string limit_script(const process_limits& limits) {
  std::string script;
  if (limits.memory_bytes) script += concat("ulimit -d ", within_own(RLIMIT_DATA, *limits.memory_bytes) / kib, " && ");
  if (limits.cpu_time) {
    const auto seconds = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(*limits.cpu_time).count());
    script += concat("ulimit -S -t ", within_own(RLIMIT_CPU, seconds), " && ulimit -H -t ",
                     within_own(RLIMIT_CPU, seconds + 1), " && ");
  }
  if (limits.open_files) script += concat("ulimit -n ", within_own(RLIMIT_NOFILE, *limits.open_files), " && ");
  return script + "exec \"$@\"";
}

}  // namespace detail

}  // namespace corchestra
