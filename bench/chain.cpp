// Whole runs of a chain of three tasks, ten thousand in a row, beside the bare loop's cost of one task. In `chain` the plan is compiled
// once; in `chain_planned` each run copies and checks it.
#include "bare_loop.hpp"
#include "engine_run.hpp"
#include "harness.hpp"

using namespace corchestra;

int main(int argc, char** argv) {
  task_plan plan;
  plan.tasks.resize(3);
  for (std::size_t i = 0; i < 3; ++i) {
    plan.tasks[i].id = std::string(1, "abc"[i]);
    plan.tasks[i].agent = "agent";
    if (i > 0) plan.tasks[i].depends_on = {plan.tasks[i - 1].id};
  }
  const auto ours = [&](bench::plan_form form) { return [&plan, form] { return bench::run_in_a_row(plan, 10'000, form); }; };
  const auto bare = [] { return bench::bare_loop(100'000, 64); };
  const bench::row run{.name = "chain", .unit = "ns/run", .least = 10, .aim = 6};
  if (const int code = bench::measure(argc, argv, run, ours(bench::plan_form::compiled), bare); code != 0) return code;
  return bench::measure(argc, argv, {.name = "chain_planned", .unit = "ns/run"}, ours(bench::plan_form::plain), bare);
}
