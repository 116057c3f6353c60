// One slot, a parent that waits for its child, and others in the queue: who has the slot when.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>

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
