#pragma once

#include <array>
#include <string>
#include <vector>

#include <corchestra/core/lock_status.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/duration_book.hpp>
#include <corchestra/core/result_list.hpp>

namespace corchestra {

/// A finished run, whatever became of its tasks.
struct run_result {
  std::string run_id;
  std::string name;
  run_state state = run_state::running;
  cancel_reason cancelled = cancel_reason::none;
  std::string reason;                ///< why it was cancelled, timed out or interrupted, or failed early; empty when it completed
  result_list results;               ///< in listing order, spawned tasks after; under keep_results::failed without those that ended well
  run_metrics metrics;
  clock_anchor anchor;
  json shared_state;                 ///< what tasks with a state key have made of it: an object
  bool unsafe = false;               ///< dependencies were ignored (scheduling_mode::parallel)
  duration_book durations;           ///< what was known at the start, and what this run has added
  std::vector<std::string> quarantined;  ///< resources that an abandoned body still holds
  std::vector<lock_status> contention;   ///< resources that tasks had to wait for, those that took most time first

  bool success() const noexcept { return state == run_state::completed; }
  const task_result* find(std::string_view id) const noexcept;
  /// The tasks that an interrupted run or a shutdown has left, a line each (`write RUNNING`), children indented beneath
  /// their parents, which are there even when they have ended.
  std::vector<std::string> unfinished() const;
};

}  // namespace corchestra
