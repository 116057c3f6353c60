#pragma once

#include <corchestra/plan/plan_document.hpp>
#include "plan/field.hpp"
#include "plan/task_reader.hpp"

namespace corchestra::plan_file {

/// Notes a value that is also a setting.
void declare(plan_document& out, const std::string& key, const field& f);

/// Everything of a plan but its tasks, into `out`. `with_tasks`: the key `tasks` may be there (it may not in a file of
/// agents).
plan_defaults read_head(const field& root, bool with_tasks, plan_document& out);

}  // namespace corchestra::plan_file
