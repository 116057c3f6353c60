#pragma once

#include <cstdint>
#include <limits>

namespace corchestra::detail {

/// A sum that stops at the ends of its range.
constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) noexcept {
  using limits = std::numeric_limits<std::int64_t>;
  if (b > 0 && a > limits::max() - b) return limits::max();
  if (b < 0 && a < limits::min() - b) return limits::min();
  return a + b;
}

}  // namespace corchestra::detail
