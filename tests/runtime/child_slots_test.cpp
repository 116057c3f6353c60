// One slot, a parent that waits for its child, and others in the queue: who has the slot when.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("[L5] with one slot an awaited child goes before the queue, and then its parent goes on before its equals") {
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
