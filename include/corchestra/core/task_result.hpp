#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/base/boxed.hpp>
#include <corchestra/base/json.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/core/task_state.hpp>
#include <corchestra/base/token_usage.hpp>

namespace corchestra {

/// What an agent hands back on success.
struct task_output {
  json value;                        ///< text is a JSON string
  std::optional<double> confidence;  ///< the agent's own judgement in [0, 1]
  std::vector<std::string> evidence;
  token_usage usage;  ///< added to what the attempt reported through its context
  /// The dependants to run; absent: the call's branch rule decides. An id of no dependant fails the attempt.
  boxed<std::vector<std::string>> branch;

  task_output() = default;
  task_output(json v) : value(std::move(v)) {}  // NOLINT(google-explicit-constructor): `co_return json{...}` reads best
};

/// How a task ended: written once, never changed.
struct task_result {
  std::string id;
  std::string agent;
  std::string task_type;
  task_state state = task_state::pending;
  skip_cause skipped = skip_cause::none;
  cancel_reason cancelled = cancel_reason::none;
  std::string reason;  ///< in words: which limit, whose failure, what was asked; empty when completed
  task_output output;  ///< only when completed
  boxed<corchestra::error> error;
  std::uint32_t attempts = 0;
  std::uint32_t iterations = 1;  ///< of a loop
  std::optional<time_point> queued_at;   ///< submitted
  std::optional<time_point> started_at;  ///< start of the last attempt
  std::optional<time_point> ended_at;
  token_usage usage;  ///< all attempts together
  std::string parent;  ///< the task that spawned this one, or empty

  std::optional<duration> last_attempt;  ///< when it ended before the task did: cancelled while backing off

  bool success() const noexcept { return state == task_state::completed; }
  /// Of the last attempt; zero when it never started.
  duration last_duration() const noexcept {
    if (last_attempt) return *last_attempt;
    return started_at && ended_at ? *ended_at - *started_at : duration::zero();
  }
};

}  // namespace corchestra
