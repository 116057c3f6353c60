#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <corchestra/core/dependency_graph.hpp>
#include <corchestra/core/plan.hpp>

namespace corchestra {

enum class agent_kind : std::uint8_t { llm, command };

/// A program that an agent or a tool runs.
struct command_spec {
  std::vector<std::string> argv;
  std::string cwd;  ///< relative to the plan's folder; made absolute when another file declares the agent
  std::map<std::string, std::string> env;  ///< added to the inherited environment, which loses API keys
  struct {
    std::optional<std::uint64_t> memory_bytes;
    optional_duration cpu_time;
    std::optional<std::uint32_t> open_files;
  } limits;  ///< of its process
};

/// A tool as a plan declares it: a command that models may call.
struct tool_spec : command_spec {
  std::string name, description;
  json parameters;                                ///< a JSON Schema of the arguments; null: none
  optional_duration timeout;                      ///< absent: 60 s
  std::optional<std::uint64_t> max_output_bytes;  ///< of what the model gets to read; absent: 64 KiB
  bool approval = false;                          ///< a person is asked before each call
};

/// An agent as a plan declares it.
struct agent_spec : command_spec {
  std::string name;
  agent_kind kind = agent_kind::llm;
  // llm
  std::string model;  ///< empty: the plan's default, then the endpoint's
  std::string system;
  std::string prompt;  ///< template used for tasks without their own
  std::optional<double> temperature;
  std::optional<std::int64_t> max_tokens;
  json output_schema;  ///< null: text
  bool stream = true;
  std::vector<std::string> tools;     ///< that tasks without tools of their own may use
  std::optional<int> max_steps;       ///< requests to the model for one answer; absent: 10
  std::optional<int> parallel_tools;  ///< absent: 8
};

enum class analysis_mode : std::uint8_t { automatic, always, never };
std::string_view to_string(analysis_mode m) noexcept;

/// What a plan says about a setting (settings.hpp).
struct plan_setting {
  std::string value;
  std::string origin;  ///< `plan.yaml:4`
};

/// A plan as read from a file, validated: every name resolves, every reference is a dependency, there is no cycle.
struct plan_document {
  std::string source;            ///< the file's name, for messages
  std::filesystem::path folder;  ///< what relative paths start from
  task_plan plan;                ///< references already added to `depends_on`
  json inputs = json::object();
  std::map<std::string, agent_spec> agents;
  std::map<std::string, tool_spec> tools;
  std::string default_model;
  std::optional<analysis_mode> analysis;
  std::string analysis_model;
  std::map<std::string, plan_setting> declared;  ///< by the setting's key
};

struct plan_load_options {
  /// `--set key=value`: inputs that the plan declares. Values are YAML scalars; an input declared as text stays text.
  std::vector<std::pair<std::string, std::string>> set;
  std::filesystem::path agents_file;  ///< agents and defaults for a JSONL plan
  std::size_t max_bytes = 64u << 20;
};

/// Reads a plan (`.yaml`, `.yml`, `.json`, `.jsonl`). The error (`invalid_plan`, `file_error`, `unresolved_reference`,
/// ...) is one message that names file, line and path and what was expected: `plan.yaml:12: tasks[2].priority: expected
/// an integer, got 'high'`.
result<plan_document> load_plan(const std::filesystem::path& file, const plan_load_options& options = {});

enum class plan_format : std::uint8_t { yaml, json, jsonl };
/// The same from text; `source` stands for the file's name in messages.
result<plan_document> parse_plan(std::string_view text, std::string source, plan_format format,
                                 const plan_load_options& options = {}, const std::filesystem::path& folder = ".");

/// The plan's JSON Schema (draft 7): what `corchestra schema` prints, for editors and generators. `load_plan` checks
/// more.
const json& plan_schema();

/// A commented plan to start from: what `corchestra init` writes.
std::string_view plan_template();

}  // namespace corchestra
