#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <corchestra/testing/virtual_time.hpp>

namespace corchestra::testing {

/// What an exploration found.
struct exploration {
  std::size_t tries = 0;                      ///< times the scenario ran
  std::size_t orders = 0;                     ///< different orders among them
  std::optional<std::uint64_t> failing_seed;  ///< the first that failed
  std::string failure;                        ///< what it threw
  bool ok() const noexcept { return !failing_seed; }
};

/// Runs a scenario again and again, each time with another order of what could go on at the same moment: handlers that
/// are ready, and timers that are due together. A scenario fails by throwing; a deadlock throws by itself. What one
/// strand does stays in its order, as Asio promises it.
class interleaving_explorer {
 public:
  using scenario = std::function<void(virtual_time_context&)>;

  /// `tries` orders, from the seeds `first_seed`, `first_seed` + 1, ...
  explicit interleaving_explorer(std::size_t tries = 500, std::uint64_t first_seed = 1)
      : tries_(tries), first_(first_seed) {}

  /// Ends at the first failure, which is also told to stderr with its seed.
  exploration explore(const scenario& s) const;
  /// The one order of a seed; throws what the scenario throws.
  static void replay(std::uint64_t seed, const scenario& s);

 private:
  std::size_t tries_;
  std::uint64_t first_;
};

}  // namespace corchestra::testing
