#include <memory>

#include <corchestra/agents/command_tool.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/plan/reference.hpp>

#include "agents/command.hpp"
#include "agents/stderr_reader.hpp"
#include "agents/trace_variables.hpp"

namespace corchestra {

namespace {

awaitable<result<json>> run_tool(detail::child_command command, json arguments) {
  command.input = dump_json(arguments) + '\n';
  const auto reader = std::make_shared<detail::stderr_reader>(nullptr);
  command.on_stderr = [reader](std::string_view piece) { reader->feed(piece); };
  const std::string program = command.argv[0];
  const process_limits limits = command.limits;
  auto outcome = co_await detail::run_child(std::move(command));
  if (!outcome) co_return outcome.error();
  if (outcome->signalled || outcome->status != 0)
    co_return detail::command_failure(program, limits, *outcome, reader->tail());
  std::string text = std::move(outcome->output);
  if (text.ends_with('\n')) text.pop_back();
  co_return json(detail::valid_utf8(text));
}

}  // namespace

result<llm::tool> make_command_tool(command_tool_options options) {
  if (const auto usable = detail::check_command(options.command, "a command tool"); !usable) return usable.error();
  for (const std::string& part : options.command.argv) {
    const auto found = find_references(part);
    for (const reference& r : *found)
      if (r.where != reference::kind::inputs)
        return fail(errc::unresolved_reference, concat("argv: ", r.text, ": a tool can only refer to inputs"));
  }
  reference_scope scope;
  scope.inputs = &options.command.inputs;
  auto command = detail::prepare_command(options.command,
                                         [&scope](std::string_view part) { return substitute_text(part, scope); });
  if (!command) return command.error();
  llm::tool t;
  t.name = std::move(options.name);
  t.description = std::move(options.description);
  t.parameters = std::move(options.parameters);
  t.call = [command = *command](json arguments) { return run_tool(command, std::move(arguments)); };
  t.call_with = [command = std::move(*command), own = std::move(options.command.env)](const llm::tool_variables& more) {
    detail::child_command child = command;
    detail::hand_on_trace(more, own, child.env);
    return [child](json arguments) { return run_tool(child, std::move(arguments)); };
  };
  t.timeout = options.timeout;
  t.max_output_bytes = options.max_output_bytes;
  t.requires_approval = options.requires_approval;
  return t;
}

}  // namespace corchestra
