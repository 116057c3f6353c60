#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include <corchestra/runtime/agent.hpp>
#include <corchestra/runtime/worker_threads.hpp>

namespace corchestra {

namespace detail {
struct blocking_call;
}

/// What a blocking function knows of its attempt and can do during it. Everything here may be used from any thread
/// until the function has returned. The values are copies made on the run's strand before the function begins: the
/// function sees nothing that changes.
class blocking_context {
 public:
  const task_call& task() const noexcept;
  std::uint32_t attempt() const noexcept;  ///< 1 for the first
  const std::string& run_id() const noexcept;
  /// The same over attempts and resumes; hand it to services that drop duplicates.
  const std::string& idempotency_key() const noexcept;
  /// The result of a task named in `depends_on`. Null when there is none by that id.
  const task_result* upstream(std::string_view id) const noexcept;

  /// Whether the attempt was cancelled or ran out of time. A function that never asks can only be abandoned.
  bool stop_requested() const noexcept { return stop_.stop_requested(); }
  /// To be woken out of a wait: for std::condition_variable_any and std::stop_callback.
  const std::stop_token& stop_token() const noexcept { return stop_; }

  /// Progress in [0, 1], reported on the run's strand. A report that has not got there is replaced by the next.
  void report_progress(double fraction, std::string_view message = {}) const;

 private:
  friend struct detail::blocking_call;
  blocking_context(detail::blocking_call& call, std::stop_token stop) : call_(&call), stop_(std::move(stop)) {}
  detail::blocking_call* call_;
  std::stop_token stop_;
};

using blocking_function = std::function<result<task_output>(const blocking_context&)>;

/// An agent from a function that blocks or computes: it is called on `threads`, for several task calls at a time, and
/// must be safe for that. What it throws is its failure. A thread cannot be killed: when its task is cancelled or runs
/// out of time the function is asked to stop, and after the run's `cancel_grace` it is abandoned: the task ends without
/// it, its slot is free, its locks stay quarantined until the function returns, and what it returns is refused; a fresh
/// thread takes the place of the one it keeps. Virtual time stands still while it runs, the grace period too. Outlives
/// `threads`: later calls fail with `not_running`.
std::shared_ptr<agent> blocking_task(worker_threads& threads, blocking_function function);

}  // namespace corchestra
