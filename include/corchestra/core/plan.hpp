#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/core/duration_book.hpp>
#include <corchestra/core/task_call.hpp>
#include <corchestra/core/trace_context.hpp>

namespace corchestra {

enum class scheduling_mode : std::uint8_t {
  automatic,   ///< a task starts the moment it can
  sequential,  ///< one at a time, in topological order with ties by priority, then listing
  levels,      ///< a barrier after each level of the graph: for comparison only
  parallel,    ///< ignores dependencies: wrong results unless they are not real; needs `unsafe_ignore_dependencies`
};

/// Which of the tasks that could start goes first. Fairness between keys comes before it, listing order after it.
enum class start_order : std::uint8_t {
  priority,       ///< priority with aging, then upward rank
  critical_path,  ///< upward rank, then priority
  depth_first,    ///< the deepest first: finishes branches before it opens new ones
  breadth_first,  ///< the shallowest first
  fifo,           ///< in order of becoming ready
  custom,         ///< run_options::score
};

/// Limits of a run as a whole. A time limit of zero or less is refused, but for a `cancel_grace` of zero; so are no slots
/// (mode sequential has one, whatever this says).
struct run_limits {
  std::uint32_t max_concurrent_tasks = 10;
  std::optional<duration> run_timeout;
  optional_duration default_start_to_close = std::chrono::seconds(3600);  ///< absent: an attempt may take for ever
  duration cancel_grace = std::chrono::seconds(5);  ///< from a cancel request to abandonment
  std::uint32_t max_spawned_tasks = 10'000;
  std::uint32_t max_children_per_task = 1'000;
  std::uint32_t max_depth = 64;  ///< of children; at most 65,535
  std::uint32_t max_iterations = 1'000;  ///< of any loop
  std::uint32_t max_replans = 1;         ///< of `task_context::replan`, a task
  /// Slots besides the run's: at most so many running tasks of an agent, task type or fairness key.
  std::map<std::string, std::uint32_t> slots_by_agent, slots_by_task_type, slots_by_key;
};

/// A resource that is not a lock: `capacity` at a time, or within each `period`.
struct resource_limit {
  std::string id;
  std::uint32_t capacity = 1;
  optional_duration period;  ///< absent: a counter; else a rate
};

/// Tasks that stand or fall together.
struct group_options {
  bool fail_fast = false;                       ///< the first failure cancels the rest
  std::optional<std::uint32_t> max_failed;      ///< more failures than this cancel the rest
  std::optional<double> max_failed_percent;     ///< of the group's tasks, 0-100
  optional_duration timeout;                    ///< from the run's begin
};

enum class on_exhausted : std::uint8_t {
  stop,    ///< nothing new starts, what runs finishes, the rest ends LIMIT_EXCEEDED(budget)
  cancel,  ///< running tasks are cancelled too: all, the agent's, or the task and what is under it
};

struct budget_options {
  budget_limit run;
  std::map<std::string, budget_limit> agents;
  double alert_at = 0.8;  ///< part of a limit at which `budget_alert` is published
  corchestra::on_exhausted on_exhausted = corchestra::on_exhausted::stop;
};

/// What is kept of tasks that have ended.
enum class keep_results : std::uint8_t {
  all,
  /// Memory grows with failures and what is pending only: for endless runs. A task that ended well (completed, or not
  /// taken by a branch) is kept until those that depend on it have ended, an awaited child until its parent has. Names of
  /// locks and fairness keys go with their last task; those of locks that were waited for, agents and task types stay.
  failed,
};

/// What to do about an attempt that failed.
struct error_decision {
  enum class action : std::uint8_t {
    standard,    ///< as the error's class and the retry policy say
    retry,       ///< again after `delay`, within the policy's number of retries
    fail,        ///< no more tries
    substitute,  ///< the task completes with `output`
    pause,       ///< the run pauses; the task is tried again when it is resumed
  } what = action::standard;
  duration delay{};  ///< negative: none
  json output;       ///< one that does not match the task's `output_schema` fails the task
};
/// Asked over each attempt that failed or ran out of its own time (`start_to_close`, a heartbeat); not over what was cancelled,
/// missed a deadline of the task, or had to be abandoned.
using error_handler = std::function<error_decision(const task_call&, std::uint32_t attempt, const error&)>;

/// Joins an output into the value that a key of the shared state has (null at first).
using state_reducer = std::function<json(json before, const json& output)>;

struct run_options {
  std::string name;
  scheduling_mode mode = scheduling_mode::automatic;
  bool unsafe_ignore_dependencies = false;  ///< confirms scheduling_mode::parallel
  start_order order = start_order::priority;
  /// start_order::custom: higher goes first. Asked whenever the task joins the queue of those that are ready, which may be
  /// more than once. Must be pure; 0 when it throws.
  std::function<double(const task_call&)> score;
  run_limits limits;
  std::vector<resource_limit> resources;         ///< counters and rates; what is not named here is a lock
  std::map<std::string, double> fairness;        ///< weights of fairness keys; absent ones have 1
  std::map<std::string, group_options> groups;
  budget_options budget;
  /// How a key's outputs are merged: `last` (default), `append`, `merge` (objects), `sum`, `min`, `max` (numbers), `union`.
  /// An output of another kind fails the attempt.
  std::map<std::string, std::string> reducers;
  std::map<std::string, state_reducer> custom_reducers;  ///< by key; before `reducers`; one that throws fails the attempt
  std::shared_ptr<const duration_book> durations;        ///< learnt before: ranks, forecasts, stall detection
  retry_policy retry;      ///< for tasks without their own
  std::optional<double> retry_budget;  ///< retries may be at most this part of attempts (floor 10 a minute); beyond it a retry waits
  duration give_up_after = std::chrono::seconds(60);  ///< so long does a retry wait for the retry budget; then the task fails
  error_handler on_error;  ///< when it throws: the standard decision, and a warning
  bool fail_fast = false;  ///< the first failure cancels everything else
  std::optional<std::uint32_t> max_failed;   ///< more failures than this cancel the rest
  bool stay_open = false;  ///< the run waits for `submit` until `run::close`, even when nothing is left to do
  keep_results keep = keep_results::all;
  std::uint64_t seed = 0;  ///< of the back-off jitter: same seed, same run
  std::optional<trace_options> trace;  ///< absent: what the run calls is told of no trace
};

/// A list of task calls with their options: what an orchestrator runs. Agents are registered with the orchestrator.
struct task_plan {
  run_options options;
  std::vector<task_call> tasks;
};

}  // namespace corchestra
