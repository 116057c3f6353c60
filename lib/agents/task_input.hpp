#pragma once

#include <string>

#include <corchestra/base/json.hpp>
#include <corchestra/runtime/task_context.hpp>

namespace corchestra::detail {

/// The input of one attempt with its references filled in: from the outputs of other tasks, the context and the inputs.
/// `inputs` are those of runs without inputs of their own. Keeps what it refers to; not to be copied.
class task_input {
 public:
  task_input(task_context context, const json& inputs) : context_(std::move(context)), inputs_(inputs) {}
  task_input(const task_input&) = delete;
  task_input& operator=(const task_input&) = delete;

  /// Fills in the task's own context, which may refer to anything but itself. Call it first.
  result<void> resolve_context();
  const json& context() const noexcept { return resolved_; }

  /// A template's text. Error: `unresolved_reference`, naming the task.
  result<std::string> text_of(std::string_view text_template) const;

  /// The task's prompt, else the template given, else description and context as text for a reader.
  result<std::string> prompt(std::string_view text_template) const;

  /// The outputs of the tasks that this one depends on, by id.
  json upstream() const;
  /// The fencing tokens of the exclusive locks that it holds, by resource.
  json fences() const;

 private:
  task_context context_;
  const json& inputs_;
  json resolved_;
};

/// An agent's answer as its output. An object's `confidence` (a number in [0, 1]) and `evidence` (a list of texts)
/// become the result's as well.
task_output to_task_output(json value);

}  // namespace corchestra::detail
