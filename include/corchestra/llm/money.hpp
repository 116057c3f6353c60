#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace corchestra::llm {

/// US dollars per token, in femto-dollars (10^-15 USD): $1.25 for a million tokens are 1'250'000'000.
using token_price = std::int64_t;

/// The dearest price that is taken from a table: 1000 USD per token.
constexpr token_price max_token_price = 1'000'000'000'000'000'000;

/// An exact amount of US dollars, never negative, in femto-dollars. Sums are exact; beyond nine million million dollars
/// they stop at the end of the range.
class money {
 public:
  constexpr money() = default;
  /// `tokens` times `price`; nothing when either is below zero.
  static money of(std::int64_t tokens, token_price price) noexcept;

  /// In micro-dollars (10^-6 USD), half a micro-dollar rounded up: once, at the end of a sum.
  std::int64_t micro_dollars() const noexcept;
  /// The same with any part of one rounded up: for what must be enough.
  std::int64_t micro_dollars_up() const noexcept;
  /// The exact dollars as a decimal number: `0.00305`, `2`.
  std::string to_text() const;
  /// What `to_text` gave. Absent: anything else.
  static std::optional<money> parse(std::string_view text);

  money& operator+=(const money& o) noexcept;
  /// Not below nothing.
  money& operator-=(const money& o) noexcept;
  friend money operator+(money a, const money& b) noexcept { return a += b; }
  friend auto operator<=>(const money&, const money&) = default;

 private:
  std::int64_t micro_ = 0;  // whole micro-dollars
  std::int64_t femto_ = 0;  // and the rest: 0 .. 10^9 - 1
};

}  // namespace corchestra::llm
