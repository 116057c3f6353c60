#include "net/deadline.hpp"

#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "net/byte_stream.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace std::chrono_literals;

namespace {
struct deadline_fixture {
  testing::virtual_time_context time;
  deadline limits{time.executor()};
  byte_stream stream{tcp::socket(time.executor(), tcp::v4())};
};
}  // namespace

TEST_CASE("the first limit to pass closes the stream and is named") {
  deadline_fixture f;
  const deadline::guard guard(f.limits, f.stream);
  f.limits.arm(deadline::total, 10s);
  f.limits.arm(deadline::connect, 5s);
  f.time.advance(4999ms);
  CHECK_FALSE(f.limits.expired());
  CHECK(f.stream.socket().is_open());
  CHECK(f.limits.remaining(deadline::connect) == 1ms);
  f.time.advance(1ms);
  CHECK(f.limits.expired() == deadline::connect);
  CHECK_FALSE(f.stream.socket().is_open());
  CHECK(f.limits.describe() == "no connection within the connect limit of 5.00 s");
}

TEST_CASE("a lifted limit does not fire and the next one still does") {
  deadline_fixture f;
  const deadline::guard guard(f.limits, f.stream);
  f.limits.arm(deadline::total, 10s);
  f.limits.arm(deadline::connect, 5s);
  f.limits.disarm(deadline::connect);
  f.time.advance(9s);
  CHECK_FALSE(f.limits.expired());
  f.time.advance(1s);
  CHECK(f.limits.expired() == deadline::total);
  CHECK(f.limits.describe() == "not complete within the total limit of 10.00 s");
}

TEST_CASE("every touch starts the idle limit again") {
  deadline_fixture f;
  const deadline::guard guard(f.limits, f.stream);
  f.limits.arm(deadline::idle, 3s);
  for (int i = 0; i < 5; ++i) {
    f.time.advance(2s);
    f.limits.touch(deadline::idle);
  }
  CHECK_FALSE(f.limits.expired());
  f.time.advance(3s);
  CHECK(f.limits.expired() == deadline::idle);
  CHECK(f.limits.describe() == "nothing was received within the idle limit of 3.00 s");
}

TEST_CASE("a stream guarded after expiry is closed at once, and none after its guard") {
  deadline_fixture f;
  f.limits.arm(deadline::total, 1s);
  {
    const deadline::guard guard(f.limits, f.stream);
  }
  f.time.advance(1s);
  CHECK(f.stream.socket().is_open());
  const deadline::guard guard(f.limits, f.stream);
  CHECK_FALSE(f.stream.socket().is_open());
}

TEST_CASE("a guard can do something else at expiry, once") {
  deadline_fixture f;
  int calls = 0;
  {
    const deadline::guard guard(f.limits, [&] { ++calls; });
    f.limits.arm(deadline::connect, 1s);
    f.time.advance(2s);
    CHECK(calls == 1);
  }
  const deadline::guard late(f.limits, [&] { ++calls; });
  CHECK(calls == 2);
}

TEST_CASE("a limit without end does not overflow") {
  deadline_fixture f;
  f.limits.arm(deadline::total, duration::max());
  f.time.advance(24h * 365);
  CHECK_FALSE(f.limits.expired());
}

TEST_CASE("waiting for a permit ends with the limit, naming both") {
  deadline_fixture f;
  semaphore permits(1);
  const auto held = permits.try_acquire();
  f.limits.arm(deadline::total, 10s);
  const auto late = f.time.run(acquire_within(permits, f.limits, "waiting for a test"));
  REQUIRE_FALSE(late);
  CHECK(late.error().is(errc::timeout));
  CHECK(late.error().message == "waiting for a test took longer than the total limit of 10.00 s");
  CHECK(permits.waiting() == 0);
}

TEST_CASE("a permit that comes in time is taken") {
  deadline_fixture f;
  semaphore permits(1);
  auto held = permits.try_acquire();
  f.limits.arm(deadline::total, 10s);
  f.limits.arm(deadline::connect, 5s);
  auto body = [&]() -> awaitable<bool> {
    scope children(f.time.executor());
    children.spawn([&]() -> awaitable<void> {
      co_await sleep_for(4s);
      held.release();
    });
    const auto taken = co_await acquire_within(permits, f.limits, "waiting");
    co_await children.join();
    co_return taken.has_value();
  };
  CHECK(f.time.run(body()));
  CHECK(permits.available() == 1);
}

TEST_CASE("a limit that has passed can be started again") {
  deadline_fixture f;
  f.limits.arm(deadline::connect, 1s);
  f.time.advance(2s);
  REQUIRE(f.limits.expired() == deadline::connect);
  f.limits.arm(deadline::connect, 1s);
  CHECK_FALSE(f.limits.expired());
  f.time.advance(1s);
  CHECK(f.limits.expired() == deadline::connect);
}
