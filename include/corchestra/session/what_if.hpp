#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <corchestra/core/plan.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/time_attribution.hpp>
#include <corchestra/core/timeline.hpp>

namespace corchestra {

/// A part of the time from a run's start to its end.
struct makespan_share {
  time_use use{};
  /// `lock 'file:x'`, `counter 'gpu'`, `rate 'api'`, `slots of agent 'writer'`; empty when no resource was waited for
  std::string resource;
  duration time{};
};

/// A run as it is foreseen.
struct foreseen_run {
  run_metrics metrics;  ///< `wall` is the makespan, `slots` what it was foreseen for
  corchestra::timeline timeline;
  std::vector<std::string> order;  ///< ids in order of start
  /// The tasks that the end waited for: each began when the one before it had ended and its waits were over.
  std::vector<std::string> chain;
  std::vector<makespan_share> shares;  ///< what their time went to, the largest first: they sum up to the makespan
  budget_amount cost;                  ///< the reserves of all tasks that ran
  std::vector<std::string> troubles;   ///< tasks that would not complete, and why

  /// In words: the wait that takes the largest share, or the critical path when no wait takes 1 %.
  std::string limited_by() const;
};

/// The same plan with different numbers of slots.
struct what_if_result {
  std::vector<foreseen_run> runs;
  std::size_t tasks = 0, assumed = 0;    ///< `assumed` of them have no known duration
  std::vector<std::string> assumptions;  ///< sentences: what may be different in a real run
};

/// How long a task takes when nothing is known of it.
inline constexpr duration assumed_duration = std::chrono::seconds(1);

/// What a plan would take: the scheduler of real runs under a time of its own, with every task taking what it is
/// expected to take: its `expected_duration`, else what `run_options::durations` knows of its type or agent, else a
/// second. Every task succeeds and spends its reserve, every question is answered with yes at once, every branch is
/// taken, loops run once. Pure: the same plan gives the same answer. `slots`: numbers of slots to compare; empty: the
/// plan's own.
///
/// Errors: those of a plan that cannot be started; `invalid_argument` for 0 slots; `limit_exceeded` when it would never
/// end.
result<what_if_result> what_if(const task_plan& plan, std::span<const std::uint32_t> slots = {});

}  // namespace corchestra
