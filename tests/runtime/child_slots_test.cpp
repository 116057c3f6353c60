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

TEST_CASE(
    "[L5] with one slot an awaited child goes before the queue, and its parent before those less urgent, aged ones") {
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
  auto parent = task("parent", {}, 40);
  parent.agent = "parent";
  const auto r = v.run(plan({parent, task("other"), task("last")}, 1));
  CHECK(r.success());
  CHECK(v.agent->peak() == 1);
  CHECK(v.start_of("parent/child") == 1);
  CHECK(v.start_of("other") == 11);  // the slot was free before the parent had been told
  CHECK(resumed == 21);              // 40 and 10 for its age, against 10 and 21
  CHECK(v.start_of("last") == 23);
  CHECK(r.metrics.wall == 33s);
}

TEST_CASE("[L5] with one slot children go one after another while their parents wait, and both go on at the end") {
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
  CHECK(v.start_of("two/child") == 10);
  CHECK(resumed["one"] == 20);  // the slot was free, and the other child's, before the parent had been told
  CHECK(resumed["two"] == 20);
}
