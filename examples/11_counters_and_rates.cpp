// Four GPUs and an API that allows ten calls a second: what is not a lock is declared with its capacity. A task gets all it
// needs together, or waits and holds nothing.
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

int main() {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  std::uint32_t gpus = 0, most = 0;
  orchestra.agents().add("trainer", [&](task_context context) -> awaitable<result<task_output>> {
    const std::uint32_t mine = context.task().resources[0].amount;
    most = std::max(most, gpus += mine);
    co_await sleep_for(20ms);
    gpus -= mine;
    co_return task_output{};
  });

  task_plan plan;
  plan.options.resources = {{"gpu", 4, {}}, {"api", 10, 500ms}};
  for (int i = 0; i < 12; ++i) {
    plan.tasks.push_back(create_task_call(concat("train-", i), "trainer", "train", "Train a model"));
    const std::uint32_t need = i % 3 == 0 ? 3 : 1;
    plan.tasks.back().resources = {{"gpu", lock_mode::exclusive, need}, {"api", lock_mode::exclusive, 1}};
  }
  async_run(orchestra, plan, [&](result<run_result> run) {
    std::cout << "at most " << most << " of 4 GPUs at once\n"
              << "the last two calls waited for the API: " << (run->metrics.wall >= 500ms ? "yes" : "no") << "\n";
  });
  io.run();

  plan.tasks = {create_task_call("huge", "trainer", "train", "Needs more than there is")};
  plan.tasks[0].resources = {{"gpu", lock_mode::exclusive, 5}};
  std::cout << orchestra.start(plan).error().message << "\n";  // at once, not after an eternal wait
}
