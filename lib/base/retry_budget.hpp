#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <corchestra/base/time.hpp>

namespace corchestra::detail {

/// Retries may be at most a part of the attempts of the last 60 s, with a floor of 10. Counted by whole seconds.
class retry_budget {
 public:
  explicit retry_budget(std::optional<double> part) : part_(part), seconds_(part ? window : 0) {}

  /// True when what was refused should ask again: there have been as many attempts since as it lacked.
  bool attempted(time_point now) {
    if (!part_) return false;
    ++at(now).attempts;
    return lacking_ > 0 && --lacking_ == 0;
  }

  /// Counts a retry and returns `now`; or the moment at which to ask again, if `attempted` does not tell before.
  time_point take(time_point now) {
    if (!part_) return now;
    auto& second = at(now);
    std::uint64_t attempts = 0, retries = 0;
    std::int64_t oldest = number(now);
    for (const auto& s : seconds_) {
      if (s.number + window <= number(now) || s.number > number(now)) continue;
      attempts += s.attempts;
      retries += s.retries;
      if (s.retries > 0 && s.number < oldest) oldest = s.number;
    }
    const double allowed = *part_ * static_cast<double>(attempts);
    if (retries < least || static_cast<double>(retries) < allowed) {
      ++second.retries;
      return now;
    }
    lacking_ = 0;
    if (*part_ > 0) {  // so many that the retries would be less than their part
      constexpr double most = 1e15;
      const double enough = std::min(most, static_cast<double>(retries) / *part_ + 1);
      lacking_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(enough) - attempts);
    }
    return time_point(std::chrono::seconds(oldest + window));
  }

 private:
  static constexpr std::int64_t window = 60;
  static constexpr std::uint64_t least = 10;
  struct second {
    std::int64_t number = -window;
    std::uint64_t attempts = 0, retries = 0;
  };

  static std::int64_t number(time_point t) { return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count(); }

  second& at(time_point now) {
    const auto n = number(now);
    auto& s = seconds_[static_cast<std::size_t>(n % window)];
    if (s.number != n) s = {n, 0, 0};
    return s;
  }

  std::optional<double> part_;
  std::uint64_t lacking_ = 0;    // attempts until a retry that was refused may be allowed; 0: none was, or time alone helps
  std::vector<second> seconds_;  // none without a part
};

}  // namespace corchestra::detail
