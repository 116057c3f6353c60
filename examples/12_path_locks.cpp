// `file:` and `directory:` names are paths: who holds a folder holds what is in it. Here two files of a folder are written
// at the same time, and the copy of the whole folder waits for both.
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
  orchestra.agents().add("worker", [&](task_context context) -> awaitable<result<task_output>> {
    std::cout << context.task().id << " begins, " << ++inside << " inside, fence "
              << context.fence(context.task().resources[0].id) << "\n";
    co_await sleep_for(30ms);
    --inside;
    co_return task_output{};
  });

  task_plan plan;
  for (const auto& [id, resource] : {std::pair{"write-intro", "file:report/intro.md"},
                                     {"write-outlook", "file:report/outlook.md"},
                                     {"copy", "directory:report"},
                                     {"elsewhere", "file:notes.md"}}) {
    plan.tasks.push_back(create_task_call(id, "worker", "edit", "Work on it"));
    plan.tasks.back().resources = {{resource, lock_mode::exclusive}};
  }
  async_run(orchestra, plan, [](result<run_result> run) { std::cout << to_string(run->state) << "\n"; });
  io.run();
}
