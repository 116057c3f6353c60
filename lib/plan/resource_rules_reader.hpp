#pragma once

#include <filesystem>

#include <corchestra/plan/plan_document.hpp>
#include <corchestra/plan/resource_rules.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// Rules as a file of rules or a plan's `resource_rules` has them: a list, or an object with `rules` and more.
resource_rules read_resource_rules(const field& f);

/// What a plan says: `auto`, a file beside the plan, or rules.
std::optional<resource_rules> read_plan_resource_rules(const field& f, const std::filesystem::path& folder);

}  // namespace corchestra::plan_file
