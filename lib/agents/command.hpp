#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <corchestra/agents/command_agent.hpp>

#include "agents/child_process.hpp"

namespace corchestra::detail {

/// What a factory can see of a command. `what` names it: `a command agent`.
result<void> check_command(const command_agent_options& options, std::string_view what);

/// The command with its arguments filled in, in the environment it gets; its stdin is up to the caller.
result<child_command> prepare_command(const command_agent_options& options,
                                      const std::function<result<std::string>(std::string_view)>& fill);

/// Why it is a failure: its signal or exit code, and the end of its stderr.
error command_failure(const std::string& program, const process_limits& limits, const child_outcome& outcome,
                      const std::string& stderr_tail);

/// Bytes that are no UTF-8 become U+FFFD.
std::string valid_utf8(const std::string& text);

}  // namespace corchestra::detail
