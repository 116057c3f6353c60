#pragma once

#include <vector>

#include <corchestra/core/timeline.hpp>

namespace corchestra::detail {

/// From `at` on, `running` attempts are under way.
struct concurrency_step {
  time_point at{};
  std::size_t running = 0;
};

/// How many attempts ran at once over time, one step a moment at which the number changed.
std::vector<concurrency_step> concurrency_profile(const timeline& t);

/// The most at once.
std::size_t peak_of(const std::vector<concurrency_step>& profile);

}  // namespace corchestra::detail
