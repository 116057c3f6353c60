#include "plan/setting_rules.hpp"

#include <algorithm>

#include <corchestra/base/logger.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/core/preset.hpp>

#include "plan/field.hpp"
#include "plan/setting_values.hpp"
#include "plan/telemetry_rules.hpp"

namespace corchestra::plan_file {

namespace {

bool assign_proxy(settings& s, const std::string& text) {
  if (trim(text).empty() || std::any_of(text.begin(), text.end(), [](char c) { return c == ' ' || is_control(c); }))
    return false;
  s.proxy = secret(text);
  return true;
}

std::string without_user(const std::string& text) {
  const auto at = text.rfind('@');
  return at == std::string::npos ? text : "...@" + text.substr(at + 1);
}

bool assign_preset(settings& s, const std::string& text) {
  const auto names = preset_names();
  if (std::find(names.begin(), names.end(), text) == names.end()) return false;
  s.preset = text;
  return true;
}

bool assign_analysis(settings& s, const std::string& text) {
  for (const analysis_mode m : {analysis_mode::automatic, analysis_mode::always, analysis_mode::never}) {
    if (to_string(m) != text) continue;
    s.analysis = m;
    return true;
  }
  return false;
}

template <class E, std::size_t N>
bool assign_choice(std::optional<E>& target, const std::string& text,
                   const std::pair<std::string_view, E> (&names)[N]) {
  for (const auto& [name, value] : names) {
    if (name != text) continue;
    target = value;
    return true;
  }
  return false;
}

bool assign_mode(settings& s, const std::string& text) {
  return assign_choice(s.mode, text,
                       {std::pair{std::string_view("auto"), scheduling_mode::automatic},
                        {"sequential", scheduling_mode::sequential},
                        {"levels", scheduling_mode::levels},
                        {"parallel", scheduling_mode::parallel}});
}

bool assign_order(settings& s, const std::string& text) {
  return assign_choice(s.order, text,
                       {std::pair{std::string_view("priority"), start_order::priority},
                        {"critical_path", start_order::critical_path},
                        {"depth_first", start_order::depth_first},
                        {"breadth_first", start_order::breadth_first},
                        {"fifo", start_order::fifo}});
}

bool assign_hedge_after(settings& s, const std::string& text) {
  s.hedge.after.reset();
  s.hedge.percentile.reset();
  if (text.starts_with('p')) return assign_integer<int>(s.hedge.percentile, text.substr(1), 50, 99);
  return assign_duration(s.hedge.after, text);
}

bool assign_log_level(settings& s, const std::string& text) {
  if (!parse_log_level(text)) return false;
  s.log_level = text;
  return true;
}

bool assign_path(std::filesystem::path& target, const std::string& text) {
  if (text.find('\0') != std::string::npos) return false;
  target = text;
  return true;
}

std::vector<setting_rule> make_rules() {
  return {
      {{"endpoint.base_url",
        "--base-url",
        {"CORCHESTRA_BASE_URL", "OPENAI_BASE_URL"},
        "",
        a_url,
        "none; with an API key https://api.openai.com/v1",
        "Where the OpenAI-compatible API is. Never from a plan: it decides who sees the API key."},
       [](settings& s, const std::string& t) { return assign_url(s.base_url, t); }},
      {{"endpoint.api_key",
        "",
        {"CORCHESTRA_API_KEY", "OPENAI_API_KEY"},
        "",
        "a key of visible ASCII characters",
        "none",
        "Sent as bearer token. Never shown, never from a plan or a flag.",
        true},
       [](settings& s, const std::string& t) { return assign_secret(s.api_key, t); }},
      {{"endpoint.key_header",
        "--key-header",
        {"CORCHESTRA_KEY_HEADER"},
        "",
        "a header's name",
        "api-key for Azure's hosts, else Authorization with a bearer token",
        "The header that carries the API key as it is, for gateways that want one of their own."},
       [](settings& s, const std::string& t) { return assign_line(s.key_header, t); }},
      {{"endpoint.model",
        "--model",
        {"CORCHESTRA_MODEL", "OPENAI_MODEL"},
        "defaults.model",
        "a model's name",
        "none",
        "The model. From a flag or variable it overrides every model of the plan."},
       [](settings& s, const std::string& t) { return assign_line(s.model, t); }},
      {{"endpoint.organization",
        "--organization",
        {"CORCHESTRA_ORGANIZATION", "OPENAI_ORG_ID"},
        "",
        "text on one line",
        "none",
        "Sent as OpenAI-Organization."},
       [](settings& s, const std::string& t) { return assign_line(s.organization, t); }},
      {{"endpoint.project",
        "--project",
        {"CORCHESTRA_PROJECT", "OPENAI_PROJECT_ID"},
        "",
        "text on one line",
        "none",
        "Sent as OpenAI-Project."},
       [](settings& s, const std::string& t) { return assign_line(s.project, t); }},
      {{"endpoint.ca_file",
        "--ca-file",
        {"CORCHESTRA_CA_FILE"},
        "",
        "a file name",
        "the system's certificates",
        "PEM file of the certificates that are trusted."},
       [](settings& s, const std::string& t) { return assign_line(s.ca_file, t); },
       true},
      {{"endpoint.proxy",
        "--proxy",
        {"CORCHESTRA_PROXY"},
        "",
        "none or an HTTP proxy [http://][USER[:PASSWORD]@]HOST[:PORT]",
        "as https_proxy, http_proxy, all_proxy and no_proxy say",
        "The HTTP proxy that model calls go through; none: no proxy, whatever the environment says.",
        true},
       [](settings& s, const std::string& t) { return assign_proxy(s, t); },
       false,
       without_user},
      {{"http_retries",
        "--http-retries",
        {"CORCHESTRA_HTTP_RETRIES"},
        "",
        "an integer from 0 to 20",
        "2",
        "Retries of one model call on transport errors, 429 and 5xx."},
       [](settings& s, const std::string& t) { return assign_integer<int>(s.http_retries, t, 0, 20); }},
      {{"http_timeout",
        "--http-timeout",
        {"CORCHESTRA_HTTP_TIMEOUT"},
        "",
        a_duration,
        "600s",
        "Longest time of one model call."},
       [](settings& s, const std::string& t) { return assign_duration(s.http_timeout, t); }},
      {{"first_token_timeout",
        "--first-token-timeout",
        {"CORCHESTRA_FIRST_TOKEN_TIMEOUT"},
        "",
        a_duration,
        "none",
        "Longest time until a streamed answer begins; the call is then tried again."},
       [](settings& s, const std::string& t) { return assign_duration(s.first_token_timeout, t); }},
      {{"endpoint.rpm",
        "--rpm",
        {"CORCHESTRA_RPM"},
        "",
        "an integer from 1 to 10000000",
        "as the endpoint's headers and refusals tell",
        "Requests a minute that the endpoint allows to each model."},
       [](settings& s, const std::string& t) {
         return assign_integer<std::uint32_t>(s.requests_per_minute, t, 1, 10'000'000);
       }},
      {{"endpoint.tpm",
        "--tpm",
        {"CORCHESTRA_TPM"},
        "",
        "an integer from 1 to 1000000000",
        "as the endpoint's headers tell",
        "Tokens a minute, of prompts and answers, that the endpoint allows to each model."},
       [](settings& s, const std::string& t) {
         return assign_integer<std::uint32_t>(s.tokens_per_minute, t, 1, 1'000'000'000);
       }},
      {{"llm.hedge_after",
        "--hedge-after",
        {"CORCHESTRA_HEDGE_AFTER"},
        "",
        "a duration above zero, at most 36500d, such as 30s, or a percentile from p50 to p99 of the times of earlier calls",
        "never",
        "A model call without an answer, or a stream without its first token, for so long is asked a second time, and the "
        "first answer wins. Both may be billed. Calls with tools are left out, and so is corchestra batch."},
       assign_hedge_after},
      {{"llm.hedge_budget",
        "--hedge-budget",
        {"CORCHESTRA_HEDGE_BUDGET"},
        "",
        "an integer from 1 to 100",
        "5",
        "How many of a hundred model calls may be asked a second time."},
       [](settings& s, const std::string& t) { return assign_integer<int>(s.hedge.budget_percent, t, 1, 100); }},
      {{"prices",
        "--prices",
        {"CORCHESTRA_PRICES"},
        "",
        "a file name",
        "OpenAI's list prices, at OpenAI's own endpoint only",
        "What models cost: a JSON file in LiteLLM's format. Calls of models without a price have no known cost."},
       [](settings& s, const std::string& t) { return !t.empty() && assign_path(s.prices, t); },
       true},
      {{"allow_unpriced",
        "--allow-unpriced",
        {"CORCHESTRA_ALLOW_UNPRICED"},
        "budget.allow_unpriced",
        "true or false",
        "false",
        "With a budget in dollars: make calls of models without a known price, or without max_tokens, as well."},
       [](settings& s, const std::string& t) { return assign_boolean(s.allow_unpriced, t); }},
      {{"response_cache",
        "--response-cache",
        {"CORCHESTRA_RESPONSE_CACHE"},
        "",
        "a file name",
        "none",
        "Keeps whole answers in an SQLite file, and does not ask the same again."},
       [](settings& s, const std::string& t) { return !t.empty() && assign_path(s.response_cache, t); },
       true},
      {{"record",
        "--record",
        {"CORCHESTRA_RECORD"},
        "",
        "a file name",
        "none",
        "Adds every exchange with the endpoint to a JSONL file, without keys, for --replay."},
       [](settings& s, const std::string& t) { return !t.empty() && assign_path(s.record, t); },
       true},
      {{"replay",
        "--replay",
        {"CORCHESTRA_REPLAY"},
        "",
        "a file name",
        "none",
        "Answers from a file that --record wrote: nothing is sent."},
       [](settings& s, const std::string& t) { return !t.empty() && assign_path(s.replay, t); },
       true},
      {{"analysis",
        "--analysis",
        {"CORCHESTRA_ANALYSIS"},
        "analysis",
        "auto, always or never",
        "auto",
        "Whether a model looks for dependencies of the tasks without depends_on."},
       assign_analysis},
      {{"analysis_model",
        "--analysis-model",
        {"CORCHESTRA_ANALYSIS_MODEL"},
        "analysis.model",
        "a model's name",
        "as endpoint.model",
        "The model that is asked for dependencies."},
       [](settings& s, const std::string& t) { return assign_line(s.analysis_model, t); }},
      {{"preset",
        "--preset",
        {"CORCHESTRA_PRESET"},
        "limits.preset",
        "stage8, ucop, jobpool or taskcall",
        "none",
        "The limits of an earlier system. In a plan, what stands beside it wins; from a flag or variable it wins over "
        "the "
        "plan's limits."},
       assign_preset},
      {{"max_concurrent_tasks",
        "--max-concurrent-tasks",
        {"CORCHESTRA_MAX_CONCURRENT_TASKS"},
        "limits.max_concurrent_tasks",
        "an integer from 1 to 100000",
        "10",
        "How many tasks may run at once."},
       [](settings& s, const std::string& t) {
         return assign_integer<std::uint32_t>(s.max_concurrent_tasks, t, 1, 100'000);
       }},
      {{"run_timeout",
        "--run-timeout",
        {"CORCHESTRA_RUN_TIMEOUT"},
        "limits.run_timeout",
        a_duration,
        "none",
        "Longest time of the whole run."},
       [](settings& s, const std::string& t) { return assign_duration(s.run_timeout, t); }},
      {{"fail_fast",
        "--fail-fast",
        {"CORCHESTRA_FAIL_FAST"},
        "fail_fast",
        "true or false",
        "false",
        "Whether the first failure cancels everything else."},
       [](settings& s, const std::string& t) { return assign_boolean(s.fail_fast, t); }},
      {{"mode",
        "--mode",
        {"CORCHESTRA_MODE"},
        "mode",
        "auto, sequential, levels or parallel",
        "auto",
        "auto: a task starts the moment it can; sequential: one at a time; levels: a barrier after each level; "
        "parallel: "
        "ignores dependencies and must be confirmed."},
       assign_mode},
      {{"unsafe_ignore_dependencies",
        "--unsafe-ignore-dependencies",
        {"CORCHESTRA_UNSAFE_IGNORE_DEPENDENCIES"},
        "unsafe_ignore_dependencies",
        "true or false",
        "false",
        "Confirms the mode parallel, whose results are wrong where dependencies are real."},
       [](settings& s, const std::string& t) { return assign_boolean(s.unsafe_ignore_dependencies, t); }},
      {{"order",
        "--order",
        {"CORCHESTRA_ORDER"},
        "order",
        "priority, critical_path, depth_first, breadth_first or fifo",
        "priority",
        "Which of the tasks that could start goes first."},
       assign_order},
      {{"cache_folder",
        "--cache-folder",
        {"CORCHESTRA_CACHE_FOLDER"},
        "",
        "a folder",
        "~/.cache/corchestra",
        "Where answers of the dependency analysis are kept ($XDG_CACHE_HOME/corchestra where that is set)."},
       [](settings& s, const std::string& t) { return assign_path(s.cache_folder, t); },
       true},
      {{"log_level",
        "--log-level",
        {"CORCHESTRA_LOG_LEVEL"},
        "",
        "trace, debug, info, warn, error or off",
        "warn",
        "The least important log lines that are shown."},
       assign_log_level},
  };
}

}  // namespace

const std::vector<setting_rule>& setting_rules() {
  static const std::vector<setting_rule> rules = [] {
    std::vector<setting_rule> all = make_rules();
    std::vector<setting_rule> more = telemetry_rules();
    all.insert(all.end() - 1, more.begin(), more.end());  // log_level is the last
    return all;
  }();
  return rules;
}

}  // namespace corchestra::plan_file

namespace corchestra {

const std::vector<setting_definition>& setting_definitions() {
  static const std::vector<setting_definition> definitions = [] {
    std::vector<setting_definition> out;
    for (const plan_file::setting_rule& r : plan_file::setting_rules()) out.push_back(r.shown);
    return out;
  }();
  return definitions;
}

}  // namespace corchestra
