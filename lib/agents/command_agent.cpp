#include <memory>

#include <corchestra/agents/command_agent.hpp>
#include <corchestra/base/text.hpp>

#include "agents/command.hpp"
#include "agents/stderr_reader.hpp"
#include "agents/task_input.hpp"
#include "agents/trace_variables.hpp"

namespace corchestra {

namespace {

json or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json read_output(std::string text, std::size_t max_bytes) {
  if (auto value = parse_json(text, {.max_bytes = max_bytes})) return std::move(*value);
  if (text.ends_with('\n')) text.pop_back();
  return detail::valid_utf8(text);
}

class command_agent final : public agent {
 public:
  explicit command_agent(command_agent_options options) : options_(std::move(options)) {}

  awaitable<result<task_output>> run(task_context context) override {
    auto command = make_command(context);
    if (!command) co_return command.error();
    const auto reader = std::make_shared<detail::stderr_reader>(
        [context](double fraction, std::string_view message) mutable { context.report_progress(fraction, message); });
    command->on_stderr = [reader](std::string_view piece) { reader->feed(piece); };

    const std::string program = command->argv[0];
    auto outcome = co_await detail::run_child(std::move(*command));
    if (!outcome) co_return outcome.error();
    if (outcome->signalled || outcome->status != 0)
      co_return detail::command_failure(program, options_.limits, *outcome, reader->tail());
    co_return detail::to_task_output(read_output(std::move(outcome->output), options_.max_output_bytes));
  }

 private:
  result<detail::child_command> make_command(const task_context& context) const {
    const task_call& task = context.task();
    detail::task_input input(context, options_.inputs);
    if (const auto filled = input.resolve_context(); !filled) return filled.error();
    const auto prompt = task.prompt ? input.prompt({}) : result<std::string>(std::string());
    if (!prompt) return prompt.error();

    auto made = detail::prepare_command(options_, [&input](std::string_view part) { return input.text_of(part); });
    if (!made) return made.error();
    detail::child_command& command = *made;
    detail::hand_on_trace(detail::trace_variables(context), options_.env, command.env);
    command.input = dump_json(ordered_json{{"id", task.id},
                                           {"agent", task.agent},
                                           {"task_type", or_null(task.task_type)},
                                           {"description", or_null(task.description)},
                                           {"prompt", or_null(*prompt)},
                                           {"context", input.context()},
                                           {"upstream", input.upstream()},
                                           {"attempt", context.attempt()},
                                           {"iteration", context.iteration()},
                                           {"previous", context.previous() ? *context.previous() : json()},
                                           {"fences", input.fences()},
                                           {"run_id", context.run_id()},
                                           {"idempotency_key", context.idempotency_key()}});
    command.input += '\n';
    return made;
  }

  command_agent_options options_;
};

}  // namespace

result<std::shared_ptr<agent>> make_command_agent(command_agent_options options) {
  if (const auto usable = detail::check_command(options, "a command agent"); !usable) return usable.error();
  return std::make_shared<command_agent>(std::move(options));
}

}  // namespace corchestra
