// Whole runs of five parallel tasks and one that joins them, ten thousand in a row, beside the bare loop's cost of one
// task. In `fanout` the plan is compiled once; in `fanout_planned` each run copies and checks it.
#include "bare_loop.hpp"
#include "engine_run.hpp"
#include "harness.hpp"

using namespace corchestra;

int main(int argc, char** argv) {
  task_plan plan;
  plan.tasks.resize(6);
  for (std::size_t i = 0; i < 5; ++i) {
    plan.tasks[i].id = std::string(1, "abcde"[i]);
    plan.tasks[5].depends_on.push_back(plan.tasks[i].id);
  }
  plan.tasks[5].id = "join";
  for (task_call& task : plan.tasks) task.agent = "agent";
  const auto ours = [&](bench::plan_form form) { return [&plan, form] { return bench::run_in_a_row(plan, 10'000, form); }; };
  const auto bare = [] { return bench::bare_loop(100'000, 64); };
  const bench::row run{.name = "fanout", .unit = "ns/run", .least = 18, .aim = 12};
  if (const int code = bench::measure(argc, argv, run, ours(bench::plan_form::compiled), bare); code != 0) return code;
  return bench::measure(argc, argv, {.name = "fanout_planned", .unit = "ns/run"}, ours(bench::plan_form::plain), bare);
}
