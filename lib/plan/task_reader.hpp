#pragma once

#include <filesystem>
#include <string>

#include <corchestra/core/task_call.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// What `defaults` gives to tasks and agents without their own.
struct plan_defaults {
  std::string agent;
  std::string system;
  int priority = 10;
  task_limits limits;
};

int read_priority(const field& f);
retry_policy read_retries(const field& f);
task_limits read_task_limits(const field& f, const task_limits& defaults = {});
task_call read_task(const field& f, const plan_defaults& defaults, const std::filesystem::path& folder);

}  // namespace corchestra::plan_file
