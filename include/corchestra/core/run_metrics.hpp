#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include <corchestra/core/event.hpp>

namespace corchestra {

struct agent_metrics {
  std::size_t tasks = 0, successes = 0;
};

/// What a run came to, as a value (the predecessors' `get_metrics`). An attempt that waits inside (for a child, for
/// instance) has given its slot back: that time is no work and counts in no duration but `wall`.
struct run_metrics {
  std::array<std::size_t, task_state_count> counts{};  ///< by task_state
  std::size_t total_tasks = 0;
  std::size_t executed_tasks = 0;  ///< that ended after an attempt: what `average_execution` is of
  duration wall{};               ///< from run_started to run_ended, or to the last event
  duration sequential{};         ///< sum of the last attempts (of a loop, of each iteration): what one after another would have taken
  duration slot_time{};          ///< the same sum, each times the slots that the task takes (its `weight`)
  std::size_t peak_width = 0;    ///< most attempts that held a slot at one moment
  std::size_t slots = 0;         ///< max_concurrent_tasks
  duration average_wait{};       ///< from submission to first start, of started tasks
  duration average_execution{};  ///< of last attempts
  duration longest_path{};       ///< critical path by measured durations
  /// The least time any scheduler could have taken: max(longest_path, slot_time / slots, pigeonhole), the last being
  /// the largest sum, over k, of the k shortest among the (k-1)*slots+1 longest tasks, one of several slots as so many;
  /// of more than 65,536 tasks, the longest are looked at.
  duration lower_bound{};
  token_usage usage;
  std::map<std::string, agent_metrics> agents;
  std::size_t callback_failures = 0;

  std::size_t count(task_state s) const noexcept { return counts[static_cast<std::size_t>(s)]; }
  double success_rate() const noexcept;  ///< completed among those that ended; 1 when none did

  double speedup() const noexcept;              ///< sequential / wall; 1 when nothing ran
  double bound_speedup() const noexcept;        ///< sequential / lower_bound: the most any scheduler could reach
  double efficiency_of_width() const noexcept;  ///< speedup / peak_width
  double efficiency_of_slots() const noexcept;  ///< slot_time / (wall * slots): speedup / slots, where each task takes one
};

/// Makes metrics from events alone, as `scheduler::metrics` has them: feed it every event of a run, in order. What had ended
/// of a join that did not wait for all of it, or of a subtree when a task that waited for it ended, counts as waited for:
/// the longest path may come out longer.
class metrics_fold {
 public:
  /// Without `keep_tasks` memory does not grow with tasks that have ended, and paths end at what has been forgotten:
  /// `longest_path` and `lower_bound` are then lower bounds of their exact values.
  /// `slots`: max_concurrent_tasks, where the events come without data; 0: as run_started says.
  explicit metrics_fold(bool keep_tasks = true, std::size_t slots = 0);
  ~metrics_fold();
  metrics_fold(metrics_fold&&) noexcept;
  metrics_fold& operator=(metrics_fold&&) noexcept;

  void operator()(const event& e);
  run_metrics snapshot(time_point now) const;
  run_metrics value() const;  ///< as of the last event

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra
