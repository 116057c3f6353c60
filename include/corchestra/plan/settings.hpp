#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/base/secret.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/plan/plan_document.hpp>

namespace corchestra {

enum class setting_source : std::uint8_t { standard, config_file, plan, environment, flag };
std::string_view to_string(setting_source s) noexcept;

/// One setting as it is documented. `setting_definitions` is the one table behind flags, variables, files and
/// documents.
struct setting_definition {
  std::string_view key;                       ///< in the configuration file, dots are nesting: `endpoint.base_url`
  std::string_view flag;                      ///< `--base-url`; empty: none
  std::vector<std::string_view> environment;  ///< variables, the strongest first
  std::string_view plan_key;                  ///< where a plan says it: `defaults.model`; empty: nowhere
  std::string_view expects;                   ///< `an integer from 0 to 20`
  std::string_view standard;                  ///< the default, for people
  std::string_view description;
  bool secret = false;
};
const std::vector<setting_definition>& setting_definitions();

/// One setting as `corchestra config` lists it.
struct setting {
  std::string key;    ///< `endpoint.base_url`
  std::string value;  ///< for people; secrets as `[set]` or `[not set]`
  setting_source source{};
  std::string origin;       ///< the flag, variable, file and line it came from
  std::string environment;  ///< the variable that sets it
  std::string description;
};

/// Everything that can be configured, after precedence: flags > environment (`CORCHESTRA_*`, then `OPENAI_*`) > plan >
/// configuration file > defaults.
struct settings {
  std::string base_url;  ///< empty: no endpoint
  secret api_key;
  std::string model;  ///< when `model_forced` it overrides every model of the plan
  bool model_forced = false;
  std::string organization, project;
  std::string key_header;  ///< empty: as the endpoint's host wants it
  std::string ca_file;
  secret proxy;  ///< `none`, a URL that may hold a password, or empty: as `proxy_variables` say
  std::map<std::string, secret> proxy_variables;  ///< `https_proxy` and the like as the environment has them
  analysis_mode analysis = analysis_mode::automatic;
  std::string analysis_model;
  std::string preset;  ///< preset.hpp; empty: none, or the plan's own, which is in its options already
  std::optional<std::uint32_t> max_concurrent_tasks;
  std::optional<duration> run_timeout;
  std::optional<bool> fail_fast;
  std::optional<scheduling_mode> mode;
  std::optional<bool> unsafe_ignore_dependencies;
  std::optional<start_order> order;
  int http_retries = 2;
  duration http_timeout = std::chrono::seconds(600);
  std::optional<duration> first_token_timeout;
  std::optional<std::uint32_t> requests_per_minute, tokens_per_minute;  ///< of each model; absent: learnt
  struct {
    std::optional<duration> after;
    std::optional<int> percentile;  ///< of the times of earlier calls; neither: no call is asked twice
    int budget_percent = 5;
  } hedge;
  std::optional<bool> allow_unpriced;  ///< calls whose cost has no bound, in spite of a budget in dollars
  std::filesystem::path prices;        ///< of models, in LiteLLM's format; empty: none
  std::filesystem::path response_cache;  ///< file of answers that are not asked for again; empty: none
  std::filesystem::path record, replay;  ///< HTTP exchanges: written to, taken from; empty: neither
  std::filesystem::path cache_folder;  ///< of analyses: `$XDG_CACHE_HOME/corchestra`, or `~/.cache/corchestra`
  struct {
    std::string otlp_endpoint;  ///< empty: nothing is exported
    secret otlp_headers;        ///< `name=value,name=value`, percent-encoded
    std::string service_name = "corchestra";
    std::string resource_attributes;  ///< as otlp_headers
    bool capture_content = false;
    std::string trace_parent, trace_state;  ///< of the caller
  } telemetry;
  std::string log_level = "warn";
  std::vector<setting> table;  ///< every key, in order
};

/// Its row of the table; null: there is none, as in settings that no source was read for.
const setting* find_setting(const settings& s, std::string_view key);
/// What set this key, for messages: `--prices`, `CORCHESTRA_PRICES`, `corchestra.yaml:3: prices`. The key itself where
/// nothing did.
std::string origin_of(const settings& s, std::string_view key);

struct settings_input {
  std::map<std::string, std::string> flags;                                   ///< by key
  std::function<std::optional<std::string>(const std::string&)> environment;  ///< absent: the process's
  std::vector<std::string>
      environment_names;  ///< with `environment`: the names that are checked for unknown CORCHESTRA_ ones
  std::vector<std::filesystem::path>
      files;  ///< configuration files, the first found is read; absent: the two standard places
  bool files_given = false;
  const plan_document* plan = nullptr;
};

/// Reads and checks all sources. The error (`invalid_config`) names the flag, variable or file and line, and what was
/// expected.
result<settings> load_settings(const settings_input& input);

}  // namespace corchestra
