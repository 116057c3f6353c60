#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <corchestra/plan/settings.hpp>
#include <corchestra/testing/simulated_model.hpp>

#include "terminal.hpp"

namespace corchestra::program {

/// The plan and what changes how it is read.
class plan_arguments {
 public:
  void add_to(CLI::App& command, bool required = true);
  bool given() const { return !file_.empty(); }
  result<plan_document> load() const;

 private:
  std::string file_, agents_;
  std::vector<std::string> set_;
};

/// A flag for every setting that has one.
class setting_arguments {
 public:
  static constexpr const char* group = "Settings";  ///< of these flags in help texts

  /// Flags of all settings, or of those that the command heeds.
  void add_to(CLI::App& command, bool (*heeded)(std::string_view key) = nullptr);
  result<settings> load(const plan_document* plan) const;

 private:
  struct flag {
    std::string key, value;
    CLI::Option* option = nullptr;
    bool given = false;
  };
  flag& add(std::string_view key, std::string value);

  std::vector<std::unique_ptr<flag>> flags_;
  std::string refused_key_;
  CLI::Option* refused_ = nullptr;
};

/// --simulate, --seed and --speed.
class simulation_arguments {
 public:
  void add_to(CLI::App& command);
  void add_behaviour_to(CLI::App& command);  ///< without --simulate
  bool wanted() const { return simulate_; }
  result<testing::simulated_model_options> options(const logger& log) const;
  /// Starts the simulated model and points the settings to it.
  result<testing::simulated_model> start(const any_io_executor& executor, settings& s, const logger& log) const;

 private:
  bool simulate_ = false;
  std::string seed_, speed_;
};

/// --no-color.
class color_arguments {
 public:
  void add_to(CLI::App& command);
  terminal look_at(int fd) const { return program::look_at(fd, no_color_); }

 private:
  bool no_color_ = false;
};

/// A number given to a flag. Error (`invalid_argument`): `--speed: expected a number from 0.01 to 1000, got 'x'`.
result<double> number_of(std::string_view flag, const std::string& text, double least, double most);
result<std::uint64_t> count_of(std::string_view flag, const std::string& text, std::uint64_t least, std::uint64_t most);

}  // namespace corchestra::program
