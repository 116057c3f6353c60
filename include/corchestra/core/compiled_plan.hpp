#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include <corchestra/base/error.hpp>
#include <corchestra/core/plan.hpp>

namespace corchestra {

namespace detail {
struct plan_image;
}

/// A plan that is checked and numbered once, to be run any number of times, also at the same time and on any thread: for
/// servers that do the same for each request. Its runs share the task calls and the options; each may have inputs of its own.
/// Immutable; copies share it, and so do runs under way. Functions of its options live as long as it does, and are called by all its runs:
/// on several threads at once, if these are. One that was moved from may only be assigned to.
class compiled_plan {
 public:
  const run_options& options() const noexcept;
  std::span<const task_call> tasks() const noexcept;
  /// The agents that its tasks name, each once.
  std::span<const std::string> agents() const noexcept;

  /// The same plan for a run with inputs of its own: what `task_context::inputs` gives, and what `${inputs.KEY}` stands for in prompts and
  /// contexts of tasks and in arguments of command agents.
  compiled_plan with_inputs(json inputs) const;
  const json* inputs() const noexcept { return inputs_.get(); }  ///< null: none of its own

 private:
  friend class scheduler;
  friend result<compiled_plan> compile_plan(task_plan plan, const std::function<bool(std::string_view)>& known_agent);
  explicit compiled_plan(std::shared_ptr<const detail::plan_image> image) noexcept : image_(std::move(image)) {}
  std::shared_ptr<const detail::plan_image> image_;
  std::shared_ptr<const json> inputs_;
};

/// Checks the whole plan: ids, references between tasks, cycles, limits, and, when `known_agent` is given, the agents. Errors: as
/// `scheduler::prepare`, and those of the options.
result<compiled_plan> compile_plan(task_plan plan, const std::function<bool(std::string_view)>& known_agent = {});

}  // namespace corchestra
