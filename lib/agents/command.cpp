#include "agents/command.hpp"

#include <signal.h>
#include <string.h>

#include <corchestra/base/text.hpp>
#include <corchestra/plan/reference.hpp>

namespace corchestra::detail {

std::string valid_utf8(const std::string& text) { return json::parse(dump_json(json(text))).get<std::string>(); }

error command_failure(const std::string& program, const process_limits& limits, const child_outcome& outcome,
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

result<child_command> prepare_command(const command_agent_options& options,
                                      const std::function<result<std::string>(std::string_view)>& fill) {
  child_command command;
  for (const std::string& part : options.argv) {
    auto argument = fill(part);
    if (!argument) return in_place(argument.error(), concat("argv[", command.argv.size(), "]"));
    if (argument->find('\0') != std::string::npos)
      return fail(errc::invalid_argument, concat("argv[", command.argv.size(), "] holds a NUL byte"),
                  retry_class::terminal);
    command.argv.push_back(std::move(*argument));
  }
  command.cwd = options.cwd;
  command.env = current_environment();
  for (const std::string& name : options.drop_env) command.env.erase(name);
  for (const auto& [name, value] : options.env) command.env[name] = value;
  command.max_output_bytes = options.max_output_bytes;
  command.kill_grace = options.kill_grace;
  command.limits = options.limits;
  return command;
}

result<void> check_command(const command_agent_options& options, std::string_view what) {
  if (options.argv.empty() || options.argv[0].empty())
    return fail(errc::invalid_argument, concat(what, " needs argv: the program and its arguments"));
  for (std::size_t i = 0; i < options.argv.size(); ++i) {
    const auto found = find_references(std::string_view(options.argv[i]));
    if (!found) return in_place(found.error(), concat("argv[", i, "]"));
  }
  for (const auto& [name, value] : options.env) {
    const bool bad = name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos ||
                     value.find('\0') != std::string::npos;
    if (bad) return fail(errc::invalid_argument, concat("not usable as an environment variable: ", quote(name)));
  }
  return check(options.limits);
}

}  // namespace corchestra::detail
