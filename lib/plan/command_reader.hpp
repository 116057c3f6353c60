#pragma once

#include <corchestra/plan/plan_document.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// `argv`, `cwd`, `env` and `limits` of an agent or a tool; its other keys are the caller's.
void read_command(const field& f, command_spec& c);

}  // namespace corchestra::plan_file
