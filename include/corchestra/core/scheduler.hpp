#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>

namespace corchestra {

/// A task's dense number within its run, in order of submission.
using task_index = std::uint32_t;
inline constexpr task_index no_task = ~task_index{0};

/// Who holds and who waits for a resource.
struct lock_status {
  std::string resource;
  lock_mode mode{};
  std::vector<std::string> holders, waiters;
  bool quarantined = false;  ///< held by a body that was abandoned and has not ended
};

/// The state machine that decides what may start, and records what became of it. Pure: events in (the functions below,
/// each with the time), commands out (`next_start`, `take_aborts`, `next_deadline`), facts to the sink. It never calls
/// back into its user but for the sink, which must not call the scheduler. The same inputs give the same events, byte for byte.
///
/// Admission is all or nothing: a task gets its slot and all of its locks together, or holds nothing.
class scheduler {
 public:
  /// `known_agent` tells whether a task may name an agent; absent: any name is fine.
  scheduler(std::string run_id, run_options options, event_sink sink, std::function<bool(std::string_view)> known_agent = {});
  ~scheduler();
  scheduler(scheduler&&) noexcept;
  scheduler& operator=(scheduler&&) noexcept;

  // Events in -----------------------------------------------------------------------------------------------------------

  /// Whether these tasks could be started or submitted now. Errors: `unknown_task`, `duplicate_task`, `dependency_cycle`,
  /// `unknown_agent`, `invalid_argument`.
  result<void> validate(const std::vector<task_call>& calls) const;
  /// The run begins with these tasks, which `validate` has accepted.
  void begin(std::vector<task_call> calls, time_point now);
  /// Adds tasks, all or none. Errors: those of `validate`, `not_running`.
  result<void> submit(std::vector<task_call> calls, time_point now);
  /// Adds a child of a task that has not ended, at once. An id without the parent's prefix gets it; an empty id becomes
  /// the next ordinal. A completed child of the same id is given back as it is. Errors: as `submit`, `limit_exceeded`.
  result<task_index> spawn(task_index parent, task_call child, time_point now);
  /// A child that is committed together with the success of this attempt, and dropped with its failure. Gives back the id.
  result<std::string> stage(task_index parent, std::uint32_t attempt, task_call child);
  /// No more submissions: a `stay_open` run may end.
  void close(time_point now);

  /// How an attempt ended. Neither `failure` nor output counts once the attempt was asked to stop.
  struct attempt_end {
    std::optional<corchestra::error> failure;
    task_output output;
  };
  /// False when the attempt is not the current one: the result came too late and is refused.
  bool attempt_ended(task_index task, std::uint32_t attempt, attempt_end end, time_point now);
  /// A running attempt waits for something that is not work: its slot is free meanwhile.
  void attempt_waits(task_index task, std::uint32_t attempt, wait_reason reason, time_point now);
  /// A wait is over. The slot stays free while another wait of the same attempt is open: one of them may need it.
  void attempt_leaves_wait(task_index task, std::uint32_t attempt);
  /// All waits are over; a `start_command` with `resume` follows when a slot is free.
  /// False when none will: the attempt has its slot already, needs none yet, or has ended.
  bool attempt_wants_slot(task_index task, std::uint32_t attempt);
  /// Its wait was broken off and the body goes on: the slot is its own again at once, if need be one above the limit.
  void attempt_works_on(task_index task, std::uint32_t attempt, time_point now);

  void progress(task_index task, std::uint32_t attempt, double fraction, std::string_view message, time_point now);
  void heartbeat(task_index task, std::uint32_t attempt, time_point now);
  void model_call(task_index task, std::uint32_t attempt, const token_usage& usage, json details, time_point now);
  void warn(task_index task, std::uint32_t attempt, std::string_view message, time_point now);

  /// Requests: idempotent, legal at any time. Each returns the number of tasks that changed state or were asked to stop.
  std::size_t cancel_task(task_index task, cancel_reason reason, std::string_view message, time_point now);
  std::size_t cancel_agent(std::string_view agent, std::string_view message, time_point now);
  std::size_t cancel_run(cancel_reason reason, std::string_view message, time_point now);
  /// Starts nothing new; the run ends when what runs has ended.
  void drain(time_point now);

  /// Time has passed: deadlines, back-offs and grace periods that are due take effect.
  void advance(time_point now);

  // Commands out --------------------------------------------------------------------------------------------------------

  struct start_command {
    task_index task = no_task;
    std::uint32_t attempt = 0;
    bool resume = false;  ///< not a new attempt: a waiting one has its slot again
  };
  /// The next attempt to begin, if a slot is free and something may start. Call until it is empty.
  std::optional<start_command> next_start(time_point now);

  struct abort_command {
    task_index task = no_task;
    std::uint32_t attempt = 0;
    bool abandoned = false;  ///< the grace period is over: its worker is lost
  };
  /// Attempts to be asked to stop, since the last call.
  std::vector<abort_command> take_aborts();

  /// When `advance` must be called at the latest.
  std::optional<time_point> next_deadline() const;

  /// Everything has ended (or, when draining, nothing runs), and `run_ended` was published.
  bool finished() const noexcept;

  // Views ---------------------------------------------------------------------------------------------------------------

  const std::string& run_id() const noexcept;
  const run_options& options() const noexcept;
  run_state state() const noexcept;
  cancel_reason cancelled() const noexcept;  ///< of the run as a whole
  const std::string& reason() const noexcept;
  std::size_t size() const noexcept;
  task_index find(std::string_view id) const noexcept;
  const task_call& call(task_index task) const;
  task_state state(task_index task) const;
  wait_reason waiting(task_index task) const;
  std::uint32_t attempt(task_index task) const;
  double progress(task_index task) const;
  std::optional<time_point> started_at(task_index task) const;
  cancel_reason abort_reason(task_index task) const;  ///< why its attempt was asked to stop, if it was
  bool abort_requested(task_index task) const;
  /// Null until the task has ended.
  const task_result* result_of(task_index task) const;
  std::size_t count(task_state s) const noexcept;
  std::size_t unfinished() const noexcept;
  std::size_t slots_in_use() const noexcept;
  const std::vector<task_index>& running() const noexcept;  ///< attempts under way, in no order
  std::vector<lock_status> locks() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace corchestra
