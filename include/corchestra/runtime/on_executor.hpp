#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra {

/// Callbacks that may wait. Their arguments are copies of their own.
struct awaitable_callbacks {
  std::function<awaitable<void>(std::shared_ptr<const event>)> on_event;
  std::function<awaitable<void>(std::string task_id, double)> on_progress;
  std::function<awaitable<void>(task_result)> on_task_ended;
};

struct on_executor_options {
  /// Calls that may wait in line. A task's progress that nobody has seen gives way to the next; when there is no more room
  /// the oldest progress goes first, then the oldest other event. Never dropped, and not counted, are submissions and ends
  /// of tasks, the run's end and questions.
  std::size_t capacity = 1024;
  /// Of one call. After it an awaitable callback is asked to stop and not waited for; a plain one cannot be stopped. Both
  /// count as failures, as do exceptions: run_metrics::callback_failures.
  duration callback_timeout = std::chrono::seconds(30);
  corchestra::logger logger;
};

/// Callbacks to be given to `orchestrator::start`, or added to with others, that call these on `executor`: in order, one
/// at a time, on a strand of their own. They never hold the run up, and may still be called after its end. The executor's
/// context must outlive the run. `expand` stays on the run's strand.
run_callbacks on_executor(any_io_executor executor, run_callbacks callbacks, on_executor_options options = {});
run_callbacks on_executor(any_io_executor executor, awaitable_callbacks callbacks, on_executor_options options = {});

}  // namespace corchestra
