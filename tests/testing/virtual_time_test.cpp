#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <thread>

using namespace corchestra;
using namespace std::chrono_literals;
using testing::virtual_time_context;

TEST_CASE("a day of sleeping passes at once and ends exactly when it should") {
  virtual_time_context time;
  time.run(sleep_for(24h));
  CHECK(time.now() == time_point(24h));
}

TEST_CASE("equal deadlines fire in the order in which they were set") {
  virtual_time_context time;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    asio::co_spawn(
        time.executor(),
        [&order, i]() -> awaitable<void> {
          co_await sleep_for(1s);
          order.push_back(i);
        },
        [](std::exception_ptr) {});
  }
  time.run();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("a cancelled sleep ends at the moment of the cancellation") {
  virtual_time_context time;
  asio::cancellation_signal signal;
  time_point ended{};
  asio::co_spawn(
      time.executor(), [&]() -> awaitable<void> { co_await sleep_for(24h); },
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { ended = time.now(); }));
  time.advance(1h);
  signal.emit(asio::cancellation_type::terminal);
  time.run();
  CHECK(ended == time_point(1h));
}

TEST_CASE("a moment long before the start is due at once, and not beyond the limit") {
  virtual_time_context time;
  time.advance(10s);
  time_point fired{};
  auto work = [&]() -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    const auto timer = time_service::of(executor).make_timer(executor);
    timer->async_wait_until(time_point::min(), [&](boost::system::error_code) { fired = time.now(); });
    co_await sleep_for(1s);
  };
  time.run(work());
  CHECK(fired == time_point(10s));
  CHECK(time.now() == time_point(11s));
}

TEST_CASE("everything standing still is reported as a deadlock") {
  virtual_time_context time;
  auto stuck = []() -> awaitable<void> {
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [](auto handler) {
          static thread_local asio::any_completion_handler<void()> kept;
          kept = std::move(handler);
          kept = nullptr;
        },
        asio::use_awaitable);
  };
  CHECK_THROWS_AS(time.run(stuck()), std::runtime_error);
}

TEST_CASE("time stands still while outside work is held") {
  virtual_time_context time;
  std::thread outside;
  time_point when{};
  auto work = [&]() -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    auto hold = std::make_shared<time_hold>(executor);
    outside = std::thread([&, hold]() mutable {
      asio::post(time.context(), [&, hold] { when = time.now(); });
      hold.reset();
    });
    hold.reset();
    co_await sleep_for(1h);
  };
  time.run(work());
  outside.join();
  CHECK(when == time_point(0s));
  CHECK(time.now() == time_point(1h));
}
