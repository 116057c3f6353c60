#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>
#include <corchestra/runtime/agent_registry.hpp>
#include <corchestra/runtime/run.hpp>

namespace corchestra {

/// What a run tells its starter. Callbacks run on the run's strand and must return promptly; what they throw is counted
/// and logged, never passed on. A callback bound to an executor is to be wrapped with `on_executor`.
struct run_callbacks {
  event_sink on_event;                                            ///< every event
  std::function<void(std::string_view task_id, double)> on_progress;  ///< a task's progress in [0, 1]
  std::function<void(const task_result&)> on_task_ended;          ///< as each task ends
};

struct orchestrator_options {
  corchestra::logger logger;
  std::string run_id;                ///< fixed id for the next run; empty: a fresh UUIDv7
  std::size_t max_pending = 10'000;  ///< tasks that may wait before `submit` suspends
};

/// Runs plans on the caller's executor: no threads of its own, nothing global. Each run lives on a strand of that
/// executor. A handle: copies share the agents and the runs; runs under way survive it.
class orchestrator {
 public:
  explicit orchestrator(any_io_executor executor, orchestrator_options options = {});

  agent_registry& agents() noexcept;
  any_io_executor executor() const noexcept;

  /// Validates the whole plan (ids, references between tasks, cycles, agents, limits) and starts it. Nothing has run when
  /// this returns an error. The agents are those registered now.
  result<run> start(task_plan plan, run_callbacks callbacks = {});

  /// Runs under way.
  std::vector<run> runs() const;

  /// Starts nothing new in any run and refuses new runs; waits for what runs, up to `grace`, then cancels that (shutdown):
  /// the rest stays unfinished.
  awaitable<void> shutdown(duration grace = std::chrono::seconds(30));

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra
