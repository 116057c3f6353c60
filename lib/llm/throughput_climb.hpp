#pragma once

#include <algorithm>
#include <cstdint>

#include <corchestra/base/time.hpp>

namespace corchestra::llm {

/// How many calls in flight still bring more, for an endpoint that never refuses but queues. The limit doubles while the
/// work done a second rises with it; then it stays near the last that paid, and every half minute a quarter more is
/// tried.
class throughput_climb {
 public:
  throughput_climb(double first, double most) noexcept : limit_(std::min(first, most)), most_(most) {}

  double limit() const noexcept { return limit_; }

  /// A call was served. `filled`: as many as the limit allows were in flight; else it says nothing.
  void served(double work, bool filled, time_point now) noexcept {
    if (!filled || limit_ >= most_ || now < hold_until_) return begin(now);
    if (++count_ <= limit_) {  // those that were under way at the limit before
      began_ = now;
      return;
    }
    work_ += work;
    if (count_ < limit_ + std::max(16.0, limit_)) return;
    const double rate = work_ / std::max(1e-9, to_seconds(now - began_));
    begin(now);
    if (base_ > 0 && rate < rate_ * 1.05) {  // did not pay
      limit_ = doubling_ ? std::min(limit_, base_ * 1.25) : base_;
      doubling_ = false;
      base_ = 0;
      hold_until_ = now + std::chrono::seconds(30);
      return;
    }
    rate_ = rate;
    base_ = limit_;
    limit_ = std::min(most_, limit_ * (doubling_ ? 2 : 1.25));
  }

 private:
  void begin(time_point now) noexcept {
    work_ = 0;
    count_ = 0;
    began_ = now;
  }

  double limit_, most_;
  double base_ = 0, rate_ = 0;  // the limit before this one, and what it brought; 0: not measured yet
  double work_ = 0;
  std::uint64_t count_ = 0;
  bool doubling_ = true;
  time_point began_{}, hold_until_{};
};

}  // namespace corchestra::llm
