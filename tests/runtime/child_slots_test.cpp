// One slot, a parent that waits for its child, and others in the queue: who has the slot when.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>

#include <algorithm>
#include <map>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("[L5] with one slot a parent goes on when its child has ended, ahead of equals that have waited longer") {
  virtual_orchestra v({10s});
  double resumed = -1;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    co_await sleep_for(1s);
    result<task_result> child = co_await c.call(task("child", {}, 20));
    CHECK(child.value().success());
    resumed = virtual_orchestra::seconds(co_await now());
    co_await sleep_for(2s);
    co_return task_output{};
  });
  auto parent = task("parent");
  parent.agent = "parent";
  const auto r = v.run(plan({parent, task("other"), task("last")}, 1));
  CHECK(r.success());
  CHECK(v.agent->peak() == 1);
  CHECK(v.start_of("parent/child") == 1);
  CHECK(resumed == 11);
  CHECK(v.start_of("other") == 13);
  CHECK(v.start_of("last") == 23);
  CHECK(r.metrics.wall == 33s);
}

TEST_CASE("an attempt that goes on after a wait gives way to what is more urgent") {
  virtual_orchestra v({10s});
  double resumed = -1;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child", {}, 200));
    CHECK(child.value().success());
    resumed = virtual_orchestra::seconds(co_await now());
    co_return task_output{};
  });
  auto parent = task("parent", {}, 10);
  parent.agent = "parent";
  const auto r = v.run(plan({task("first", {}, 100), parent, task("more-urgent", {}, 50)}, 1));
  CHECK(r.success());
  CHECK(v.start_of("more-urgent") == 10);
  CHECK(resumed == 30);
}

TEST_CASE("[L5] with one slot a parent that has begun ends before the next begins") {
  virtual_orchestra v({10s});
  std::map<std::string, double> resumed;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child", {}, 20));
    CHECK(child.value().success());
    resumed[c.task().id] = virtual_orchestra::seconds(co_await now());
    co_return task_output{};
  });
  auto one = task("one"), two = task("two");
  one.agent = two.agent = "parent";
  const auto r = v.run(plan({one, two}, 1));
  CHECK(r.success());
  CHECK(v.start_of("one/child") == 0);
  CHECK(resumed["one"] == 10);
  CHECK(v.start_of("two/child") == 10);
  CHECK(resumed["two"] == 20);
}

TEST_CASE("waits that are cut short take no slot above the limit, of the run or of their agent") {
  virtual_orchestra v({100s});
  int working = 0, most = 0;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    const auto call = [c]() mutable { return c.call(task("child")); };
    const result<task_result> child = co_await timeout<task_result>(10s, "the child", call);
    CHECK(child.has_error());
    most = std::max(most, ++working);
    co_await sleep_for(5s);
    --working;
    co_return task_output{};
  });
  auto p = plan({}, 3);
  for (int i = 0; i < 20; ++i) {
    p.tasks.push_back(task("p" + std::to_string(i)));
    p.tasks.back().agent = "parent";
  }
  p.options.limits.slots_by_agent["parent"] = 2;
  const auto r = v.run(std::move(p));
  CHECK(r.success() == false);  // the children were cancelled
  CHECK(most == 2);
  CHECK(r.metrics.peak_width <= 3);
}

TEST_CASE("an attempt that is asked to stop while it waits for its slot after a cut wait stops at once") {
  virtual_orchestra v({100s});
  bool cut = false, went_on = false;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    const auto wait = [&, c]() mutable -> awaitable<result<bool>> {
      std::exception_ptr failure;
      try {
        co_await c.wait(wait_reason::rate, sleep_for(1h));
      } catch (...) {
        failure = std::current_exception();
      }
      cut = failure != nullptr;
      if (failure) std::rethrow_exception(failure);
      co_return true;
    };
    const result<bool> waited = co_await timeout<bool>(10s, "the limiter", wait);
    went_on = true;
    co_return task_output(waited.has_value());
  });
  auto all = [&]() -> awaitable<run_result> {
    auto t = task("t");
    t.agent = "parent";
    run r = v.o.start(plan({t, task("blocks")}, 1)).value();
    co_await sleep_for(20s);
    CHECK_FALSE(cut);
    r.request_cancel();
    co_return co_await r.wait();
  };
  const run_result r = v.time.run(all());
  CHECK(cut);
  CHECK_FALSE(went_on);
  CHECK(r.find("t")->state == task_state::cancelled);
  CHECK(v.time.now() == time_point(20s));
}
