#pragma once

#include <string>

#include "plan/field.hpp"

namespace corchestra::plan_file {

/// A name that can stand in a file name and a reference: of a task or an agent.
std::string read_name(const field& f);
/// Why text cannot be such a name; empty when it can.
std::string name_problem(std::string_view name);

}  // namespace corchestra::plan_file
