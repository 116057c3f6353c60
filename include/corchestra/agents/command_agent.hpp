#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <corchestra/runtime/agent.hpp>

namespace corchestra {

struct command_agent_options {
  std::vector<std::string> argv;  ///< templates, each substituted as one argument; no shell
  std::filesystem::path cwd = ".";
  std::map<std::string, std::string> env;  ///< added to the inherited environment
  std::vector<std::string> drop_env = {"OPENAI_API_KEY", "CORCHESTRA_API_KEY"};
  json inputs = json::object();   ///< `${inputs.*}`
  std::size_t max_output_bytes = 16u << 20;
  duration kill_grace = std::chrono::seconds(2);  ///< from SIGTERM to SIGKILL, both to the process group
};

/// An agent that runs a program: the task as JSON on stdin (`{id, agent, task_type, description, prompt, context, upstream, attempt,
/// run_id, idempotency_key}`), its output from stdout (JSON when all of it parses as JSON, text otherwise), lines
/// `CORCHESTRA_PROGRESS 0.5 message` on stderr as progress. Exit code 0 is success; otherwise the failure quotes the end of stderr.
/// Cancellation and time limits kill the whole process group. Errors: `command_not_found`, `command_failed`, `too_large`.
result<std::shared_ptr<agent>> make_command_agent(command_agent_options options);

}  // namespace corchestra
