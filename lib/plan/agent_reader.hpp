#pragma once

#include <string>

#include <corchestra/plan/plan_document.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

agent_spec read_agent(const field& f, std::string name, const std::string& default_system);

}  // namespace corchestra::plan_file
