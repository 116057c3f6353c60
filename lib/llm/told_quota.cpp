#include "llm/told_quota.hpp"

namespace corchestra::llm {

namespace {

// Whole seconds may have been cut.
duration not_before(duration reset) {
  return reset % std::chrono::seconds(1) == duration::zero() ? reset + std::chrono::seconds(1) : reset;
}

}  // namespace

double told_quota::sent(double amount, time_point now) noexcept {
  pass(now);
  total_ += amount;
  if (left_) set(*left_ - amount, now);
  return total_;
}

void told_quota::heard(const rate_limit& said, double mark, double amount, bool served, time_point now) noexcept {
  if (!said.limit || !said.remaining || !said.reset || *said.remaining > *said.limit) return;
  pass(now);
  const reading r{*said.remaining, *said.reset, mark};
  if (served && contradicts(r, static_cast<double>(*said.limit), amount)) believed_ = false;
  if (last_ && mark < last_->mark) return;
  compare(r);
  const auto remaining = static_cast<double>(r.remaining);
  if (used_up() && mark == total_ && remaining - *left_ > 4 * amount) counts_late_ = true;
  const duration until = std::min(not_before(r.reset), longest_ * 2);  // no overflow
  const bool same_period = whole() && left_;
  renewed_at_ = same_period ? std::min(renewed_at_, now + until) : now + until;
  if (counts_late_ || mark == total_) return set(remaining, now);
  // In a period less and less is left: what seems more was answered out of order.
  const double left = remaining - (total_ - mark);
  set(same_period ? std::min(*left_, left) : left, now);
}

void told_quota::refused() noexcept {
  believed_ = true;
  counts_late_ = false;
}

// In a period both what remains and the time to its end become less. What refills all the time is the sooner full the
// more there is.
void told_quota::compare(const reading& r) noexcept {
  constexpr int sure = 4;
  if (last_ && r.remaining != last_->remaining && r.reset != last_->reset) {
    const bool alike = (r.remaining > last_->remaining) == (r.reset > last_->reset);
    wholes_ = std::clamp(wholes_ + (alike ? 1 : -1), -sure, sure);
  }
  last_ = r;
}

// Served again, though no more is left than when there was too little before, and hardly anything went out in between.
bool told_quota::contradicts(const reading& r, double limit, double amount) noexcept {
  if (static_cast<double>(r.remaining) >= amount) return false;
  if (too_little_ && r.mark < too_little_->mark) return r.remaining == too_little_->remaining;
  const bool again = too_little_ && r.remaining >= too_little_->remaining && r.mark - too_little_->mark < limit / 4;
  too_little_ = r;
  return again;
}

void told_quota::set(double left, time_point now) noexcept {
  const bool was = used_up();
  left_ = left;
  if (!was && used_up()) used_up_at_ = now;
}

void told_quota::pass(time_point now) noexcept {
  if (left_ && now >= (used_up() ? next() : renewed_at_)) left_.reset();
}

}  // namespace corchestra::llm
