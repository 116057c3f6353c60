#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <corchestra/core/budget.hpp>

namespace corchestra::detail {

/// One budget of the nest: exact sums, and what its limit says about them.
struct budget_account {
  budget_status status;
  bool alerted = false, exhausted = false;  // was said already

  enum class room : std::uint8_t { now, later, never };
  /// Whether `amount` fits. `own` is what the asker itself has reserved: that does not become free while it waits.
  room room_for(const budget_amount& amount, const budget_amount& own) const noexcept;
  /// Why it does not, as `the run's budget of 1,000 tokens has 120 left and 300 are needed`.
  std::string in_the_way(std::string_view whose, const budget_amount& amount, const budget_amount& own) const;

  void reserve(const budget_amount& amount) noexcept;
  void release(const budget_amount& amount) noexcept;  // at most what is reserved
  void spend(const budget_amount& amount) noexcept;
  /// What a reservation could take now by one who has `own` reserved already; never below zero.
  budget_limit left(const budget_amount& own) const noexcept;
  /// Something was spent, and at least this part of a limit.
  bool spent_part(double part) const noexcept;
};

}  // namespace corchestra::detail
