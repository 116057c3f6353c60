#pragma once

#include <atomic>
#include <boost/asio/any_completion_handler.hpp>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/core/compiled_plan.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>
#include <corchestra/runtime/agent_registry.hpp>
#include <corchestra/runtime/run.hpp>

namespace corchestra {

class task_context;

/// What a run tells its starter. Callbacks run on the run's strand and must return promptly; what they throw is counted
/// and logged, never passed on. Those that are to run elsewhere, or to wait, are wrapped with `on_executor`.
struct run_callbacks {
  event_sink on_event;                                            ///< every event
  std::function<void(std::string_view task_id, double)> on_progress;  ///< a task's progress in [0, 1]
  std::function<void(const task_result&)> on_task_ended;          ///< as each task ends
  /// Asked when an attempt has brought an output, before that is recorded: what it spawns through the context are
  /// children of the task, committed with its success and under the same limits as those that the agent spawns.
  std::function<void(task_context&, const task_output&)> expand;
  std::shared_ptr<const std::atomic<std::size_t>> failures_elsewhere;  ///< of wrapped callbacks: counted with the others
};

struct orchestrator_options {
  corchestra::logger logger;
  std::string run_id;                ///< fixed id for the next run; empty: a fresh UUIDv7
  std::size_t max_pending = 10'000;  ///< tasks that may wait before `submit` suspends
};

class orchestrator;

/// What `async_run` completes: a result, or the error that kept the run from starting.
using run_handler = asio::any_completion_handler<void(result<run_result>)>;

namespace detail {
using any_plan = std::variant<task_plan, compiled_plan>;
/// A handler, and whether it is associated with an executor: else it is called from wherever the run ends.
struct run_completion {
  run_handler call;
  bool has_executor = true;
};
void start_async_run(orchestrator&& o, any_plan&& plan, run_callbacks&& callbacks, run_completion&& handler);
}

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

  /// Validates the whole plan, to be run any number of times: what a run then has to do for its tasks beforehand is little.
  /// Errors: those of `start`.
  result<compiled_plan> compile(task_plan plan) const;
  /// Starts a run of it. The agents are those registered now: one that is missing is the error `unknown_agent`.
  result<run> start(compiled_plan plan, run_callbacks callbacks = {});

  /// Runs under way.
  std::vector<run> runs() const;

  /// Starts nothing new in any run and refuses new runs; waits for what runs, up to `grace`, then cancels that (shutdown):
  /// the rest stays unfinished.
  awaitable<void> shutdown(duration grace = std::chrono::seconds(30));

 private:
  friend void detail::start_async_run(orchestrator&&, detail::any_plan&&, run_callbacks&&, detail::run_completion&&);
  result<run> launch(detail::any_plan&& plan, run_callbacks&& callbacks, detail::run_completion* handler);
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra
