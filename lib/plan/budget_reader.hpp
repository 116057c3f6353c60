#pragma once

#include <corchestra/core/plan.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// `{tokens: 5000, usd: 0.25}`
budget_amount read_budget_amount(const field& f);
budget_limit read_budget_limit(const field& f);
/// The plan's `budget`.
budget_options read_budget_options(const field& f);

}  // namespace corchestra::plan_file
