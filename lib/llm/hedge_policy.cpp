#include "llm/hedge_policy.hpp"

#include <algorithm>

namespace corchestra::llm {

namespace {

std::uint64_t failures(const std::optional<limiter_status>& s) { return s ? s->throttled + s->failed : 0; }

}  // namespace

hedge_policy::plan hedge_policy::begin(const kind& of, time_point now) {
  plan p;
  if (options_.limits) p.failures = failures(options_.limits(of.model, now));
  std::lock_guard lock(mutex_);
  allowance_ = std::min(allowance_ + options_.budget, most_saved);
  p.after = options_.after ? options_.after : delay(times_[of]);
  return p;
}

bool hedge_policy::allow(const kind& of, const plan& p, time_point now) {
  if (options_.limits) {
    const auto s = options_.limits(of.model, now);
    if (s && (s->circuit_open || s->paused_until > now || s->waiting > 0 || failures(s) != p.failures)) return false;
  }
  std::lock_guard lock(mutex_);
  if (allowance_ < 1 - 1e-9) return false;
  allowance_ -= 1;
  return true;
}

void hedge_policy::took(const kind& of, duration d) {
  if (options_.after) return;
  std::lock_guard lock(mutex_);
  times& t = times_[of];
  if (t.last.size() < kept) {
    t.last.push_back(d);
  } else {
    t.last[t.next++ % kept] = d;
  }
}

optional_duration hedge_policy::delay(const times& t) const {
  if (t.last.size() < enough) return {};
  std::vector<duration> sorted = t.last;
  const auto at =
      sorted.begin() + static_cast<std::ptrdiff_t>(options_.percentile * static_cast<double>(sorted.size() - 1));
  std::nth_element(sorted.begin(), at, sorted.end());
  return *at;
}

}  // namespace corchestra::llm
