#pragma once

#include <vector>

#include <corchestra/plan/plan_document.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// Checks what names something else: agents, references (which become dependencies), ids, cycles. `tasks` are the
/// fields that the plan's tasks were read from.
result<void> check_plan(plan_document& plan, const std::vector<field>& tasks);

}  // namespace corchestra::plan_file
