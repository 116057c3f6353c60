#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>
#include <corchestra/core/scheduler.hpp>
#include <corchestra/runtime/run_result.hpp>

namespace corchestra {

namespace detail {
class run_impl;
}

/// A snapshot of one task of a live run.
struct task_status {
  std::string id, agent, task_type;
  task_state state{};
  wait_reason waiting = wait_reason::none;
  std::uint32_t attempt = 0;
  double progress = 0;
  std::optional<time_point> started_at;
};

/// A snapshot of a live run.
struct run_status {
  std::string run_id, name;
  run_state state{};
  std::array<std::size_t, task_state_count> counts{};  ///< by task_state
  /// In [0, 1]: what has ended and the progress of what runs, each task weighted by its expected duration.
  double progress = 0;
  std::vector<task_status> running;                    ///< in order of start
  struct question {
    std::string task_id, message;
  };
  std::vector<question> approvals;                     ///< tasks that wait for an answer
  budget_status budget;
  std::vector<std::pair<std::string, budget_status>> agent_budgets;
  std::size_t count(task_state s) const noexcept { return counts[static_cast<std::size_t>(s)]; }
};

/// A handle to a run under way; copies share it. Every operation may be called from any thread: it hops to the run's
/// strand. The run goes on when all handles are gone.
class run {
 public:
  const std::string& id() const noexcept;

  /// Adds task calls to a running run. Suspends while more than `max_pending` wait; cancelling that adds none of them.
  /// Errors: as for a plan, `not_running`.
  awaitable<result<void>> submit(std::vector<task_call> calls);
  /// The same without waiting for room. Error: `queue_full` when `max_pending` task calls wait already.
  awaitable<result<void>> try_submit(std::vector<task_call> calls);
  /// A child of a task that has not ended; gives back its full id: an empty one becomes `outside-1` and so on, the task's own
  /// children keep their ordinals. It goes on when the task is tried again, and is cancelled when the task ends without
  /// success. Errors: as `submit` (`duplicate_task` for the id of a completed child too), `limit_exceeded`.
  awaitable<result<std::string>> spawn(std::string parent, task_call child);
  /// No more submissions will come: lets a `stay_open` run end.
  void close();

  /// Requests, all idempotent and legal at any time; each returns the number of tasks that changed state or were asked to stop.
  awaitable<std::size_t> cancel(std::string_view message = {}, cancel_reason reason = cancel_reason::user);
  awaitable<std::size_t> cancel_task(std::string id, std::string message = {});
  awaitable<std::size_t> cancel_agent(std::string agent, std::string message = {});
  /// Without awaiting: for signal handlers and callbacks.
  void request_cancel(std::string message = {}, cancel_reason reason = cancel_reason::user);
  /// Lets running tasks finish and starts nothing new; the run ends INTERRUPTED when tasks are left.
  void request_drain();

  /// Nothing new starts, of the whole run or of one agent, until `resume`; what runs goes on.
  awaitable<void> pause(std::string agent = {});
  awaitable<void> resume(std::string agent = {});
  /// Answers a task that waits for approval. Errors: `unknown_task`, `invalid_argument` when nothing was asked.
  awaitable<result<void>> answer(std::string task_id, bool approved, std::string message = {});
  /// The same without awaiting, for callbacks; an answer to nothing is ignored.
  void request_answer(std::string task_id, bool approved, std::string message = {});

  /// Waits for the end. Any number of waiters; cancelling one cancels only the wait.
  awaitable<run_result> wait();

  awaitable<run_status> status() const;
  awaitable<run_metrics> metrics() const;
  awaitable<std::vector<lock_status>> locks() const;
  /// Why a task is not running, or what has become of it: a line a cause, deeper causes indented. Error: `unknown_task`.
  awaitable<result<std::vector<std::string>>> why(std::string task_id) const;
  /// Results so far, in order of ending.
  awaitable<std::vector<task_result>> results() const;

 private:
  friend class detail::run_impl;
  friend class orchestrator;
  explicit run(std::shared_ptr<detail::run_impl> p) : impl_(std::move(p)) {}
  std::shared_ptr<detail::run_impl> impl_;
};

}  // namespace corchestra
