#pragma once

#include <string_view>

namespace corchestra::plan_file {

/// The definitions of the plan's schema that describe agents and tools: a JSON object.
std::string_view agent_schema_text();

}  // namespace corchestra::plan_file
