#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include <corchestra/base/json.hpp>
#include <corchestra/base/optional_duration.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/core/event_data.hpp>
#include <corchestra/core/task_call.hpp>
#include <corchestra/core/task_result.hpp>
#include <corchestra/core/task_state.hpp>

namespace corchestra {

/// A task's dense number within its run, in order of submission.
using task_index = std::uint32_t;
inline constexpr task_index no_task = ~task_index{0};
/// Set in `event::needs`: the task and everything spawned under it (`plan/*`).
inline constexpr task_index subtree_bit = task_index{1} << 31;

/// The closed list of facts about a run. docs/outputs.md describes the data of each.
enum class event_type : std::uint8_t {
  run_started,
  run_ended,
  run_draining,
  cancel_requested,    ///< of a task, or of the run when the task is empty
  analysis_started,
  analysis_ended,
  task_submitted,
  task_state_changed,  ///< to a state that is not terminal
  attempt_started,
  attempt_ended,       ///< one try is over; a retry may follow
  task_progress,
  model_call,          ///< an LLM request of an attempt was billed
  task_ended,          ///< terminal, exactly once a task
  warning,
  run_paused,          ///< the run, or one agent named in the data
  run_resumed,
  approval_requested,  ///< a task waits for an answer; the data holds the question
  approval_answered,
  budget_alert,        ///< a budget passed its soft limit, or is used up
  task_stalled,        ///< running and silent for longer than its kind usually takes, or half its heartbeat_timeout
  tool_started,        ///< an attempt's model has called a tool; the data names it, never its arguments
  tool_ended,
  model_call_ended,    ///< an attempt's call of a model ended, with all its tries: answered, failed or cancelled
};
inline constexpr int event_type_count = 23;

std::string_view to_string(event_type t) noexcept;
std::optional<event_type> parse_event_type(std::string_view name) noexcept;

/// One fact. The views and the pointer are valid during the callback only; `to_record` makes a copy to keep.
struct event {
  std::uint64_t seq = 0;  ///< 1, 2, 3, ... within the run
  time_point at{};
  event_type type{};
  std::string_view run_id;
  task_index task = no_task;   ///< the task's number: what folds count by
  std::string_view task_id;    ///< empty when the fact concerns the run
  std::string_view agent;      ///< of the task
  std::string_view task_type;  ///< of the task
  std::uint32_t attempt = 0;   ///< 1 for the first; 0 before any
  task_state state{};          ///< of the task, after the fact
  wait_reason waiting = wait_reason::none;
  double progress = 0;                       ///< task_progress: in [0, 1]
  const token_usage* usage = nullptr;        ///< model_call, model_call_ended, attempt_ended: what it cost
  const task_call* call = nullptr;           ///< task_submitted, attempt_started: what was asked (not repeated in `data`)
  task_index parent = no_task;               ///< task_submitted: the task that spawned it
  std::span<const task_index> needs;         ///< task_submitted: the numbers of those it depends on
  const task_result* result = nullptr;       ///< task_ended
  const corchestra::error* error = nullptr;  ///< attempt_ended, model_call_ended
  task_state outcome{};                      ///< attempt_ended: how this try ended
  optional_duration retry_in;                ///< attempt_ended: another try follows after this time
  event_data data;                           ///< the rest, by type; null or an object
};

using event_sink = std::function<void(const event&)>;

/// `{seq, at, run_id, type, task_id?, attempt?, data}`: a line of events.jsonl.
ordered_json to_record(const event& e, const clock_anchor& anchor);

}  // namespace corchestra
