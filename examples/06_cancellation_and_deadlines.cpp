// Time limits name themselves; cancelling says why; what depends on the lost task is skipped, the rest goes on.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/orchestrator.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

awaitable<void> conduct(orchestrator orchestra) {
  task_plan plan;
  plan.tasks = {create_task_call("slow", "sleeper", "demo", "Takes too long"),
                create_task_call("unwanted", "sleeper", "demo", "Will be cancelled"),
                create_task_call("quick", "sleeper", "demo", "Is in time", {{"ms", 20}}),
                create_task_call("after", "sleeper", "demo", "Needs the slow one")};
  plan.tasks[0].limits.start_to_close = 60ms;
  plan.tasks[3].depends_on = {"slow"};

  result<run> started = orchestra.start(plan);
  run handle = started.value();
  co_await sleep_for(30ms);
  const std::size_t changed = co_await handle.cancel_task("unwanted", "nobody reads it");
  std::cout << changed << " task asked to stop\n";
  const run_result end = co_await handle.wait();
  for (const auto& r : end.results) std::cout << r.id << " " << to_string(r.state) << " " << r.reason << "\n";
}

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("sleeper", [](task_context context) -> awaitable<result<task_output>> {
    co_await sleep_for(std::chrono::milliseconds(context.task().context.is_object() ? context.task().context.value("ms", 0) : 10'000));
    co_return task_output{};
  });
  asio::co_spawn(io, conduct(orchestra), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  io.run();
}
