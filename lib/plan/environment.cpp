#include "plan/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "plan/field.hpp"
#include "plan/setting_rules.hpp"

namespace corchestra::plan_file {

environment::environment(const settings_input& input) : input_(input), names_(input.environment_names) {
  if (input.environment) return;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text = *entry;
    names_.emplace_back(text.substr(0, text.find('=')));
  }
}

std::optional<std::string> environment::get(const std::string& name) const {
  std::optional<std::string> value;
  if (input_.environment)
    value = input_.environment(name);
  else if (const char* text = std::getenv(name.c_str()))
    value = text;
  if (value && value->empty()) value.reset();
  return value;
}

result<void> environment::check_names() const {
  constexpr std::string_view prefix = "CORCHESTRA_";
  std::vector<std::string> known;
  for (const setting_rule& r : setting_rules())
    for (const std::string_view name : r.shown.environment)
      if (name.starts_with(prefix)) known.emplace_back(name);
  for (const std::string& name : names_) {
    if (!name.starts_with(prefix) || std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fail(errc::invalid_config, concat("environment: ", one_line(name, 80), ": unknown variable",
                                             suggestion(name, known, "variables")));
  }
  return {};
}

}  // namespace corchestra::plan_file
