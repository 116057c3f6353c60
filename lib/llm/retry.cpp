#include "llm/retry.hpp"

#include <algorithm>
#include <random>

#include <corchestra/base/text.hpp>

namespace corchestra::llm {

namespace {

bool may_pass(const error& e) {
  if (e.retry != retry_class::unspecified) return e.retry == retry_class::transient;
  return e.is(errc::resolve_failed) || e.is(errc::connect_failed) || e.is(errc::connection_lost) || e.is(errc::timeout);
}

}  // namespace

duration retry_schedule::delay(const error& e, int status) {
  const double cap = static_cast<double>(policy_.max_delay.count());
  double full = static_cast<double>(policy_.first_delay.count());
  for (int i = 0; i < retries_ && full < cap; ++i) full *= 2;
  full = std::min(full, cap);
  std::mt19937_64 random(seed_);
  random.discard(static_cast<unsigned long long>(retries_));
  const double part = static_cast<double>(random() >> 11) * 0x1p-53;
  if (e.retry_after) return *e.retry_after + duration(static_cast<duration::rep>(part * full / 2));
  if (status == 429 || status == 503) return duration(static_cast<duration::rep>(full / 2 + part * full / 2));
  return duration(static_cast<duration::rep>(part * full));
}

retry_decision retry_schedule::after(const error& e, int status, duration left) {
  if (!may_pass(e)) return {};
  if (e.retry_after && *e.retry_after > policy_.max_retry_after)
    return {false,
            {},
            concat("the server asks to wait ", to_text(duration(*e.retry_after)), ", more than the ",
                   to_text(policy_.max_retry_after), " that are waited at most")};
  if (retries_ >= policy_.max_retries)
    return {false, {}, retries_ == 0 ? std::string() : concat("given up after ", retries_ + 1, " tries")};
  if (left <= duration::zero()) return {};
  const duration wait = delay(e, status);
  if (wait >= left) return {false, {}, concat("the next try, in ", to_text(wait), ", would come after the time limit")};
  ++retries_;
  return {true, wait, {}};
}

}  // namespace corchestra::llm
