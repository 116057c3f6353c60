#pragma once

#include <memory>
#include <optional>

#include <corchestra/core/duration_book.hpp>
#include <corchestra/core/event.hpp>

namespace corchestra {

/// Time until everything that is known of has ended: as likely to be too long as too short, and long enough nine times
/// out of ten.
struct eta {
  duration p50{}, p90{};
};

/// The fold that says when a run will end. Feed it every event of a run, in order.
///
/// What a task will take comes from its `expected_duration`, else from what tasks of its type (without a type, of its
/// agent) have taken, in this run and in those the book was learnt from, else from all tasks of this run. Running tasks
/// correct that mean, as the first to finish are the short ones; what is left of them is what a log-normal distribution
/// has beyond the time they have worked. The run ends when its longest chains and its work, spread over the slots, are
/// done: these are taken as normal and independent, with the spread of the tasks and the uncertainty of the means.
/// Waiting for locks, rates, budgets and people is not foreseen, nor are tasks that have not been submitted. While all
/// tasks of a run are still in their first wave, it is early more often than it says.
class forecast {
 public:
  /// `learnt` may be null.
  explicit forecast(std::shared_ptr<const duration_book> learnt = {});
  ~forecast();
  forecast(forecast&&) noexcept;
  forecast& operator=(forecast&&) noexcept;

  void operator()(const event& e);

  /// Absent while there are fewer than three samples, unless every task left says how long it takes. Its cost grows
  /// with the tasks left and their dependencies: about 0.2 ms for 1,000.
  std::optional<eta> remaining(time_point now) const;
  /// How much of the run is done, in [0, 1]: what has ended and the progress of what runs, each task weighted by what it
  /// is expected to take. Its cost grows with what runs and the kinds of tasks.
  double progress() const;
  std::size_t tasks_left() const noexcept;
  /// What was learnt before and in this run.
  const duration_book& durations() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra
