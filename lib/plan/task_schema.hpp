#pragma once

#include <string_view>

namespace corchestra::plan_file {

/// The definitions of the plan's JSON Schema that describe a task.
std::string_view task_schema_text();

}  // namespace corchestra::plan_file
