#include <signal.h>
#include <string.h>

#include <memory>

#include <corchestra/agents/command_agent.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/plan/reference.hpp>

#include "agents/child_process.hpp"
#include "agents/stderr_reader.hpp"
#include "agents/task_input.hpp"

namespace corchestra {

namespace {

json or_null(const std::string& text) { return text.empty() ? json() : json(text); }

// Bytes that are no UTF-8 become U+FFFD.
std::string valid_utf8(const std::string& text) { return json::parse(dump_json(json(text))).get<std::string>(); }

json read_output(std::string text, std::size_t max_bytes) {
  if (auto value = parse_json(text, {.max_bytes = max_bytes})) return std::move(*value);
  if (text.ends_with('\n')) text.pop_back();
  return valid_utf8(text);
}

error failure_of(const std::string& program, const process_limits& limits, const detail::child_outcome& outcome,
                 const std::string& stderr_tail) {
  std::string text = quote(program);
  if (outcome.signalled && outcome.status == SIGXCPU && limits.cpu_time) {
    text += concat(" used up its processor time of ", to_text(*limits.cpu_time));
  } else if (outcome.signalled) {
    const char* name = ::sigabbrev_np(outcome.status);
    text += concat(" was killed by signal ", outcome.status, name ? concat(" (SIG", name, ")") : std::string());
  } else {
    text += concat(" ended with exit code ", outcome.status);
  }
  if (!stderr_tail.empty()) text += concat(": ", valid_utf8(stderr_tail));
  return fail(errc::command_failed, std::move(text));
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
      co_return failure_of(program, options_.limits, *outcome, reader->tail());
    co_return detail::to_task_output(read_output(std::move(outcome->output), options_.max_output_bytes));
  }

 private:
  result<detail::child_command> make_command(const task_context& context) const {
    const task_call& task = context.task();
    detail::task_input input(context, options_.inputs);
    if (const auto filled = input.resolve_context(); !filled) return filled.error();
    const auto prompt = task.prompt ? input.prompt({}) : result<std::string>(std::string());
    if (!prompt) return prompt.error();

    detail::child_command command;
    for (const std::string& part : options_.argv) {
      auto argument = input.text_of(part);
      if (!argument) return in_place(argument.error(), concat("argv[", command.argv.size(), "]"));
      if (argument->find('\0') != std::string::npos)
        return fail(errc::invalid_argument, concat("argv[", command.argv.size(), "] holds a NUL byte"),
                    retry_class::terminal);
      command.argv.push_back(std::move(*argument));
    }
    command.cwd = options_.cwd;
    command.env = detail::current_environment();
    for (const std::string& name : options_.drop_env) command.env.erase(name);
    for (const auto& [name, value] : options_.env) command.env[name] = value;
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
    command.max_output_bytes = options_.max_output_bytes;
    command.kill_grace = options_.kill_grace;
    command.limits = options_.limits;
    return command;
  }

  command_agent_options options_;
};

}  // namespace

result<std::shared_ptr<agent>> make_command_agent(command_agent_options options) {
  if (options.argv.empty() || options.argv[0].empty())
    return fail(errc::invalid_argument, "a command agent needs argv: the program and its arguments");
  for (std::size_t i = 0; i < options.argv.size(); ++i) {
    const auto found = find_references(std::string_view(options.argv[i]));
    if (!found) return in_place(found.error(), concat("argv[", i, "]"));
  }
  for (const auto& [name, value] : options.env) {
    const bool bad = name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos ||
                     value.find('\0') != std::string::npos;
    if (bad) return fail(errc::invalid_argument, concat("not usable as an environment variable: ", quote(name)));
  }
  if (const auto usable = check(options.limits); usable.has_error()) return usable.error();
  return std::make_shared<command_agent>(std::move(options));
}

}  // namespace corchestra
