#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace corchestra::detail {

/// A sum that stops at the ends of its range.
constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) noexcept {
  using limits = std::numeric_limits<std::int64_t>;
  if (b > 0 && a > limits::max() - b) return limits::max();
  if (b < 0 && a < limits::min() - b) return limits::min();
  return a + b;
}

/// `1,234,567`
std::string grouped(std::int64_t n);

/// `$12.00`, `$0.001234`: exact, two to six decimals.
std::string dollars(std::int64_t micro_dollars);

}  // namespace corchestra::detail
