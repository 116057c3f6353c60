#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/agents/process_limits.hpp>
#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/time.hpp>

namespace corchestra::detail {

using environment = std::map<std::string, std::string>;

/// Of this process.
environment current_environment();

/// The program that `name` stands for: a path, or looked up in the environment's PATH. Errors: `command_not_found`,
/// `file_error` for the folder.
result<std::filesystem::path> find_program(const std::string& name, const std::filesystem::path& cwd, const environment& env);

/// A program to be run. No shell is involved but the one that sets limits: see command_agent_options.
struct child_command {
  std::vector<std::string> argv;  ///< the program (looked up in the environment's PATH without a `/`) and its arguments
  std::filesystem::path cwd;
  environment env;    ///< the child's whole environment
  std::string input;  ///< its stdin
  std::size_t max_output_bytes = 16u << 20;
  std::function<void(std::string_view)> on_stderr;  ///< each piece as it arrives
  duration kill_grace = std::chrono::seconds(2);
  process_limits limits;
};

/// How it ended.
struct child_outcome {
  bool signalled = false;
  int status = 0;      ///< exit code, or the signal that killed it
  std::string output;  ///< its stdout
};

/// Runs a program in a session of its own to its end. Then, on cancellation (SIGTERM, SIGKILL after `kill_grace`), or
/// when its output grows too large, its whole process group is killed; it is always reaped. A process that left the
/// group is not waited for longer than `kill_grace`. Virtual time stands still meanwhile. Errors: `command_not_found`,
/// `file_error` for the folder, `command_failed` when it cannot be started, `too_large`.
awaitable<result<child_outcome>> run_child(child_command command);

}  // namespace corchestra::detail
