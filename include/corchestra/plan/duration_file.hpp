#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <corchestra/core/duration_book.hpp>
#include <corchestra/core/plan.hpp>

namespace corchestra {

/// How long tasks are expected to take, from a file.
struct duration_file {
  duration_book book;                     ///< by task type and agent, learnt by earlier runs
  std::map<std::string, duration> tasks;  ///< by task id
};

/// Reads a JSON file: what `duration_book::to_json_value` gives, with tasks as a third part (`{"types": {...},
/// "agents":
/// {...}, "tasks": {"load": 2.5}}`), or only a map of task ids (`{"load": 2.5, "write": "1m"}`); or a CSV file of lines
/// `load,2.5`, the first of which may be a heading (`task,seconds`; or `duration`, `expected_duration`), besides blank
/// lines and those that begin with `#`. Durations are seconds or text such as `1m30s`. Errors: `file_error`,
/// `invalid_argument`, naming file and place.
result<duration_file> load_duration_file(const std::filesystem::path& file);
result<duration_file> parse_durations_json(std::string_view text, std::string_view source);
result<duration_file> parse_durations_csv(std::string_view text, std::string_view source);

/// Only the book of a file.
result<duration_book> load_durations(const std::filesystem::path& file);

/// Hands a file's durations to a plan: the book as `run_options::durations`, a task's own as its `expected_duration`
/// unless the plan says one. Ids that the plan lacks are passed over. Returns how many tasks got one.
std::size_t apply_durations(task_plan& plan, const duration_file& durations);

}  // namespace corchestra
