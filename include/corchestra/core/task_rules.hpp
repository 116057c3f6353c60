#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/base/json.hpp>
#include <corchestra/base/optional_duration.hpp>
#include <corchestra/core/budget.hpp>

namespace corchestra {

/// When a task may start, by how those it depends on have ended (Airflow's trigger rules).
enum class join_policy : std::uint8_t {
  all_success,                   ///< all completed; anything else skips it
  all_done,                      ///< all ended, however
  one_success,                   ///< one completed; the others are not waited for
  quorum,                        ///< `quorum` of them completed
  none_failed_min_one_success,   ///< none failed (skipped is fine) and one completed
};

/// A person has to agree before the task starts. It waits in WAITING(approval) and holds nothing.
struct approval_rule {
  std::string message;         ///< the question
  optional_duration timeout;   ///< absent: waits for ever (but for the task's own limits)
  bool approve_by_default = false;  ///< what the passing of `timeout` means: without it the task ends TIMEOUT
};

/// The completed task's output chooses which of its dependants run; those named by some case but not by the chosen one
/// are SKIPPED(branch_not_taken), whatever their join. Dependants that no case names are not affected. `task_output::branch` overrides it.
struct branch_rule {
  std::string pointer;  ///< JSON pointer into the output; empty: the whole value
  struct branch_case {
    json equals;
    std::vector<std::string> tasks;
  };
  std::vector<branch_case> cases;      ///< the first that equals is chosen
  std::vector<std::string> otherwise;  ///< when none does
};

/// The task runs again until its output says enough: its next iteration finds the last output at `task_context::previous`.
struct loop_rule {
  std::string pointer;  ///< JSON pointer into the output; empty: the whole value
  json until = true;    ///< what must stand there for the loop to end
  std::uint32_t max_iterations = 10;  ///< then the task ends LIMIT_EXCEEDED; at most run_limits::max_iterations
};

/// What doing a task twice would mean.
enum class effect_class : std::uint8_t { pure, idempotent, at_most_once, compensable };

/// What few tasks need: kept apart so that a task call stays small.
struct task_rules {
  join_policy join = join_policy::all_success;
  std::uint32_t quorum = 1;           ///< of join_policy::quorum
  std::string group;                  ///< a group of the run's options: failure threshold, time limit
  std::string fairness_key;           ///< keys share the slots fairly, and may have a limit each; empty is a key too, and a child's parent's
  std::uint32_t weight = 1;           ///< slots it takes; in mode sequential the only one
  optional_duration expected_duration;  ///< for ranks and forecasts; absent: learnt by task type
  std::optional<approval_rule> approval;
  std::optional<branch_rule> branch;
  std::optional<loop_rule> repeat;
  budget_amount reserve;              ///< taken from the budgets before it starts, settled when it ends
  budget_limit budget;                ///< of this task and everything spawned under it
  json output_schema;                 ///< JSON Schema that a completed output must match; null: any
  std::string state_key;              ///< its output is merged into the run's shared state under this key
  effect_class effect = effect_class::idempotent;  ///< at_most_once is never retried
  bool hold_across_waits = false;     ///< keeps its resources over back-offs; not over a pause
};

}  // namespace corchestra
