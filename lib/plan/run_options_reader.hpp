#pragma once

#include <corchestra/plan/plan_document.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// What a plan says about the run as a whole, into `out.plan.options`. The plan's agents must have been read.
void read_run_options(const field& root, plan_document& out);

}  // namespace corchestra::plan_file
