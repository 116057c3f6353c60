#pragma once

#include <cassert>
#include <optional>

#include <corchestra/base/time.hpp>

namespace corchestra {

/// A duration that may be absent, in the space of one. Used as `std::optional<duration>`.
class optional_duration {
 public:
  constexpr optional_duration() noexcept = default;
  constexpr optional_duration(std::nullopt_t) noexcept {}  // NOLINT(google-explicit-constructor): as std::optional
  template <class Rep, class Period>
  constexpr optional_duration(std::chrono::duration<Rep, Period> d) noexcept : value_(d) {}  // NOLINT(google-explicit-constructor)
  constexpr optional_duration(std::optional<duration> d) noexcept : value_(d.value_or(absent)) {}  // NOLINT(google-explicit-constructor)

  constexpr bool has_value() const noexcept { return value_ != absent; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  constexpr duration operator*() const noexcept { return assert(has_value()), value_; }
  constexpr duration value_or(duration other) const noexcept { return has_value() ? value_ : other; }
  constexpr void reset() noexcept { value_ = absent; }

  friend constexpr bool operator==(optional_duration a, optional_duration b) noexcept { return a.value_ == b.value_; }

 private:
  static constexpr duration absent = duration::min();
  duration value_ = absent;
};

}  // namespace corchestra
