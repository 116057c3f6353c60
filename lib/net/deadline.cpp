#include <algorithm>
#include <array>

#include <corchestra/async/time_service.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>

#include "net/byte_stream.hpp"
#include "net/deadline.hpp"

namespace corchestra::net {

namespace {
constexpr duration longest = std::chrono::hours(24 * 3650);
constexpr time_point never = time_point::max();
}  // namespace

struct deadline::state : std::enable_shared_from_this<state> {
  explicit state(const any_io_executor& executor) : time(time_service::of(executor)), timer(time.make_timer(executor)) {
    due.fill(never);
    spans.fill(longest);
  }

  time_point earliest() const { return *std::min_element(due.begin(), due.end()); }

  // A limit that moved away leaves the timer as it is: it looks again when it fires.
  void rearm() {
    const time_point next = earliest();
    if (next >= armed || expired) return;
    armed = next;
    timer->async_wait_until(next, [weak = weak_from_this(), next](error_code ec) {
      const auto self = weak.lock();
      if (!ec && self && self->armed == next) self->fire();
    });
  }

  void fire() {
    armed = never;
    const auto first = std::min_element(due.begin(), due.end());
    if (*first > time.now()) return rearm();
    if (*first == never) return;
    expired = static_cast<kind>(first - due.begin());
    if (on_expiry) on_expiry();
  }

  time_service& time;
  std::unique_ptr<corchestra::timer> timer;
  std::array<time_point, 3> due{};
  std::array<duration, 3> spans{};
  time_point armed = never;
  std::optional<kind> expired;
  std::function<void()> on_expiry;
};

deadline::deadline(any_io_executor executor) : state_(std::make_shared<state>(executor)) {}
deadline::~deadline() {
  if (state_->armed != never) state_->timer->cancel();
}

void deadline::arm(kind k, duration span) {
  state_->spans[k] = std::clamp(span, duration::zero(), longest);
  state_->due[k] = state_->time.now() + state_->spans[k];
  state_->rearm();
}

void deadline::disarm(kind k) { state_->due[k] = never; }

void deadline::touch(kind k) {
  if (state_->due[k] != never) state_->due[k] = state_->time.now() + state_->spans[k];
}

std::optional<deadline::kind> deadline::expired() const noexcept { return state_->expired; }

duration deadline::remaining(kind k) const {
  if (state_->due[k] == never) return longest;
  return std::max(state_->due[k] - state_->time.now(), duration::zero());
}

duration deadline::span(kind k) const noexcept { return state_->spans[k]; }

std::string deadline::describe() const {
  const auto passed = state_->expired.value_or(total);
  const std::string limit = to_text(span(passed));
  switch (passed) {
    case connect:
      return concat("no connection within the connect limit of ", limit);
    case idle:
      return concat("nothing was received within the idle limit of ", limit);
    default:
      return concat("not complete within the total limit of ", limit);
  }
}

deadline::guard::guard(deadline& d, byte_stream& stream) : guard(d, [&stream] { stream.close(); }) {}

deadline::guard::guard(deadline& d, std::function<void()> on_expiry) : deadline_(d) {
  if (d.state_->expired) on_expiry();
  d.state_->on_expiry = std::move(on_expiry);
}

deadline::guard::~guard() { deadline_.state_->on_expiry = nullptr; }

awaitable<result<semaphore::permit>> acquire_within(semaphore permits, const deadline& limits, std::string what) {
  if (semaphore::permit p = permits.try_acquire()) co_return p;
  const bool connecting = limits.remaining(deadline::connect) < limits.remaining(deadline::total);
  const auto k = connecting ? deadline::connect : deadline::total;
  std::function<awaitable<result<semaphore::permit>>()> wait = [permits]() mutable { return permits.acquire(); };
  result<semaphore::permit> p = co_await timeout(limits.remaining(k), what, std::move(wait));
  if (!p && p.error().is(errc::timeout)) {
    co_return fail(errc::timeout, concat(what, " took longer than the ", connecting ? "connect" : "total", " limit of ",
                                         to_text(limits.span(k))));
  }
  co_return p;
}

}  // namespace corchestra::net
