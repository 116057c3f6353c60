#pragma once

#include <corchestra/plan/plan_document.hpp>

namespace corchestra::plan_file {

/// Puts `--set key=value` into the plan's inputs. Error: `invalid_argument` for a key that the plan does not declare.
result<void> set_inputs(plan_document& plan, const plan_load_options& options);

}  // namespace corchestra::plan_file
