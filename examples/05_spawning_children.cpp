// A planner that finds out while running what has to be done: it spawns children, and one task it calls and awaits.
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

awaitable<result<task_output>> plan_sections(task_context context) {
  // Awaited: the slot is free meanwhile, so this works with a single slot too.
  const result<task_result> outline = co_await context.call(create_task_call("outline", "writer", "outline", "Outline"));
  if (!outline) co_return outline.error();
  // Spawned: they begin once this task has succeeded, and are dropped if it fails.
  for (int i = 1; i <= 3; ++i) {
    const auto id = context.spawn(create_task_call(concat("section-", i), "writer", "section", "Write a section"));
    if (!id) co_return id.error();
  }
  co_return task_output(outline->output);
}

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("planner", plan_sections);
  orchestra.agents().add("writer", [](task_context context) -> awaitable<result<task_output>> {
    co_await sleep_for(30ms);
    co_return task_output("text of " + context.task().id);
  });

  task_plan plan;
  plan.options.limits.max_concurrent_tasks = 1;
  plan.tasks = {create_task_call("report", "planner", "plan", "Plan the report")};
  async_run(orchestra, plan, [](result<run_result> run) {
    for (const auto& r : run->results) std::cout << r.id << " " << to_string(r.state) << "\n";
  });
  io.run();
}
