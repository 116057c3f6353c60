#pragma once

#include <vector>

#include "plan/setting_rules.hpp"

namespace corchestra::plan_file {

/// The settings `telemetry.*`.
std::vector<setting_rule> telemetry_rules();

}  // namespace corchestra::plan_file
