// Two teams share four slots: one has submitted twenty tasks, the other five, and it has paid for twice the share.
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
  orchestra.agents().add("worker", [](task_context) -> awaitable<result<task_output>> {
    co_await sleep_for(10ms);
    co_return task_output{};
  });

  task_plan plan;
  plan.options.limits.max_concurrent_tasks = 3;
  plan.options.fairness = {{"crowd", 1}, {"few", 2}};
  plan.options.limits.slots_by_key = {{"crowd", 2}};  // and never more than two of these at once
  const auto add = [&](const std::string& team, int tasks) {
    for (int i = 1; i <= tasks; ++i) {
      plan.tasks.push_back(create_task_call(concat(team, "-", i), "worker", "work", "Do a part"));
      plan.tasks.back().rules.get_or_emplace().fairness_key = team;
    }
  };
  add("crowd", 20);  // listed first, and yet the others do not wait for all of them
  add("few", 6);

  std::string order;
  run_callbacks callbacks;
  callbacks.on_event = [&](const event& e) {
    if (e.type == event_type::attempt_started) order += e.task_id.front();
  };
  async_run(orchestra, plan, callbacks, [&](result<run_result> run) {
    std::cout << "order of starts: " << order << "\n" << to_string(run->state) << "\n";
  });
  io.run();
}
