#pragma once

#include <string>

#include <corchestra/agents/command_agent.hpp>
#include <corchestra/llm/tool.hpp>

namespace corchestra {

struct command_tool_options {
  std::string name, description;  ///< as of llm::tool
  json parameters;                ///< JSON Schema of the arguments; null: none
  command_agent_options command;  ///< what is run; references in its arguments are to `inputs` only
  duration timeout = std::chrono::seconds(60);
  std::size_t max_output_bytes = 64u << 10;  ///< of what the model gets to read; more than `command`'s is a failure
  bool requires_approval = false;
};

/// A tool that runs a program for each call: the arguments as one line of JSON on stdin, the answer from stdout as
/// text. An exit code other than 0 is a failure, and the model reads the end of stderr. Environment, limits and kill
/// rules are a command agent's. Errors: `invalid_argument`, `unresolved_reference`.
result<llm::tool> make_command_tool(command_tool_options options);

}  // namespace corchestra
