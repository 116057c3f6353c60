#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/core/task_call.hpp>
#include <corchestra/plan/resource_rules.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// What `defaults` gives to tasks and agents without their own.
struct plan_defaults {
  std::string agent;
  std::string system;
  int priority = 10;
  task_limits limits;
  std::optional<resource_rules> identify;  ///< for tasks without resources
};

int read_priority(const field& f);
retry_policy read_retries(const field& f);
task_limits read_task_limits(const field& f, const task_limits& defaults = {});

/// Reads a plan's tasks, one after another.
class task_reader {
 public:
  task_reader(const plan_defaults& defaults, const std::filesystem::path& folder, std::uint32_t max_iterations)
      : defaults_(defaults), folder_(folder), max_iterations_(max_iterations) {}

  task_call read(const field& f);

 private:
  void read_rules(const field& f, task_call& t);
  json read_output_schema(const field& f);

  const plan_defaults& defaults_;
  const std::filesystem::path& folder_;
  std::uint32_t max_iterations_;
  json sound_schema_;  // the last one: tasks often share it by an alias
};

}  // namespace corchestra::plan_file
