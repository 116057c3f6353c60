#pragma once

#include <map>
#include <string>

#include <corchestra/plan/plan_document.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// References in its arguments are to `inputs`.
tool_spec read_tool(const field& f, std::string name, const json& inputs);

/// A list of tools' names, each of which must be there.
void check_tool_names(const field& f, const std::map<std::string, tool_spec>& tools);

}  // namespace corchestra::plan_file
