#pragma once

#include <map>
#include <string>

#include <corchestra/plan/settings.hpp>

namespace corchestra::plan_file {

/// The environment as settings see it: empty variables are not set.
class environment {
 public:
  explicit environment(const settings_input& input);
  std::optional<std::string> get(const std::string& name) const;
  /// Error: `invalid_config` for a CORCHESTRA_ variable that no setting knows.
  result<void> check_names() const;

 private:
  const settings_input& input_;
  std::vector<std::string> names_;
};

}  // namespace corchestra::plan_file
