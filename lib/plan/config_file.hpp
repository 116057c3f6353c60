#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <corchestra/base/error.hpp>

namespace corchestra::plan_file {

/// A value of a configuration file, by the setting's key.
struct config_value {
  std::string text;
  std::string origin;  ///< `corchestra.yaml:3`
};
using config_values = std::map<std::string, config_value>;

/// Reads a configuration file: only known keys, each a scalar. `~/` in paths is `home`. Errors: `invalid_config`,
/// `file_error`.
result<config_values> read_config_file(const std::filesystem::path& file, const std::string& home);

}  // namespace corchestra::plan_file
