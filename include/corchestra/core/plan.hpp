#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/core/task_call.hpp>

namespace corchestra {

enum class scheduling_mode : std::uint8_t {
  automatic,   ///< a task starts the moment it can
  sequential,  ///< one at a time, in topological order with ties by priority, then listing
};

/// Limits of a run as a whole.
struct run_limits {
  std::uint32_t max_concurrent_tasks = 10;
  std::optional<duration> run_timeout;
  duration default_start_to_close = std::chrono::seconds(3600);
  duration cancel_grace = std::chrono::seconds(5);  ///< from a cancel request to abandonment
  std::uint32_t max_spawned_tasks = 10'000;
  std::uint32_t max_children_per_task = 1'000;
  std::uint32_t max_depth = 64;
};

struct run_options {
  std::string name;
  scheduling_mode mode = scheduling_mode::automatic;
  run_limits limits;
  retry_policy retry;      ///< for tasks without their own
  bool fail_fast = false;  ///< the first failure cancels everything else
  bool stay_open = false;  ///< the run waits for `submit` until `run::close`, even when nothing is left to do
  std::uint64_t seed = 0;  ///< of the back-off jitter: same seed, same run
};

/// A list of task calls with their options: what an orchestrator runs. Agents are registered with the orchestrator.
struct task_plan {
  run_options options;
  std::vector<task_call> tasks;
};

}  // namespace corchestra
