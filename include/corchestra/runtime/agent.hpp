#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/runtime/task_context.hpp>

namespace corchestra {

/// Carries out task calls. `run` is called on the run's strand, once an attempt, possibly many at a time; it ends with an
/// output or an error. Whatever it throws is its failure. Cancellation arrives as operation_aborted from what it awaits.
class agent {
 public:
  virtual ~agent() = default;
  virtual awaitable<result<task_output>> run(task_context context) = 0;
};

/// The shape of an agent that is only a function.
using agent_function = std::function<awaitable<result<task_output>>(task_context)>;

/// An agent from a coroutine function or lambda, which it keeps alive.
std::shared_ptr<agent> make_agent(agent_function f);

}  // namespace corchestra
