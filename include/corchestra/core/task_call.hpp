#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <corchestra/base/boxed.hpp>
#include <corchestra/base/json.hpp>
#include <corchestra/base/optional_duration.hpp>
#include <corchestra/core/task_rules.hpp>

namespace corchestra {

/// Intent modes say that something beneath is locked; they are taken on a path's parents by themselves.
enum class lock_mode : std::uint8_t { exclusive, shared, intent_exclusive, intent_shared };

/// A resource a task holds while it runs. All of a task's resources are taken together before it starts, or none. A name
/// that the run's options declare as a counter or a rate is one; every other name is a lock.
struct resource_request {
  std::string id;  ///< any name; `kind:name` (`service:db`) by convention. `file:` and `directory:` are paths: a folder covers what is in it
  lock_mode mode = lock_mode::exclusive;  ///< of a lock
  std::uint32_t amount = 1;               ///< of a counter or rate

  friend bool operator==(const resource_request&, const resource_request&) = default;
};

/// Time limits by Temporal's names. Absent means no limit.
struct task_limits {
  optional_duration schedule_to_start;  ///< from submission to the first attempt's start
  optional_duration start_to_close;     ///< of one attempt; the run's default is 3600 s
  optional_duration schedule_to_close;  ///< from submission to the end, all attempts; children inherit the deadline
  optional_duration heartbeat_timeout;  ///< longest silence of a running attempt (progress and tokens count)
};

/// Task-level retries: none unless asked for. HTTP retries inside an attempt are the client's own.
struct retry_policy {
  int max_retries = 0;
  duration first_delay = std::chrono::seconds(5);
  double factor = 2.0;
  duration max_delay = std::chrono::seconds(60);
  bool jitter = true;  ///< full jitter: uniform in [0, delay]
  bool pause_when_exhausted = false;  ///< the last failure pauses the run; the task is tried again when it is resumed
};

/// One request to an agent.
struct task_call {
  std::string id;           ///< unique in the run; `/` separates a child's name from its parent's id
  std::string agent;        ///< a registered agent's name
  std::string task_type;    ///< free text for grouping in metrics
  std::string description;  ///< what is to be done, for people, models and the dependency analyzer
  boxed<std::string> prompt;  ///< the full prompt template; absent: description and context
  json context;             ///< input data: an object or null
  std::vector<std::string> depends_on;  ///< task ids; `plan/*` is `plan` and everything spawned under it
  bool dependencies_given = false;  ///< `depends_on` was written down, even if empty: the analyzer adds nothing
  std::vector<resource_request> resources;
  int priority = 10;  ///< higher is sooner; critical is 100
  task_limits limits;
  boxed<retry_policy> retry;  ///< absent: the run's default
  json options;  ///< settings for the agent alone (model, temperature, ...): an object or null
  boxed<task_rules> rules;  ///< joins, branches, approvals, budgets, ...; absent: the defaults
};

/// Shortest way to a task call (the predecessors' name).
task_call create_task_call(std::string id, std::string agent, std::string task_type, std::string description,
                           json context = nullptr);

}  // namespace corchestra
