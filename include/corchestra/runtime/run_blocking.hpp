#pragma once

#include <functional>
#include <stop_token>

#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra {

struct run_blocking_options {
  orchestrator_options orchestrator;
  std::stop_token stop;  ///< a stop request, from any thread, cancels the run (reason `user`)
};

/// Runs a plan to its end on the calling thread, in an execution context of its own: for programs without an executor.
/// Not to be called from a coroutine or a callback. Signals are the caller's affair: see `stop`. Bodies that the run
/// abandoned are destroyed with the context; a blocking function among them goes on on its worker thread.
/// Errors: as `orchestrator::start`; `invalid_argument` for a plan that stays open, since nobody could close it.
result<run_result> run_blocking(task_plan plan, agent_registry agents, run_callbacks callbacks = {},
                                run_blocking_options options = {});

/// The same with agents that need the executor: `set_up` registers them with the orchestrator before the run starts.
/// What it answers or throws is passed on.
result<run_result> run_blocking(task_plan plan, const std::function<result<void>(orchestrator&)>& set_up,
                                run_callbacks callbacks = {}, run_blocking_options options = {});

}  // namespace corchestra
