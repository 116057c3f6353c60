#include <corchestra/runtime/run_blocking_on.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch_test_macros.hpp>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "support/run.hpp"

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

/// A function under way that a test lets return.
struct held_function {
  std::promise<void> begun, go_on;

  int operator()() {
    begun.set_value();
    go_on.get_future().wait();
    return 7;
  }
};

/// Starts `work` so that it can be cancelled.
struct cancellable {
  asio::cancellation_signal signal;
  std::optional<int> value;
  std::exception_ptr failure;
  bool ended = false;

  cancellable(asio::io_context& context, awaitable<int> work) {
    asio::co_spawn(context, std::move(work),
                   asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr e, int v) {
                     ended = true;
                     failure = e;
                     if (!e) value = v;
                   }));
  }
};

}  // namespace

TEST_CASE("a function's value comes back to the coroutine's own thread") {
  asio::io_context context;
  worker_threads threads(2);
  auto all = [&]() -> awaitable<void> {
    const auto here = std::this_thread::get_id();
    const auto there = co_await run_blocking_on(threads, [] { return std::this_thread::get_id(); });
    CHECK(there != here);
    CHECK(std::this_thread::get_id() == here);

    auto kept = std::make_unique<int>(5);
    auto back = co_await run_blocking_on(threads, [kept = std::move(kept)]() mutable { return std::move(kept); });
    CHECK(*back == 5);
    const result<int> bad =
        co_await run_blocking_on(threads, []() -> result<int> { return fail(errc::not_found, "no"); });
    CHECK(bad.error().is(errc::not_found));
    bool called = false;
    co_await run_blocking_on(threads, [&called] { called = true; });
    CHECK(called);
  };
  tests::run(context, all());
}

TEST_CASE("what a function throws is thrown in the coroutine") {
  asio::io_context context;
  worker_threads threads(1);
  CHECK_THROWS_AS(tests::run(context, run_blocking_on(threads, []() -> int { throw std::out_of_range("far"); })),
                  std::out_of_range);
}

TEST_CASE("cancelling a function under way asks it to stop and waits for its value") {
  asio::io_context context;
  worker_threads threads(1);
  std::promise<void> begun;
  cancellable c(context, run_blocking_on(threads, [&begun](std::stop_token stop) {
                  std::promise<void> stopped;
                  const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
                  begun.set_value();
                  stopped.get_future().wait();
                  return 3;
                }));
  tests::settle(context);
  begun.get_future().wait();
  c.signal.emit(asio::cancellation_type::terminal);
  context.restart();
  context.run();
  CHECK(c.value == 3);
}

TEST_CASE("[L9] cancelling a function that has not begun ends the wait at once, and it never begins") {
  asio::io_context context;
  worker_threads threads(1);
  held_function held;
  bool second_began = false;
  cancellable first(context, run_blocking_on(threads, std::ref(held)));
  cancellable second(context, run_blocking_on(threads, [&] {
                       second_began = true;
                       return 0;
                     }));
  tests::settle(context);
  held.begun.get_future().wait();
  second.signal.emit(asio::cancellation_type::terminal);
  tests::settle(context);
  CHECK(second.ended);
  CHECK(second.failure);
  CHECK_FALSE(first.ended);
  held.go_on.set_value();
  context.restart();
  context.run();
  CHECK(first.value == 7);
  CHECK(tests::run(context, run_blocking_on(threads, [] { return 1; })) == 1);
  CHECK_FALSE(second_began);
}

TEST_CASE(
    "[L28] a context may be destroyed while a function runs: the function is asked to stop and touches nothing of it") {
  worker_threads threads(1);
  const auto state = std::make_shared<int>(0);
  std::promise<void> begun;
  auto context = std::make_unique<asio::io_context>();
  auto work = [&]() -> awaitable<void> {
    co_await run_blocking_on(threads, [&begun, state](std::stop_token stop) {
      std::promise<void> stopped;
      const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
      begun.set_value();
      stopped.get_future().wait();
    });
  };
  asio::co_spawn(*context, work(), [](std::exception_ptr) {});
  tests::settle(*context);
  begun.get_future().wait();
  context.reset();
  asio::io_context other;
  tests::run(other, run_blocking_on(threads, [] {}));  // after it, on the only thread
  CHECK(state.use_count() == 1);
}

TEST_CASE("[L20] virtual time stands still while a function runs, and nobody polls for its end") {
  testing::virtual_time_context time;
  worker_threads threads(1);
  held_function held;
  auto both = [&]() -> awaitable<void> {
    scope beside(time.executor());
    beside.spawn([]() -> awaitable<void> { co_await sleep_for(1h); });
    co_await sleep_for(1s);
    std::thread opener([&] {
      held.begun.get_future().wait();
      held.go_on.set_value();
    });
    const int value = co_await run_blocking_on(threads, std::ref(held));
    opener.join();
    CHECK(value == 7);
    CHECK(time.now() == time_point(1s));
    co_await beside.join();
    CHECK(time.now() == time_point(1h));
  };
  time.run(both());
}
