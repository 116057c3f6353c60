// Readers share the report, one writer at a time changes it; nobody waits while holding anything.
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  int inside = 0;
  orchestra.agents().add("editor", [&](task_context context) -> awaitable<result<task_output>> {
    std::cout << context.task().id << " begins, " << ++inside << " inside\n";
    co_await sleep_for(50ms);
    --inside;
    co_return task_output{};
  });

  const resource_request read{"file:report.md", lock_mode::shared}, write{"file:report.md", lock_mode::exclusive};
  task_plan plan;
  for (const auto& [id, lock] : {std::pair{"read-1", read}, {"read-2", read}, {"write-1", write}, {"write-2", write}}) {
    plan.tasks.push_back(create_task_call(id, "editor", "edit", "Work on the report"));
    plan.tasks.back().resources = {lock};
  }
  async_run(orchestra, plan, [](result<run_result> run) {
    std::cout << to_string(run->state) << " in " << to_text(run->metrics.wall) << "\n";
  });
  io.run();
}
