#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <corchestra/core/plan.hpp>
#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra::bench {

/// An agent that suspends once, as the bare loop's coroutines do.
awaitable<result<task_output>> suspend_once(task_context context);

/// Whether runs begin with the plan, which each then checks and keeps for itself, or with one that was compiled before.
enum class plan_form { plain, compiled };

/// Tasks without dependencies, `task-0` and so on, all of one agent.
task_plan independent_tasks(std::size_t count, std::uint32_t slots, std::string_view agent = "agent");

/// Runs the plan, whose tasks name the agent `agent`, on an io_context of its own; the run must succeed. `run_time`, when given, gets the
/// nanoseconds from the plan to the results; of a compiled plan, from that.
run_result run_to_the_end(task_plan plan, std::shared_ptr<agent> a, run_callbacks callbacks = {}, plan_form form = plan_form::plain,
                          double* run_time = nullptr);

/// Ends the program unless there are results of so many tasks, all completed.
void check_results(const run_result& r, std::size_t tasks);

/// Runs the plan, or copies of it, one after another on one io_context; every task must complete. Nanoseconds a run.
double run_in_a_row(const task_plan& plan, std::size_t runs, plan_form form);

}  // namespace corchestra::bench
