#pragma once

#include <cstdint>
#include <optional>

#include <corchestra/base/saturating_add.hpp>

namespace corchestra {

/// Something spent or to be spent. Money is in micro-dollars (10^-6 USD): integers, so that sums are exact. They stop at the
/// ends of their range.
struct budget_amount {
  std::int64_t tokens = 0;
  std::int64_t micro_dollars = 0;

  bool none() const noexcept { return tokens == 0 && micro_dollars == 0; }
  budget_amount& operator+=(const budget_amount& o) noexcept {
    tokens = detail::saturating_add(tokens, o.tokens);
    micro_dollars = detail::saturating_add(micro_dollars, o.micro_dollars);
    return *this;
  }
  friend bool operator==(const budget_amount&, const budget_amount&) = default;
};

/// The most that may be spent; absent means no limit.
struct budget_limit {
  std::optional<std::int64_t> tokens, micro_dollars;

  bool none() const noexcept { return !tokens && !micro_dollars; }
  friend bool operator==(const budget_limit&, const budget_limit&) = default;
};

/// How one budget stands. Spent plus reserved never exceeds the limit by a new reservation; a settlement above its
/// reserve can, and is then counted all the same.
struct budget_status {
  budget_limit limit;
  budget_amount spent, reserved;
};

}  // namespace corchestra
