#pragma once

#include <array>
#include <string>
#include <vector>

#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/task_result.hpp>

namespace corchestra {

/// A finished run, whatever became of its tasks.
struct run_result {
  std::string run_id;
  std::string name;
  run_state state = run_state::running;
  cancel_reason cancelled = cancel_reason::none;
  std::string reason;                ///< why it was cancelled, timed out or interrupted
  std::vector<task_result> results;  ///< in listing order, spawned tasks after
  run_metrics metrics;
  clock_anchor anchor;
  std::vector<std::string> quarantined;  ///< resources that an abandoned body still holds

  bool success() const noexcept { return state == run_state::completed; }
  const task_result* find(std::string_view id) const noexcept;
};

}  // namespace corchestra
