// Twenty task calls over five slots, with callbacks for progress and for every end.
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

awaitable<result<task_output>> work(task_context context) {
  for (int step = 1; step <= 4; ++step) {
    co_await sleep_for(20ms);
    context.report_progress(step / 4.0, concat("step ", step));
  }
  co_return task_output(context.task().id + " done");
}

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("worker", work);

  task_plan plan;
  plan.options.limits.max_concurrent_tasks = 5;
  for (int i = 1; i <= 20; ++i) {
    plan.tasks.push_back(create_task_call(concat("task-", i), "worker", "demo", "Do a part of the work"));
  }

  std::size_t ended = 0;
  run_callbacks callbacks;
  callbacks.on_progress = [](std::string_view task, double p) {
    if (p == 0.5) std::cout << "  " << task << " is half-way\n";
  };
  callbacks.on_task_ended = [&](const task_result& r) {
    std::cout << "✓ " << r.id << " (" << ++ended << "/20) in " << to_text(r.last_duration()) << "\n";
  };
  async_run(orchestra, plan, callbacks, [](result<run_result> run) {
    std::cout << "speed-up " << fixed(run->metrics.speedup(), 2) << "x of at most " << fixed(run->metrics.bound_speedup(), 2)
              << "x\n";
  });
  io.run();
}
