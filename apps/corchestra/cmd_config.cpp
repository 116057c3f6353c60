#include <unistd.h>

#include <algorithm>
#include <array>

#include <corchestra/base/text.hpp>

#include "arguments.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

ordered_json settings_json(const std::vector<setting>& table) {
  ordered_json all = ordered_json::array();
  for (const auto& s : table) {
    all.push_back({{"key", s.key},
                   {"value", s.value},
                   {"source", to_string(s.source)},
                   {"origin", s.origin},
                   {"environment", s.environment},
                   {"description", s.description}});
  }
  return all;
}

std::string to_table(const std::vector<setting>& table) {
  std::array<std::size_t, 2> width{};
  for (const auto& s : table) {
    width[0] = std::max(width[0], s.key.size());
    width[1] = std::max(width[1], s.value.size());
  }
  std::string out;
  for (const auto& s : table) {
    out += concat(s.key, std::string(width[0] - s.key.size() + 2, ' '), s.value,
                  std::string(width[1] - s.value.size() + 2, ' '), s.origin.empty() ? to_string(s.source) : s.origin,
                  "\n");
  }
  return out;
}

struct config_verb {
  plan_arguments plan;
  setting_arguments settings;
  bool as_json = false;

  exit_code perform() const {
    std::optional<plan_document> document;
    if (plan.given()) {
      auto loaded = plan.load();
      if (loaded.has_error()) return refuse(loaded.error());
      document = std::move(*loaded);
    }
    const auto loaded = settings.load(document ? &*document : nullptr);
    if (loaded.has_error()) return refuse(loaded.error());
    print(as_json ? dump_json(settings_json(loaded->table), 2) + '\n' : to_table(loaded->table));
    return exit_code::success;
  }

  static exit_code refuse(const error& e) {
    print_error(e.message);
    return exit_code_of(e);
  }
};

}  // namespace

verb add_config(CLI::App& app) {
  auto v = std::make_shared<config_verb>();
  CLI::App* command = app.add_subcommand("config", "Show every setting, its value and where it comes from");
  v->plan.add_to(*command, false);
  v->settings.add_to(*command);
  command->add_flag("--json", v->as_json, "Print JSON");
  command->footer(
      "Examples:\n"
      "  corchestra config\n"
      "  corchestra config plan.yaml --model llama3.2\n"
      "  OPENAI_BASE_URL=http://127.0.0.1:8081/v1 corchestra config\n\n"
      "Precedence: flags, environment (CORCHESTRA_*, then OPENAI_*), plan, configuration file (./corchestra.yaml, "
      "then\n"
      "~/.config/corchestra/config.yaml), defaults.");
  return {command, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
