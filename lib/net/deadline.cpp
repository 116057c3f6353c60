#include <algorithm>
#include <array>
#include <boost/asio/dispatch.hpp>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "async/shared_timer.hpp"
#include "net/byte_stream.hpp"
#include "net/deadline.hpp"

namespace corchestra::net {

namespace {
constexpr duration longest = std::chrono::hours(24 * 3650);
constexpr time_point never = time_point::max();
}  // namespace

struct deadline::state final : corchestra::detail::shared_timer::client, std::enable_shared_from_this<state> {
  explicit state(const any_io_executor& e) : client(e), executor(e), time(time_service::of(e)) {
    due.fill(never);
    spans.fill(longest);
  }

  time_point earliest() const { return *std::min_element(due.begin(), due.end()); }

  // A limit that moved away leaves the timer as it is: it looks again when it fires.
  void rearm() {
    const time_point next = earliest();
    if (next >= armed || expired) return;
    armed = next;
    set(next);
  }

  std::function<void()> when_due() override {
    return [weak = weak_from_this()] {
      if (const auto self = weak.lock()) asio::dispatch(self->executor, [self] { self->fire(); });
    };
  }

  void fire() {
    armed = never;
    const auto first = std::min_element(due.begin(), due.end());
    if (*first > time.now()) return rearm();
    if (*first == never) return;
    expired = static_cast<kind>(first - due.begin());
    if (on_expiry) on_expiry();
  }

  any_io_executor executor;
  time_service& time;
  std::array<time_point, 3> due{};
  std::array<duration, 3> spans{};
  time_point armed = never;
  std::optional<kind> expired;
  std::function<void()> on_expiry;
};

deadline::deadline(any_io_executor executor) : state_(std::make_shared<state>(executor)) {}
deadline::~deadline() {
  state_->due.fill(never);
  state_->clear();
}

void deadline::arm(kind k, duration span) {
  if (state_->expired == k) state_->expired.reset();
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

awaitable<result<semaphore::permit>> acquire_within(semaphore permits, deadline& limits, std::string what) {
  semaphore::wait wait;
  const deadline::guard guard(limits, [&wait] { wait.give_up(); });
  semaphore::permit p = co_await permits.acquire(wait);
  if (p) co_return p;
  const bool connecting = limits.expired() == deadline::connect;
  co_return fail(errc::timeout, concat(what, " took longer than the ", connecting ? "connect" : "total", " limit of ",
                                       to_text(limits.span(connecting ? deadline::connect : deadline::total))));
}

}  // namespace corchestra::net
