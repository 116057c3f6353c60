#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <corchestra/agents/process_limits.hpp>
#include <corchestra/runtime/agent.hpp>

namespace corchestra {

struct command_agent_options {
  std::vector<std::string> argv;  ///< templates, each substituted as one argument; no shell
  std::filesystem::path cwd = ".";
  std::map<std::string, std::string> env;  ///< added to the inherited environment
  std::vector<std::string> drop_env = {"OPENAI_API_KEY", "CORCHESTRA_API_KEY", "CORCHESTRA_OTLP_HEADERS"};
  json inputs = json::object();  ///< `${inputs.*}`
  std::size_t max_output_bytes = 16u << 20;
  duration kill_grace = std::chrono::seconds(2);  ///< from SIGTERM to SIGKILL, both to the process group
  /// Set by /bin/sh, which then becomes the program: argv[0] is its path then, and environment variables that a shell
  /// cannot name (`a.b`) may get lost.
  process_limits limits;
};

/// An agent that runs a program: the task as JSON on stdin (`{id, agent, task_type, description, prompt, context,
/// upstream, attempt, iteration, previous, fences, run_id, idempotency_key}`; `upstream` holds the outputs of the tasks
/// it depends on, by id, `previous` a loop's last output, `fences` the tokens of the exclusive locks it holds), its
/// output from stdout (JSON when all of it parses as JSON, text without its last line break otherwise; `confidence` and
/// `evidence` as for an LLM agent), lines `CORCHESTRA_PROGRESS 0.5 message` on stderr as progress. Exit code 0 is
/// success; otherwise the failure quotes the end of stderr. When it ends, is cancelled or runs out of time, its whole
/// process group is killed; when this process is killed itself, it goes on. Errors: `command_not_found`,
/// `command_failed`, `too_large`, `file_error` for the folder, `unresolved_reference`, `invalid_argument` for a NUL
/// byte in an argument. Errors of the factory: `invalid_argument`, `unresolved_reference`.
result<std::shared_ptr<agent>> make_command_agent(command_agent_options options);

}  // namespace corchestra
