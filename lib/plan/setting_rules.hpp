#pragma once

#include <string>
#include <vector>

#include <corchestra/plan/settings.hpp>

namespace corchestra::plan_file {

/// A setting's definition with how its text becomes a value.
struct setting_rule {
  setting_definition shown;
  bool (*assign)(settings& s, const std::string& text);  ///< false: not what `shown.expects` says
  bool is_path = false;                                  ///< in a configuration file, relative to its folder
  std::string (*shown_value)(const std::string& text) = nullptr;  ///< what of a secret is shown; null: `[set]`
};

const std::vector<setting_rule>& setting_rules();

}  // namespace corchestra::plan_file
