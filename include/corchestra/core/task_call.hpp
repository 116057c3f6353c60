#pragma once

#include <optional>
#include <string>
#include <vector>

#include <corchestra/base/json.hpp>
#include <corchestra/base/time.hpp>

namespace corchestra {

enum class lock_mode : std::uint8_t { exclusive, shared };

/// A resource a task holds while it runs. All of a task's resources are taken together before it starts, or none.
struct resource_request {
  std::string id;  ///< any name; `kind:name` (`file:data/report.md`, `service:db`) by convention
  lock_mode mode = lock_mode::exclusive;

  friend bool operator==(const resource_request&, const resource_request&) = default;
};

/// Time limits by Temporal's names. Absent means no limit.
struct task_limits {
  std::optional<duration> schedule_to_start;  ///< from submission to the first attempt's start
  std::optional<duration> start_to_close;     ///< of one attempt; the run's default is 3600 s
  std::optional<duration> schedule_to_close;  ///< from submission to the end, all attempts; children inherit the deadline
  std::optional<duration> heartbeat_timeout;  ///< longest silence of a running attempt (progress and tokens count)
};

/// Task-level retries: none unless asked for. HTTP retries inside an attempt are the client's own.
struct retry_policy {
  int max_retries = 0;
  duration first_delay = std::chrono::seconds(5);
  double factor = 2.0;
  duration max_delay = std::chrono::seconds(60);
  bool jitter = true;  ///< full jitter: uniform in [0, delay]
};

/// One request to an agent.
struct task_call {
  std::string id;           ///< unique in the run; `/` separates a child's name from its parent's id
  std::string agent;        ///< a registered agent's name
  std::string task_type;    ///< free text for grouping in metrics
  std::string description;  ///< what is to be done, for people, models and the dependency analyzer
  std::optional<std::string> prompt;  ///< the full prompt template; absent: description and context
  json context;             ///< input data: an object or null
  std::vector<std::string> depends_on;
  bool dependencies_given = false;  ///< `depends_on` was written down, even if empty: the analyzer adds nothing
  std::vector<resource_request> resources;
  int priority = 10;  ///< higher is sooner; critical is 100
  task_limits limits;
  std::optional<retry_policy> retry;  ///< absent: the run's default
  json options;  ///< settings for the agent alone (model, temperature, ...): an object or null
};

/// Shortest way to a task call (the predecessors' name).
task_call create_task_call(std::string id, std::string agent, std::string task_type, std::string description,
                           json context = nullptr);

}  // namespace corchestra
