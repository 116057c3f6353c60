#pragma once

#include <algorithm>

#include <corchestra/base/time.hpp>

namespace corchestra::llm {

/// So much a second, with a little put by. What is taken may be more than there is: the next has to wait for it, so that
/// one large request passes too. A later correction gives back, or takes more.
class token_bucket {
 public:
  /// Begins with what comes in by `burst`.
  token_bucket(double a_second, duration burst, time_point now) noexcept
      : rate_(a_second), burst_(to_seconds(burst)), level_(a_second * burst_), at_(now) {}

  void set_rate(double a_second, time_point now) noexcept {
    refill(now);
    rate_ = a_second;
    level_ = std::min(level_, most());
  }
  double rate() const noexcept { return rate_; }

  /// When the next may be taken: `now` or before when that is at once.
  time_point next(time_point now) noexcept {
    refill(now);
    return level_ >= 0 ? now : rate_ <= 0 ? time_point::max() : now + from_seconds(-level_ / rate_) + duration(1);
  }
  void take(double amount, time_point now) noexcept {
    refill(now);
    level_ -= amount;
  }
  void give_back(double amount) noexcept { level_ = std::min(level_ + amount, most()); }

 private:
  double most() const noexcept { return std::max(0.0, rate_ * burst_); }
  void refill(time_point now) noexcept {
    if (now <= at_) return;
    level_ = std::min(most(), level_ + rate_ * to_seconds(now - at_));
    at_ = now;
  }

  double rate_, burst_, level_;
  time_point at_;
};

}  // namespace corchestra::llm
