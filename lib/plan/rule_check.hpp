#pragma once

#include <vector>

#include <corchestra/plan/plan_document.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// Checks the tasks' rules against each other and the run's options: groups, joins, branches, and that nothing asks for
/// more than there is. `tasks` are the fields of the plan's tasks, whose dependencies are complete.
result<void> check_rules(const plan_document& plan, const std::vector<field>& tasks);

}  // namespace corchestra::plan_file
