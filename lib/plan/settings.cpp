#include <corchestra/plan/settings.hpp>

#include <algorithm>

#include "plan/config_file.hpp"
#include "plan/environment.hpp"
#include "plan/field.hpp"
#include "plan/setting_rules.hpp"

namespace corchestra {

using namespace plan_file;

std::string_view to_string(setting_source s) noexcept {
  constexpr std::string_view names[] = {"default", "config file", "plan", "environment", "flag"};
  return names[static_cast<std::size_t>(s)];
}

namespace {

constexpr std::string_view openai_url = "https://api.openai.com/v1";
constexpr const char* proxy_variables[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
                                           "ALL_PROXY",   "no_proxy",    "NO_PROXY"};

/// Where a setting's value comes from.
struct found_value {
  std::string text;
  setting_source source = setting_source::standard;
  std::string origin;
};

std::string home_folder(const environment& env, const std::string& xdg, std::string_view below_home) {
  if (const auto folder = env.get(xdg)) return concat(*folder, "/corchestra");
  if (const auto home = env.get("HOME")) return concat(*home, "/", below_home, "/corchestra");
  return {};
}

result<config_values> read_first_file(const settings_input& input, const environment& env) {
  std::vector<std::filesystem::path> files = input.files;
  if (!input.files_given && files.empty()) {
    files.emplace_back("corchestra.yaml");
    if (const std::string folder = home_folder(env, "XDG_CONFIG_HOME", ".config"); !folder.empty())
      files.emplace_back(folder + "/config.yaml");
  }
  for (const std::filesystem::path& file : files) {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) return read_config_file(file, env.get("HOME").value_or(""));
  }
  if (input.files_given && !files.empty())
    return fail(errc::file_error, concat("cannot read the configuration file ", quote(files.front().string(), 300),
                                         ": it does not exist"));
  return config_values{};
}

std::optional<found_value> find_value(const setting_definition& d, const settings_input& input, const environment& env,
                                      const config_values& config) {
  const std::string key(d.key);
  if (const auto f = input.flags.find(key); f != input.flags.end())
    return found_value{f->second, setting_source::flag, std::string(d.flag.empty() ? d.key : d.flag)};
  for (const std::string_view name : d.environment)
    if (const auto value = env.get(std::string(name)))
      return found_value{*value, setting_source::environment, std::string(name)};
  if (input.plan)
    if (const auto p = input.plan->declared.find(key); p != input.plan->declared.end())
      return found_value{p->second.value, setting_source::plan, p->second.origin};
  if (const auto c = config.find(key); c != config.end())
    return found_value{c->second.text, setting_source::config_file, c->second.origin};
  return std::nullopt;
}

error refuse(const setting_definition& d, const found_value& v) {
  const std::string place = v.source == setting_source::plan ? concat(v.origin, ": ", d.plan_key) : v.origin;
  const std::string got = d.secret ? std::string() : concat(", got ", quote(v.text));
  return fail(v.source == setting_source::flag ? errc::invalid_argument : errc::invalid_config,
              concat(place, ": expected ", d.expects, got));
}

result<void> check_flags(const settings_input& input) {
  std::vector<std::string> known;
  for (const setting_definition& d : setting_definitions()) known.emplace_back(d.key);
  for (const auto& [key, value] : input.flags)
    if (std::find(known.begin(), known.end(), key) == known.end())
      return fail(errc::invalid_argument, concat("unknown setting ", quote(key), suggestion(key, known, "settings")));
  return {};
}

}  // namespace

const setting* find_setting(const settings& s, std::string_view key) {
  const auto found = std::find_if(s.table.begin(), s.table.end(), [&](const setting& row) { return row.key == key; });
  return found == s.table.end() ? nullptr : &*found;
}

std::string origin_of(const settings& s, std::string_view key) {
  const setting* row = find_setting(s, key);
  if (row == nullptr || row->source == setting_source::standard) return std::string(key);
  const bool in_file = row->source == setting_source::config_file || row->source == setting_source::plan;
  return in_file ? concat(row->origin, ": ", key) : row->origin;
}

result<settings> load_settings(const settings_input& input) {
  const environment env(input);
  if (result<void> flags = check_flags(input); !flags) return flags.error();
  if (result<void> names = env.check_names(); !names) return names.error();
  result<config_values> config = read_first_file(input, env);
  if (!config) return config.error();

  settings s;
  s.cache_folder = home_folder(env, "XDG_CACHE_HOME", ".cache");
  for (const setting_rule& rule : setting_rules()) {
    const setting_definition& d = rule.shown;
    setting row{std::string(d.key),
                std::string(d.standard),
                setting_source::standard,
                "",
                std::string(d.environment.front()),
                std::string(d.description)};
    const std::optional<found_value> found = find_value(d, input, env, *config);
    if (found) {
      if (!rule.assign(s, found->text)) return refuse(d, *found);
      row.value = found->text;
      row.source = found->source;
      row.origin = found->origin;
      if (d.key == "endpoint.model") s.model_forced = found->source >= setting_source::environment;
    }
    if (d.secret && found) row.value = rule.shown_value ? rule.shown_value(found->text) : "[set]";
    if (d.secret && !found && !rule.shown_value) row.value = "[not set]";
    s.table.push_back(std::move(row));
  }
  for (const char* name : proxy_variables)
    if (auto value = env.get(name)) s.proxy_variables.emplace(name, secret(std::move(*value)));
  const auto row_of = [&](std::string_view key) -> setting& {
    return *std::find_if(s.table.begin(), s.table.end(), [&](const setting& r) { return r.key == key; });
  };
  if (s.base_url.empty() && !s.api_key.empty()) {
    s.base_url = openai_url;
    row_of("endpoint.base_url").value = openai_url;
    row_of("endpoint.base_url").origin = "an API key is set";
  }
  // A preset is stronger than a number of slots from a weaker source.
  const setting& preset = row_of("preset");
  if (setting& slots = row_of("max_concurrent_tasks"); !s.preset.empty() && slots.source < preset.source) {
    s.max_concurrent_tasks.reset();
    slots.value = concat("as preset ", s.preset);
    slots.source = preset.source;
    slots.origin = preset.origin;
  }
  if (preset.source == setting_source::plan) s.preset.clear();  // it is in the plan's options already
  if (setting& cache = row_of("cache_folder"); cache.source == setting_source::standard)
    cache.value = s.cache_folder.string();
  return s;
}

}  // namespace corchestra
