#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/llm/call_gate.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace corchestra;
using namespace corchestra::llm;
using namespace std::chrono_literals;
using testing::virtual_time_context;

namespace {

limiter_options one_at_a_time() {
  limiter_options o;
  o.max_in_flight = 1;
  return o;
}

call_report answer(endpoint_answer a) {
  call_report r;
  r.answer = a;
  return r;
}

/// One call that takes so long; when it went out.
awaitable<void> call(call_gate gate, duration takes, std::vector<double>& out) {
  result<call_gate::permit> p = co_await gate.enter({});
  if (!p) co_return;
  out.push_back(to_seconds((co_await now()).time_since_epoch()));
  co_await sleep_for(takes);
  p->report(answer(endpoint_answer::served));
}

}  // namespace

TEST_CASE("calls wait at the gate until others were answered") {
  virtual_time_context time;
  call_gate gate(one_at_a_time());
  std::vector<double> out;
  auto all = [&]() -> awaitable<void> {
    scope calls(co_await asio::this_coro::executor);
    for (int i = 0; i < 3; ++i) calls.spawn([&] { return call(gate, 2s, out); });
    co_await calls.join();
  };
  time.run(all());
  CHECK(out == std::vector<double>{0, 2, 4});
  CHECK(gate.status(time.now()).served == 3);
}

TEST_CASE("a rate lets calls out by the passing of time alone") {
  virtual_time_context time;
  limiter_options o;
  o.requests_per_minute = 60;
  call_gate gate(o);
  std::vector<double> out;
  auto all = [&]() -> awaitable<void> {
    scope calls(co_await asio::this_coro::executor);
    for (int i = 0; i < 4; ++i) calls.spawn([&] { return call(gate, 1min, out); });
    co_await calls.join();
  };
  time.run(all());
  REQUIRE(out.size() == 4);
  for (std::size_t i = 2; i < out.size(); ++i) {
    CHECK(out[i] - out[i - 1] > 0.99);
    CHECK(out[i] - out[i - 1] < 1.01);
  }
}

TEST_CASE("[L9] a cancelled call leaves the line, and a permit that is dropped counts as no answer") {
  virtual_time_context time;
  call_gate gate(one_at_a_time());
  std::vector<double> out;
  bool gave_up = false;
  auto all = [&]() -> awaitable<void> {
    scope calls(co_await asio::this_coro::executor);
    calls.spawn([&]() -> awaitable<void> {
      result<call_gate::permit> p = co_await gate.enter({});
      co_await sleep_for(10s);
    });
    calls.spawn([&]() -> awaitable<void> {
      auto waiting = [&]() -> awaitable<result<int>> {
        result<call_gate::permit> p = co_await gate.enter({});
        co_return 1;
      };
      const result<int> r = co_await timeout<int>(5s, "waiting", waiting);
      gave_up = r.has_error();
    });
    co_await sleep_for(1s);
    calls.spawn([&] { return call(gate, 1s, out); });
    co_await calls.join();
  };
  time.run(all());
  CHECK(gave_up);
  CHECK(out == std::vector<double>{10});
  const auto s = gate.status(time.now());
  CHECK(s.waiting == 0);
  CHECK(s.in_flight == 0);
  CHECK(s.served == 1);
}

TEST_CASE("a quota that is used up fails those that wait, and all that come later, at once") {
  virtual_time_context time;
  call_gate gate(one_at_a_time());
  int failed = 0;
  auto all = [&]() -> awaitable<void> {
    scope calls(co_await asio::this_coro::executor);
    calls.spawn([&]() -> awaitable<void> {
      result<call_gate::permit> p = co_await gate.enter({});
      co_await sleep_for(1s);
      call_report r = answer(endpoint_answer::fatal);
      r.why = fail(errc::quota_exhausted, "insufficient_quota", retry_class::terminal);
      p->report(r);
    });
    for (int i = 0; i < 2; ++i) {
      calls.spawn([&]() -> awaitable<void> {
        result<call_gate::permit> p = co_await gate.enter({});
        failed += p.has_error() && p.error().is(errc::quota_exhausted) ? 1 : 0;
      });
    }
    co_await calls.join();
    result<call_gate::permit> late = co_await gate.enter({});
    failed += late.has_error() ? 1 : 0;
  };
  time.run(all());
  CHECK(failed == 3);
  CHECK(time.now() == time_point(1s));
}

TEST_CASE("a call that waits for an open circuit is resumed with the reason when its time is over") {
  virtual_time_context time;
  limiter_options o;
  o.circuit_failures = 2;
  call_gate gate(o);
  std::string why;
  double after = 0;
  std::vector<double> out;
  auto all = [&]() -> awaitable<void> {
    for (int i = 0; i < 2; ++i) {
      result<call_gate::permit> p = co_await gate.enter({});
      call_report r = answer(endpoint_answer::overloaded);
      r.why = fail(errc::server_error, "HTTP 502");
      p->report(r);
    }
    scope calls(co_await asio::this_coro::executor);
    calls.spawn([&] { return call(gate, 100s, out); });  // tries whether it works again
    calls.spawn([&]() -> awaitable<void> {
      result<call_gate::permit> p = co_await gate.enter({.priority = -1});
      after = to_seconds((co_await now()).time_since_epoch());
      if (p.has_error()) why = p.error().message;
    });
    co_await calls.join();
  };
  time.run(all());
  CHECK(out == std::vector<double>{10});
  CHECK(why == "circuit breaker: nothing was sent within 1 m 00 s after 2 failures in a row, the last: HTTP 502");
  CHECK(after == 60);
  CHECK(gate.status(time.now()).waiting == 0);
}

TEST_CASE("[L28] a context may be destroyed while calls wait, and the gate serves the next one") {
  call_gate gate(one_at_a_time());
  std::vector<double> out;
  {
    virtual_time_context time;
    for (int i = 0; i < 2; ++i) asio::co_spawn(time.context(), call(gate, 1h, out), [](const std::exception_ptr&) {});
    time.context().poll();
    CHECK(gate.status({}).waiting == 1);
  }
  virtual_time_context time;
  time.run(call(gate, 1s, out));
  CHECK(out.size() == 2);
}

TEST_CASE("try_enter gives a permit only when nothing waits and one may go out now") {
  virtual_time_context time;
  call_gate gate(one_at_a_time());
  std::vector<double> out;
  auto all = [&]() -> awaitable<void> {
    co_await call(gate, 1s, out);
    const time_point at = co_await now();
    auto p = gate.try_enter({}, at);
    CHECK(static_cast<bool>(p));
    CHECK(!gate.try_enter({}, at));
    p.report(answer(endpoint_answer::served));
    p.report(answer(endpoint_answer::throttled));
    CHECK(static_cast<bool>(gate.try_enter({}, at)));
  };
  time.run(all());
  CHECK(gate.status(time.now()).served == 2);
  CHECK(gate.status(time.now()).throttled == 0);
}

TEST_CASE("[L28] a context that is destroyed takes its own waiting calls along, and those of others go on") {
  for (const bool first_goes : {true, false}) {
    CAPTURE(first_goes);
    call_gate gate(one_at_a_time());
    auto one = std::make_unique<virtual_time_context>(), other = std::make_unique<virtual_time_context>();
    std::vector<std::string> out;
    auto waiting = [&](std::string who) -> awaitable<void> {
      result<call_gate::permit> p = co_await gate.enter({});
      if (p) out.push_back(who);
      if (p) p->report(answer(endpoint_answer::served));
    };
    std::optional<call_gate::permit> held;
    auto holding = [&]() -> awaitable<void> {
      result<call_gate::permit> p = co_await gate.enter({});
      held = std::move(*p);
    };
    asio::co_spawn(one->executor(), holding, [](std::exception_ptr) {});
    one->run();
    REQUIRE(held);
    asio::co_spawn(one->executor(), waiting("one"), [](std::exception_ptr) {});
    asio::co_spawn(other->executor(), waiting("other"), [](std::exception_ptr) {});
    one->run();
    other->run();
    auto& stays = first_goes ? other : one;
    (first_goes ? one : other).reset();
    held->report(answer(endpoint_answer::served));
    stays->run();
    CHECK(out == std::vector<std::string>{first_goes ? "other" : "one"});
  }
}
