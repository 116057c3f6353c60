#include <corchestra/async/semaphore.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include <rapidcheck.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <thread>

using namespace corchestra;
using namespace std::chrono_literals;
using testing::virtual_time_context;

namespace {

awaitable<void> hold(semaphore s, std::size_t count, duration d, int id, std::vector<int>& order) {
  result<semaphore::permit> p = co_await s.acquire(count);
  order.push_back(id);
  co_await sleep_for(d);
}

}  // namespace

TEST_CASE("a semaphore serves waiters in order of arrival, whatever they ask for") {
  virtual_time_context time;
  semaphore s(3);
  std::vector<int> order;
  auto all = [&]() -> awaitable<void> {
    scope children(co_await asio::this_coro::executor);
    children.spawn([&] { return hold(s, 2, 1s, 1, order); });
    children.spawn([&] { return hold(s, 3, 1s, 2, order); });  // must wait for 1
    children.spawn([&] { return hold(s, 1, 1s, 3, order); });  // would fit at once, but must not barge past 2
    co_await children.join();
  };
  time.run(all());
  CHECK(order == std::vector<int>{1, 2, 3});
  CHECK(time.now() == time_point(3s));
  CHECK(s.available() == 3);
}

TEST_CASE("[L6] asking a semaphore for more than its capacity fails at once") {
  virtual_time_context time;
  semaphore s(2);
  const auto r = time.run(s.acquire(3));
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::unreachable_resource));
  CHECK(r.error().message == "asked for 3 permits of a semaphore that has 2");
}

TEST_CASE("[L9] a cancelled waiter leaves the queue and those behind it are served") {
  virtual_time_context time;
  semaphore s(2);
  auto first = s.try_acquire(1);
  std::vector<int> order;
  auto all = [&]() -> awaitable<void> {
    scope outer(co_await asio::this_coro::executor);
    outer.spawn([&]() -> awaitable<void> {
      auto greedy = [&]() -> awaitable<result<int>> {
        result<semaphore::permit> p = co_await s.acquire(2);
        co_return 1;
      };
      const result<int> r = co_await timeout<int>(5s, "acquiring", greedy);
      if (r.has_error()) order.push_back(-1);
    });
    co_await sleep_for(1s);
    outer.spawn([&] { return hold(s, 1, 1s, 2, order); });  // would fit, but came later
    co_await outer.join();
  };
  time.run(all());
  CHECK(order == std::vector<int>{2, -1});  // the next is served in the step in which the first gives up
  CHECK(time.now() == time_point(6s));
  CHECK(s.waiting() == 0);
  CHECK(s.available() == 1);
}

TEST_CASE("a permit released twice counts once, and try_acquire never barges") {
  semaphore s(1);
  auto p = s.try_acquire();
  REQUIRE(p);
  CHECK_FALSE(s.try_acquire());
  p.release();
  p.release();
  CHECK(s.available() == 1);
}

TEST_CASE("[L27] giving a permit back does not go on with its waiter before the call returns") {
  virtual_time_context time;
  semaphore s(1);
  auto held = s.try_acquire();
  bool went_on = false;
  auto waiter = [&]() -> awaitable<void> {
    const auto p = co_await s.acquire();
    went_on = p.has_value();
  };
  asio::co_spawn(time.executor(), waiter, [](std::exception_ptr e) { CHECK_FALSE(e); });
  time.run();
  REQUIRE(s.waiting() == 1);
  asio::post(time.executor(), [&] {
    held.release();  // on the waiter's own executor, where going on at once would be possible
    CHECK_FALSE(went_on);
  });
  time.run();
  CHECK(went_on);
}

TEST_CASE("however permits are asked for, held and cancelled, none is lost and the limit holds") {
  REQUIRE(rc::check("semaphore invariant", [] {
    const auto capacity = *rc::gen::inRange<std::size_t>(1, 5);
    const auto steps = *rc::gen::container<std::vector<std::tuple<std::size_t, int, int>>>(
        rc::gen::tuple(rc::gen::inRange<std::size_t>(1, 5), rc::gen::inRange(0, 5), rc::gen::inRange(1, 8)));
    virtual_time_context time;
    semaphore s(capacity);
    std::size_t in_use = 0, peak = 0;
    auto user = [&](std::size_t count, int holds, int patience) -> awaitable<void> {
      auto take = [&]() -> awaitable<result<int>> {
        result<semaphore::permit> p = co_await s.acquire(count);
        if (p.has_error()) co_return 0;
        in_use += count;
        peak = std::max(peak, in_use);
        std::exception_ptr stopped;
        try {
          co_await sleep_for(std::chrono::seconds(holds));
        } catch (...) {
          stopped = std::current_exception();
        }
        in_use -= count;
        if (stopped) std::rethrow_exception(stopped);
        co_return 1;
      };
      const result<int> r = co_await timeout<int>(std::chrono::seconds(patience), "holding", take);
      (void)r;
    };
    auto all = [&]() -> awaitable<void> {
      scope users(co_await asio::this_coro::executor);
      for (const auto& [count, holds, patience] : steps) {
        users.spawn([&user, c = count, h = holds, p = patience] { return user(c, h, p); });
      }
      co_await users.join();
    };
    time.run(all());
    RC_ASSERT(peak <= capacity);
    RC_ASSERT(s.available() == capacity);
    RC_ASSERT(s.waiting() == 0u);
  }));
}

TEST_CASE("a semaphore may be shared by threads") {
  asio::io_context context;
  semaphore s(3);
  std::atomic<int> in_use{0}, peak{0}, done{0};
  auto user = [&]() -> awaitable<void> {
    for (int i = 0; i < 200; ++i) {
      result<semaphore::permit> p = co_await s.acquire();
      const int n = ++in_use;
      int seen = peak.load();
      while (n > seen && !peak.compare_exchange_weak(seen, n)) {
      }
      co_await sleep_for(duration::zero());
      --in_use;
    }
    ++done;
  };
  for (int i = 0; i < 16; ++i) asio::co_spawn(context, user, [](std::exception_ptr e) { REQUIRE_FALSE(e); });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { context.run(); });
  for (auto& t : threads) t.join();
  CHECK(done == 16);
  CHECK(peak <= 3);
  CHECK(s.available() == 3);
}

TEST_CASE("[L28] a context destroyed with waiters frees their frames") {
  auto alive = std::make_shared<int>(1);
  {
    virtual_time_context time;
    semaphore s(1);
    auto permit = s.try_acquire();
    auto waiter = [s, alive]() mutable -> awaitable<void> {
      result<semaphore::permit> p = co_await s.acquire();
      (void)alive;
    };
    asio::co_spawn(time.executor(), waiter, [](std::exception_ptr) {});
    time.run();
    CHECK(s.waiting() == 1);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a wait that is given up gets an empty permit, and the next in line its place") {
  virtual_time_context time;
  semaphore s(1);
  auto held = s.try_acquire();
  semaphore::wait first, second;
  std::vector<std::pair<int, bool>> order;
  auto waiter = [&](int id, semaphore::wait& w) -> awaitable<void> {
    const semaphore::permit p = co_await s.acquire(w);
    order.emplace_back(id, bool(p));
  };
  asio::co_spawn(time.executor(), waiter(1, first), [](std::exception_ptr e) { REQUIRE_FALSE(e); });
  asio::co_spawn(time.executor(), waiter(2, second), [](std::exception_ptr e) { REQUIRE_FALSE(e); });
  time.run();
  first.give_up();
  first.give_up();
  time.run();
  CHECK(s.waiting() == 1);
  held.release();
  time.run();
  second.give_up();
  CHECK(order == std::vector<std::pair<int, bool>>{{1, false}, {2, true}});
  CHECK(s.available() == 1);
}

TEST_CASE("a wait that was given up before it began does not begin") {
  virtual_time_context time;
  semaphore s(1);
  semaphore::wait over;
  over.give_up();
  auto body = [&]() -> awaitable<bool> {
    const semaphore::permit p = co_await s.acquire(over);
    co_return bool(p);
  };
  CHECK_FALSE(time.run(body()));
  CHECK(s.available() == 1);
}

TEST_CASE("[L28] a context that is destroyed takes its own waiters of a shared semaphore along and no others") {
  for (const bool first_goes : {true, false}) {
    CAPTURE(first_goes);
    semaphore s(1);
    auto permit = s.try_acquire();
    auto one = std::make_unique<asio::io_context>(), other = std::make_unique<asio::io_context>();
    std::vector<std::string> served;
    auto waiter = [&](std::string who) -> awaitable<void> {
      const result<semaphore::permit> p = co_await s.acquire();
      served.push_back(who);
    };
    asio::co_spawn(*one, waiter("one"), [](std::exception_ptr) {});
    asio::co_spawn(*other, waiter("other"), [](std::exception_ptr) {});
    one->poll();
    other->poll();
    REQUIRE(s.waiting() == 2);
    auto& stays = first_goes ? other : one;
    (first_goes ? one : other).reset();
    CHECK(s.waiting() == 1);
    permit.release();
    stays->run();
    CHECK(served == std::vector<std::string>{first_goes ? "other" : "one"});
    CHECK(s.available() == 1);
  }
}
