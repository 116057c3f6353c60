#include <corchestra/async/gather.hpp>
#include <corchestra/async/race.hpp>
#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using namespace std::chrono_literals;
using testing::virtual_time_context;

TEST_CASE("join waits for the last child") {
  virtual_time_context time;
  int ended = 0;
  auto all = [&]() -> awaitable<void> {
    scope s(co_await asio::this_coro::executor);
    for (int i = 1; i <= 3; ++i) {
      s.spawn([&ended, i]() -> awaitable<void> {
        co_await sleep_for(std::chrono::seconds(i));
        ++ended;
      });
    }
    co_await s.join();
  };
  time.run(all());
  CHECK(ended == 3);
  CHECK(time.now() == time_point(3s));
}

TEST_CASE("the first exception cancels the siblings and is rethrown after all have ended") {
  virtual_time_context time;
  std::vector<std::string> log;
  auto all = [&]() -> awaitable<void> {
    scope s(co_await asio::this_coro::executor);
    s.spawn([&]() -> awaitable<void> {
      co_await sleep_for(1s);
      throw std::runtime_error("first");
    });
    s.spawn([&]() -> awaitable<void> {
      bool stopped = false;
      try {
        co_await sleep_for(1h);
      } catch (const boost::system::system_error&) {
        stopped = true;
      }
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      co_await sleep_for(2s);  // clean-up takes its time
      log.push_back(stopped ? "cleaned up" : "not stopped");
    });
    co_await s.join();
  };
  std::string thrown;
  try {
    time.run(all());
  } catch (const std::runtime_error& e) {
    thrown = e.what();
  }
  CHECK(thrown == "first");
  CHECK(log == std::vector<std::string>{"cleaned up"});
  CHECK(time.now() == time_point(3s));
}

TEST_CASE("[L8] a child cancelled before its first run, during it, or after its end completes exactly once") {
  virtual_time_context time;
  int begun = 0;
  auto all = [&]() -> awaitable<void> {
    scope before(co_await asio::this_coro::executor);
    before.spawn([&]() -> awaitable<void> {
      ++begun;
      co_return;
    });
    before.cancel();  // it has not run yet
    co_await before.join();

    scope during(co_await asio::this_coro::executor);
    during.spawn([&]() -> awaitable<void> {
      ++begun;
      during.cancel();  // from inside a child that never suspends
      co_return;
    });
    co_await during.join();
    during.cancel();
    during.cancel();
    co_await during.join();
  };
  time.run(all());
  CHECK(begun == 1);
}

TEST_CASE("cancelling join cancels the children and still waits for them") {
  virtual_time_context time;
  bool child_stopped = false, aborted = false;
  asio::cancellation_signal signal;
  auto parent = [&]() -> awaitable<void> {
    scope s(co_await asio::this_coro::executor);
    s.spawn([&]() -> awaitable<void> {
      try {
        co_await sleep_for(1h);
      } catch (const boost::system::system_error&) {
        child_stopped = true;
      }
    });
    co_await s.join();
  };
  asio::co_spawn(time.executor(), parent, asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) {
    try {
      if (e) std::rethrow_exception(e);
    } catch (const boost::system::system_error& x) {
      aborted = x.code() == asio::error::operation_aborted;
    }
  }));
  time.advance(1s);
  signal.emit(asio::cancellation_type::terminal);
  time.run();
  CHECK(child_stopped);
  CHECK(aborted);
  CHECK(time.now() == time_point(1s));
}

TEST_CASE("gather keeps the order of its arguments") {
  virtual_time_context time;
  std::vector<std::function<awaitable<int>()>> work;
  for (int i = 0; i < 3; ++i) {
    work.push_back([i]() -> awaitable<int> {
      co_await sleep_for(std::chrono::seconds(3 - i));
      co_return i;
    });
  }
  const auto values = time.run(gather<int>(work));
  CHECK(values == std::vector<int>{0, 1, 2});
  CHECK(time.now() == time_point(3s));
}

TEST_CASE("race takes the first to end and waits for the cancelled others") {
  virtual_time_context time;
  int cancelled = 0;
  std::vector<std::function<awaitable<int>()>> work;
  for (int i = 0; i < 3; ++i) {
    work.push_back([i, &cancelled]() -> awaitable<int> {
      std::exception_ptr stopped;
      try {
        co_await sleep_for(std::chrono::seconds(i == 1 ? 1 : 10));
      } catch (...) {
        ++cancelled;
        stopped = std::current_exception();
      }
      if (stopped) std::rethrow_exception(stopped);
      co_return i;
    });
  }
  const auto winner = time.run(race<int>(work));
  CHECK(winner.index == 1);
  CHECK(winner.value == 1);
  CHECK(cancelled == 2);
  CHECK(time.now() == time_point(1s));
}

TEST_CASE("a time limit names what took too long, and a result in time passes through") {
  virtual_time_context time;
  auto slow = []() -> awaitable<result<int>> {
    co_await sleep_for(10s);
    co_return 1;
  };
  const auto late = time.run(timeout<int>(2s, "the search", slow));
  REQUIRE(late.has_error());
  CHECK(late.error().is(errc::timeout));
  CHECK(late.error().message == "the search took longer than 2.00 s");
  CHECK(time.now() == time_point(2s));
  const auto in_time = time.run(timeout<int>(20s, "the search", slow));
  CHECK(in_time.value() == 1);
  auto throws = []() -> awaitable<result<int>> {
    co_await sleep_for(1s);
    throw std::runtime_error("broken");
  };
  CHECK_THROWS_AS(time.run(timeout<int>(20s, "the search", throws)), std::runtime_error);
}

TEST_CASE("[L28] a context that is destroyed takes children along before whoever waits for them") {
  struct owned {
    bool& gone;
    ~owned() { gone = true; }
  };
  struct user {
    const bool& gone;
    int &in_time, &late;
    ~user() { ++(gone ? late : in_time); }
  };
  bool gone = false;
  int in_time = 0, late = 0;
  auto child = [&]() -> awaitable<int> {
    const user uses_what_its_parent_owns{gone, in_time, late};
    co_await sleep_for(1h);
    co_return 1;
  };
  auto parent = [&]() -> awaitable<void> {
    const owned here{gone};
    std::vector<std::function<awaitable<int>()>> both{child, child};
    co_await gather<int>(std::move(both));
  };
  {
    asio::io_context io;
    asio::steady_timer before_the_library(io);  // services go in the order in which they came
    asio::co_spawn(io, parent, [](std::exception_ptr) {});
    io.poll();
  }
  CHECK(gone);
  CHECK(in_time == 2);
  CHECK(late == 0);
}

TEST_CASE("what work gives after its time was over does not count") {
  virtual_time_context time;
  const auto limited = [&](std::function<awaitable<result<int>>()> work) {
    return time.run(timeout<int>(1s, "the work", std::move(work)));
  };
  const auto stubborn = limited([]() -> awaitable<result<int>> {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await sleep_for(10s);
    co_return 7;
  });
  CHECK(stubborn.error().is(errc::timeout));
  const auto obedient = limited([]() -> awaitable<result<int>> {
    bool stopped = false;
    try {
      co_await sleep_for(10s);
    } catch (const boost::system::system_error&) {
      stopped = true;
    }
    if (stopped) co_return fail(errc::cancelled, "stopped as asked");
    co_return 7;
  });
  CHECK(obedient.error().is(errc::timeout));
}

TEST_CASE("the longest duration is no limit") {
  virtual_time_context time;
  const auto r = time.run(timeout<int>(duration::max(), "the work", []() -> awaitable<result<int>> {
    co_await sleep_for(24h);
    co_return 7;
  }));
  CHECK(r.value() == 7);
}
