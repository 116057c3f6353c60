#pragma once

#include <vector>

#include <corchestra/base/time.hpp>

namespace corchestra::detail {

/// A time in seconds that is not known exactly.
struct uncertain_time {
  double mean = 0, variance = 0;
};

/// What is left of one that has lasted `so_far`: mean and variance of what a log-normal distribution (the usual one of
/// durations) has beyond it, but not more than it has lasted or usually lasts.
uncertain_time what_is_left(const uncertain_time& whole, double so_far);

/// The time by which all of them have ended with this probability, were they normal and independent.
double latest_end(std::vector<uncertain_time> ends, double probability);

}  // namespace corchestra::detail
