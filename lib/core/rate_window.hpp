#pragma once

#include <cstdint>
#include <deque>

#include <corchestra/base/time.hpp>

#include "base/later.hpp"

namespace corchestra::detail {

/// What was used of a rate within the last period: an exact log, so that no window [t, t + period), wherever it begins,
/// holds more than what `used` allowed. When there are many uses in a period, those close together are kept as one, as
/// if all had come with the last of them.
class rate_window {
 public:
  explicit rate_window(duration period = {}) : period_(period) {}

  duration period() const noexcept { return period_; }
  std::uint64_t used() const noexcept { return used_; }

  void add(std::uint32_t amount, time_point now) {
    used_ += amount;
    const bool same = !log_.empty() && log_.back().last == now;
    const bool crowded = log_.size() >= exact && now - log_.back().first < period_ / exact;
    if (!same && !crowded) return log_.push_back({now, now, amount});
    log_.back().last = now;
    log_.back().amount += amount;
  }

  /// Forgets what is a period old; whether there was any.
  bool expire(time_point now) {
    bool any = false;
    while (!log_.empty() && later(log_.front().last, period_) <= now) {
      used_ -= log_.front().amount;
      log_.pop_front();
      any = true;
    }
    return any;
  }

  /// What is in use then, if nothing is added.
  std::uint64_t used_at(time_point now) const noexcept {
    auto used = used_;
    for (auto u = log_.begin(); u != log_.end() && later(u->last, period_) <= now; ++u) used -= u->amount;
    return used;
  }

  /// When at most `least` will be in use, if nothing is added; time_point::min() when it is so already.
  time_point falls_to(std::uint64_t least) const noexcept {
    auto used = used_;
    auto due = time_point::min();
    for (auto u = log_.begin(); used > least; ++u) {
      used -= u->amount;
      due = later(u->last, period_);
    }
    return due;
  }

 private:
  static constexpr int exact = 256;
  struct use {
    time_point first, last;
    std::uint64_t amount;
  };
  duration period_;
  std::uint64_t used_ = 0;
  std::deque<use> log_;
};

}  // namespace corchestra::detail
