// Bodies that spend money under one budget: each reserves the most that its step can cost, waits while others hold the
// rest, and is settled by what it did cost. The budget is never passed, and nobody is refused who could have had his
// turn.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/run_blocking.hpp>

using namespace corchestra;

namespace {

constexpr budget_amount most{.tokens = 0, .micro_dollars = 40'000};  // four cents

awaitable<result<task_output>> translate(task_context context) {
  auto step = co_await context.reserve(most);
  if (!step) co_return step.error();
  co_await sleep_for(std::chrono::milliseconds(5));      // the call of a paid service
  step->settle({.tokens = 0, .micro_dollars = 10'000});  // it was one cent: the rest is free for others
  co_return task_output("translated");
}

}  // namespace

int main() {
  agent_registry agents;
  agents.add("translator", translate);
  task_plan plan;
  plan.options.limits.max_concurrent_tasks = 64;
  plan.options.budget.run.micro_dollars = 100'000;  // ten cents
  for (int i = 1; i <= 64; ++i) {
    task_call t;
    t.id = "text-" + std::to_string(i);
    t.agent = "translator";
    plan.tasks.push_back(std::move(t));
  }
  const result<run_result> r = run_blocking(std::move(plan), std::move(agents));
  if (!r) {
    std::cerr << r.error().message << '\n';
    return 1;
  }
  const auto count = [&](task_state s) {
    return std::count_if(r->results.begin(), r->results.end(), [s](const task_result& t) { return t.state == s; });
  };
  std::cout << count(task_state::completed) << " translated for a cent each, " << count(task_state::limit_exceeded)
            << " left out\n"
            << r->find("text-64")->reason << '\n';
}
