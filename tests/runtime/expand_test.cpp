// run_callbacks::expand: a callback that spawns children from what a task brings.
#include <corchestra/async/sleep.hpp>
#include <catch2/catch_test_macros.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::failing;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("a callback expands what completes into children, under the caps of the run [C36]") {
  virtual_orchestra v;
  auto p = plan({task("root")}, 2);
  p.options.limits.max_spawned_tasks = 5;
  p.options.limits.max_children_per_task = 2;
  run_callbacks callbacks;
  callbacks.expand = [&](task_context& c, const task_output&) {
    while (c.room_for_children() > 0) CHECK(c.spawn(task("")).has_value());
  };
  const auto r = v.run(std::move(p), callbacks);
  CHECK(r.success());
  CHECK(r.results.size() == 6);
  REQUIRE(r.find("root/1/1"));
  CHECK(r.find("root/1/1")->parent == "root/1");
  CHECK(r.find("root/3") == nullptr);
}

TEST_CASE("a callback that expands beyond a cap makes its task end LIMIT_EXCEEDED [L12]") {
  virtual_orchestra v;
  auto p = plan({task("root")});
  p.options.limits.max_children_per_task = 2;
  run_callbacks callbacks;
  callbacks.expand = [](task_context& c, const task_output&) {
    for (int i = 0; i < 3; ++i) (void)c.spawn(task(""));
  };
  const auto r = v.run(std::move(p), callbacks);
  CHECK(r.find("root")->state == task_state::limit_exceeded);
  CHECK(r.find("root")->reason == "task 'root': the limit of 2 children a task is reached");
  CHECK(r.results.size() == 1);
}

TEST_CASE("what an expanding callback throws is counted, and the task completes without children") {
  virtual_orchestra v;
  run_callbacks callbacks;
  callbacks.expand = [](task_context&, const task_output&) { throw std::runtime_error("no"); };
  const auto r = v.run(plan({task("root")}), callbacks);
  CHECK(r.success());
  CHECK(r.metrics.callback_failures == 1);
}

TEST_CASE("what has failed, or threw when it was asked to stop, is not expanded") {
  virtual_orchestra v({1s});
  v.agent->on("bad", {failing("no")});
  v.o.agents().add("throws", [](task_context) -> awaitable<result<task_output>> {
    co_await sleep_for(1h);
    co_return task_output{};
  });
  auto stopped = task("stopped");
  stopped.agent = "throws";
  stopped.limits.start_to_close = 1s;
  std::vector<std::string> expanded;
  run_callbacks callbacks;
  callbacks.expand = [&](task_context& c, const task_output&) { expanded.emplace_back(c.task().id); };
  const auto r = v.run(plan({task("good"), task("bad"), stopped}), callbacks);
  CHECK(r.find("stopped")->state == task_state::timeout);
  CHECK(expanded == std::vector<std::string>{"good"});
}
