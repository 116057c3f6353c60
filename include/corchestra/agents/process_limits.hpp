#pragma once

#include <cstdint>
#include <optional>

#include <corchestra/base/error.hpp>
#include <corchestra/base/optional_duration.hpp>

namespace corchestra {

/// What a child process may use. Each process that it starts inherits the limits and has them to itself. Absent: what
/// this process may use; more than that cannot be given.
struct process_limits {
  /// Private writable memory: heap, stacks of threads, anonymous mappings (RLIMIT_DATA). Allocations beyond it fail.
  std::optional<std::uint64_t> memory_bytes;
  /// Processor time of all its threads, rounded up to seconds (RLIMIT_CPU). Then it gets SIGXCPU, a second later
  /// SIGKILL.
  optional_duration cpu_time;
  std::optional<std::uint32_t> open_files;  ///< descriptors, the standard three included (RLIMIT_NOFILE)

  bool any() const noexcept { return memory_bytes || cpu_time || open_files; }
};

/// Errors: `invalid_argument` for a limit below 1 KiB, 1 ns or 4 files, with which no program starts.
result<void> check(const process_limits& limits);

}  // namespace corchestra
