#include <corchestra/plan/settings.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "support/temp_dir.hpp"

namespace corchestra {

namespace {

using variables = std::map<std::string, std::string>;

settings_input with_environment(variables v = {}) {
  settings_input in;
  in.files_given = true;
  for (const auto& [name, value] : v) in.environment_names.push_back(name);
  in.environment = [v = std::move(v)](const std::string& name) -> std::optional<std::string> {
    const auto found = v.find(name);
    return found == v.end() ? std::nullopt : std::optional(found->second);
  };
  return in;
}

settings loaded(const settings_input& in) {
  auto s = load_settings(in);
  if (!s) FAIL(s.error().message);
  return std::move(*s);
}

const setting& row(const settings& s, std::string_view key) {
  const auto found = std::find_if(s.table.begin(), s.table.end(), [&](const setting& r) { return r.key == key; });
  REQUIRE(found != s.table.end());
  return *found;
}

plan_document a_plan(std::string_view head) {
  auto r = parse_plan(std::string(head) + "\nagents: {x: {kind: llm}}\ntasks: [{id: a, agent: x, prompt: p}]\n",
                      "p.yaml", plan_format::yaml);
  if (!r) FAIL(r.error().message);
  return std::move(*r);
}

}  // namespace

TEST_CASE("without any source every setting has its default", "[plan]") {
  const settings s = loaded(with_environment());
  CHECK(s.base_url.empty());
  CHECK(s.api_key.empty());
  CHECK_FALSE(s.model_forced);
  CHECK(s.analysis == analysis_mode::automatic);
  CHECK_FALSE(s.max_concurrent_tasks);
  CHECK(s.http_retries == 2);
  CHECK(s.http_timeout == duration(std::chrono::seconds(600)));
  CHECK(s.cache_folder.empty());
  CHECK(s.table.size() == setting_definitions().size());
  for (const setting& r : s.table) CHECK(r.source == setting_source::standard);
  CHECK(row(s, "endpoint.api_key").value == "[not set]");
}

TEST_CASE("OpenAI's variables alone make an endpoint", "[plan]") {
  const settings s = loaded(with_environment({{"OPENAI_API_KEY", "sk-very-secret"}, {"OPENAI_MODEL", "m"}}));
  CHECK(s.base_url == "https://api.openai.com/v1");
  CHECK(row(s, "endpoint.base_url").origin == "an API key is set");
  CHECK(s.api_key.reveal() == "sk-very-secret");
  CHECK(s.model == "m");
  CHECK(s.model_forced);
  CHECK(row(s, "endpoint.api_key").origin == "OPENAI_API_KEY");
  for (const setting& r : s.table) CHECK(r.value.find("secret") == std::string::npos);
}

TEST_CASE("CORCHESTRA_ variables are stronger than OPENAI_ ones, and empty ones are not set", "[plan]") {
  const settings s = loaded(with_environment({{"OPENAI_BASE_URL", "http://a"},
                                              {"CORCHESTRA_BASE_URL", "http://b"},
                                              {"OPENAI_MODEL", "m"},
                                              {"CORCHESTRA_MODEL", ""}}));
  CHECK(s.base_url == "http://b");
  CHECK(s.model == "m");
}

TEST_CASE("what set a setting is named for messages", "[plan]") {
  const tests::temp_dir dir;
  settings_input in = with_environment({{"CORCHESTRA_PRICES", "p.json"}});
  in.files = {dir.write("c.yaml", "record: calls.jsonl\n")};
  in.flags = {{"endpoint.model", "m"}};
  const settings s = loaded(in);
  CHECK(origin_of(s, "endpoint.model") == "--model");
  CHECK(origin_of(s, "prices") == "CORCHESTRA_PRICES");
  CHECK(origin_of(s, "record") == dir.file("c.yaml") + ":1: record");
  CHECK(origin_of(s, "replay") == "replay");
  CHECK(origin_of(settings(), "replay") == "replay");
}

TEST_CASE("only flags and variables force the model", "[plan]") {
  const tests::temp_dir dir;
  const plan_document plan = a_plan("defaults: {model: from-plan}");
  settings_input in = with_environment();
  in.files = {dir.write("c.yaml", "endpoint: {model: from-file}\n")};
  CHECK(loaded(in).model == "from-file");
  CHECK_FALSE(loaded(in).model_forced);
  in.plan = &plan;
  CHECK(loaded(in).model == "from-plan");
  CHECK_FALSE(loaded(in).model_forced);
  CHECK(row(loaded(in), "endpoint.model").origin == "p.yaml:1");
  in.flags["endpoint.model"] = "from-flag";
  CHECK(loaded(in).model == "from-flag");
  CHECK(loaded(in).model_forced);
  CHECK(row(loaded(in), "endpoint.model").origin == "--model");
}

TEST_CASE("the strongest of the sources that say something wins, whichever they are", "[plan]") {
  const tests::temp_dir dir;
  const std::string file = dir.write("c.yaml", "max_concurrent_tasks: 11\n");
  const plan_document plan = a_plan("limits: {max_concurrent_tasks: 12}");
  CHECK(rc::check([&](bool flag, bool variable, bool in_plan, bool in_file) {
    settings_input in = with_environment(variable ? variables{{"CORCHESTRA_MAX_CONCURRENT_TASKS", "13"}} : variables{});
    if (flag) in.flags["max_concurrent_tasks"] = "14";
    if (in_plan) in.plan = &plan;
    if (in_file) in.files = {file};
    const auto s = load_settings(in);
    RC_ASSERT(s.has_value());
    const std::uint32_t expected = flag ? 14 : variable ? 13 : in_plan ? 12 : in_file ? 11 : 10;
    RC_ASSERT(s->max_concurrent_tasks.value_or(10) == expected);
    const setting_source source = flag       ? setting_source::flag
                                  : variable ? setting_source::environment
                                  : in_plan  ? setting_source::plan
                                  : in_file  ? setting_source::config_file
                                             : setting_source::standard;
    const auto r = std::find_if(s->table.begin(), s->table.end(),
                                [](const setting& x) { return x.key == "max_concurrent_tasks"; });
    RC_ASSERT(r->source == source);
    RC_ASSERT(r->value == std::to_string(expected));
  }));
}

TEST_CASE("a preset is stronger than a number of slots from a weaker source, and weaker than one from a stronger", "[plan]") {
  const tests::temp_dir dir;
  const plan_document slots = a_plan("limits: {max_concurrent_tasks: 12}"), stage8 = a_plan("limits: {preset: stage8}");
  settings_input in = with_environment();
  in.flags["preset"] = "ucop";
  in.plan = &slots;
  CHECK(loaded(in).preset == "ucop");
  CHECK_FALSE(loaded(in).max_concurrent_tasks);
  CHECK(row(loaded(in), "max_concurrent_tasks").value == "as preset ucop");
  in.flags["max_concurrent_tasks"] = "7";
  CHECK(loaded(in).max_concurrent_tasks == 7);
  settings_input by_plan = with_environment();
  by_plan.plan = &stage8;
  by_plan.files = {dir.write("c.yaml", "max_concurrent_tasks: 11\n")};
  CHECK(loaded(by_plan).preset.empty());  // the plan has it already
  CHECK_FALSE(loaded(by_plan).max_concurrent_tasks);
}

TEST_CASE("a configuration file sets everything, its paths start from its folder", "[plan]") {
  const tests::temp_dir dir;
  settings_input in = with_environment({{"HOME", "/home/me"}});
  in.files = {dir.file("none.yaml"), dir.write("c.yaml", R"(endpoint:
  base_url: https://llm.example:8443/v1
  api_key: "k-123456"
  organization: org
  project: proj
  ca_file: certs/ca.pem
http_retries: 5
http_timeout: 2m
analysis: never
analysis_model: small
run_timeout: 90
fail_fast: true
mode: sequential
cache_folder: ~/cache
log_level: debug
)")};
  const settings s = loaded(in);
  CHECK(s.base_url == "https://llm.example:8443/v1");
  CHECK(s.api_key.reveal() == "k-123456");
  CHECK(s.organization == "org");
  CHECK(s.project == "proj");
  CHECK(s.ca_file == dir.file("certs/ca.pem"));
  CHECK(s.http_retries == 5);
  CHECK(s.http_timeout == duration(std::chrono::minutes(2)));
  CHECK(s.analysis == analysis_mode::never);
  CHECK(s.analysis_model == "small");
  CHECK(s.run_timeout == duration(std::chrono::seconds(90)));
  CHECK(s.fail_fast == true);
  CHECK(s.mode == scheduling_mode::sequential);
  CHECK(s.cache_folder == "/home/me/cache");
  CHECK(s.log_level == "debug");
  CHECK(row(s, "http_retries").origin == dir.file("c.yaml") + ":7");
}

TEST_CASE("an API key in a file that others can read is pointed out", "[plan]") {
  const tests::temp_dir dir;
  settings_input in = with_environment();
  in.files = {dir.write("c.yaml", "endpoint: {api_key: k-123456}\n")};
  std::filesystem::permissions(in.files[0], std::filesystem::perms(0644));
  CHECK(row(loaded(in), "endpoint.api_key").origin == dir.file("c.yaml") + ":1 (readable by others: chmod 600 it)");
  std::filesystem::permissions(in.files[0], std::filesystem::perms(0600));
  CHECK(row(loaded(in), "endpoint.api_key").origin == dir.file("c.yaml") + ":1");
}

TEST_CASE("malformed flags and variables are refused by name, secrets without their value", "[plan]") {
  struct table_row {
    bool flag;
    std::string name, value, message;
  };
  const table_row rows[] = {
      {true, "max_concurrent_tasks", "0", "--max-concurrent-tasks: expected an integer from 1 to 100000, got '0'"},
      {true, "max_concurrent_tasks", "5x", "--max-concurrent-tasks: expected an integer from 1 to 100000, got '5x'"},
      {true, "run_timeout", "0s", "--run-timeout: expected a duration above zero, at most 36500d, such as 30s or 1h30m, got '0s'"},
      {true, "analysis", "on", "--analysis: expected auto, always or never, got 'on'"},
      {true, "mode", "fast", "--mode: expected auto, sequential, levels or parallel, got 'fast'"},
      {true, "order", "random",
       "--order: expected priority, critical_path, depth_first, breadth_first or fifo, got 'random'"},
      {true, "llm.hedge_after", "p100",
       "--hedge-after: expected a duration above zero, at most 36500d, such as 30s, or a percentile from p50 to p99 of the times of "
       "earlier calls, got 'p100'"},
      {true, "llm.hedge_budget", "0", "--hedge-budget: expected an integer from 1 to 100, got '0'"},
      {true, "log_level", "loud", "--log-level: expected trace, debug, info, warn, error or off, got 'loud'"},
      {true, "endpoint.model", "", "--model: expected a model's name, got ''"},
      {true, "endpoint.base_url", "localhost:8080",
       "--base-url: expected a URL http://HOST[/PATH] or https://HOST[/PATH] without a user name, got "
       "'localhost:8080'"},
      {true, "endpoint.modle", "m", "unknown setting 'endpoint.modle', did you mean 'endpoint.model'?"},
      {false, "CORCHESTRA_HTTP_RETRIES", "-1", "CORCHESTRA_HTTP_RETRIES: expected an integer from 0 to 20, got '-1'"},
      {false, "CORCHESTRA_HTTP_TIMEOUT", "soon",
       "CORCHESTRA_HTTP_TIMEOUT: expected a duration above zero, at most 36500d, such as 30s or 1h30m, got 'soon'"},
      {false, "CORCHESTRA_FAIL_FAST", "yes", "CORCHESTRA_FAIL_FAST: expected true or false, got 'yes'"},
      {false, "OPENAI_BASE_URL", "https://me:pw@host/v1",
       "OPENAI_BASE_URL: expected a URL http://HOST[/PATH] or https://HOST[/PATH] without a user name, got "
       "'https://me:pw@host/v1'"},
      {false, "OPENAI_API_KEY", "sk secret\n", "OPENAI_API_KEY: expected a key of visible ASCII characters"},
      {false, "CORCHESTRA_PROXY", "http://me:pw @h",
       "CORCHESTRA_PROXY: expected none or an HTTP proxy [http://][USER[:PASSWORD]@]HOST[:PORT]"},
      {false, "OPENAI_ORG_ID", "a\r\nX-Evil: 1", "OPENAI_ORG_ID: expected text on one line, got 'a\\r\\nX-Evil: 1'"},
      {false, "CORCHESTRA_BASEURL", "x",
       "environment: CORCHESTRA_BASEURL: unknown variable, did you mean 'CORCHESTRA_BASE_URL'?"},
  };
  for (const table_row& r : rows) {
    CAPTURE(r.name);
    settings_input in = with_environment(r.flag ? variables{} : variables{{r.name, r.value}});
    if (r.flag) in.flags[r.name] = r.value;
    const auto s = load_settings(in);
    REQUIRE_FALSE(s);
    CHECK(s.error().message == r.message);
    CHECK(s.error().is(r.flag ? errc::invalid_argument : errc::invalid_config));
  }
}

TEST_CASE("a proxy is shown without its user and password, and the variables of other programs are kept", "[plan]") {
  const settings s = loaded(with_environment(
      {{"CORCHESTRA_PROXY", "http://me:pw@h:1"}, {"https_proxy", "a"}, {"HTTP_PROXY", "b"}, {"NO_PROXY", ""}}));
  CHECK(row(s, "endpoint.proxy").value == "...@h:1");
  CHECK(s.proxy.reveal() == "http://me:pw@h:1");
  REQUIRE(s.proxy_variables.size() == 1);
  CHECK(s.proxy_variables.at("https_proxy").reveal() == "a");
  CHECK(row(loaded(with_environment({{"CORCHESTRA_PROXY", "none"}})), "endpoint.proxy").value == "none");
}

TEST_CASE("malformed configuration files are refused with file, line and key", "[plan]") {
  const tests::temp_dir dir;
  struct table_row {
    std::string text, message;
  };
  const table_row rows[] = {
      {"- a\n", ":1: expected an object of settings, got a list"},
      {"endpoint: http://x\n", ":1: endpoint: expected an object of settings, got 'http://x'"},
      {"endpoint:\n  base_ulr: http://x\n",
       ":2: endpoint.base_ulr: unknown setting, did you mean 'endpoint.base_url'?"},
      {"http_retries: many\n", ":1: http_retries: expected an integer from 0 to 20, got 'many'"},
      {"http_retries: [1]\n", ":1: http_retries: expected an integer from 0 to 20, got a list"},
      {"fail_fast: maybe\n", ":1: fail_fast: expected true or false, got 'maybe'"},
      {"log_level:\n", ":1: log_level: expected trace, debug, info, warn, error or off, got nothing"},
      {"endpoint: {api_key: [sk-secret]}\n", ":1: endpoint.api_key: expected a key of visible ASCII characters"},
      {"mode: auto\nmode: auto\n", ":2: the key 'mode' is there twice"},
      {"mode: [auto\n", ":2:1: malformed YAML: end of sequence flow not found"},
  };
  for (const table_row& r : rows) {
    CAPTURE(r.text);
    settings_input in = with_environment();
    in.files = {dir.write("c.yaml", r.text)};
    const auto s = load_settings(in);
    REQUIRE_FALSE(s);
    CHECK(s.error().message == dir.file("c.yaml") + r.message);
    CHECK(s.error().is(errc::invalid_config));
  }
}

TEST_CASE("a configuration file that was asked for must be there, an empty one says nothing", "[plan]") {
  const tests::temp_dir dir;
  settings_input in = with_environment();
  in.files = {dir.file("no.yaml")};
  const auto s = load_settings(in);
  REQUIRE_FALSE(s);
  CHECK(s.error().message == "cannot read the configuration file '" + dir.file("no.yaml") + "': it does not exist");
  in.files = {dir.write("empty.yaml", "# nothing\n")};
  CHECK(load_settings(in));
}

TEST_CASE("the user's configuration file is found by XDG_CONFIG_HOME or HOME", "[plan]") {
  const tests::temp_dir dir;
  dir.write("xdg/corchestra/config.yaml", "http_retries: 7\n");
  dir.write("home/.config/corchestra/config.yaml", "http_retries: 8\n");
  settings_input in = with_environment({{"XDG_CONFIG_HOME", dir.file("xdg")}, {"HOME", dir.file("home")}});
  in.files_given = false;
  CHECK(loaded(in).http_retries == 7);
  in = with_environment({{"HOME", dir.file("home")}});
  in.files_given = false;
  CHECK(loaded(in).http_retries == 8);
  CHECK(loaded(in).cache_folder == dir.file("home/.cache/corchestra"));
}

TEST_CASE("[A27][A28][A29] the three modes of before are values of the setting mode", "[plan]") {
  const auto mode_of = [](const std::string& text) {
    return loaded(with_environment({{"CORCHESTRA_MODE", text}})).mode;
  };
  CHECK(mode_of("auto") == scheduling_mode::automatic);
  CHECK(mode_of("sequential") == scheduling_mode::sequential);
  CHECK(mode_of("parallel") == scheduling_mode::parallel);
  CHECK(mode_of("levels") == scheduling_mode::levels);
}

TEST_CASE("calls are hedged after a time or a percentile, from the source that is strongest", "[plan]") {
  CHECK_FALSE(loaded(with_environment()).hedge.after);
  CHECK_FALSE(loaded(with_environment()).hedge.percentile);
  settings_input in = with_environment({{"CORCHESTRA_HEDGE_AFTER", "2.5s"}, {"CORCHESTRA_HEDGE_BUDGET", "10"}});
  CHECK(loaded(in).hedge.after == duration(std::chrono::milliseconds(2500)));
  CHECK(loaded(in).hedge.budget_percent == 10);
  in.flags["llm.hedge_after"] = "p95";
  CHECK_FALSE(loaded(in).hedge.after);
  CHECK(loaded(in).hedge.percentile == 95);
}

TEST_CASE("the order and the confirmation of the mode parallel come from flags, variables and the plan", "[plan]") {
  const settings s = loaded(
      with_environment({{"CORCHESTRA_ORDER", "critical_path"}, {"CORCHESTRA_UNSAFE_IGNORE_DEPENDENCIES", "true"}}));
  CHECK(s.order == start_order::critical_path);
  CHECK(s.unsafe_ignore_dependencies == true);
  const plan_document plan = a_plan("order: fifo");
  settings_input in = with_environment();
  in.plan = &plan;
  CHECK(loaded(in).order == start_order::fifo);
  CHECK(row(loaded(in), "order").origin == "p.yaml:1");
  CHECK_FALSE(loaded(in).unsafe_ignore_dependencies);
  in.flags["order"] = "depth_first";
  CHECK(loaded(in).order == start_order::depth_first);
}

TEST_CASE("the documentation names every setting with its flag, variables and default", "[plan]") {
  const std::filesystem::path file = std::filesystem::path(__FILE__).parent_path() / "../../docs/configuration.md";
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  for (const setting_definition& d : setting_definitions()) {
    CAPTURE(d.key);
    const auto begin = text.find("| `" + std::string(d.key) + "` |");
    REQUIRE(begin != std::string::npos);
    const std::string line = text.substr(begin, text.find('\n', begin) - begin);
    CHECK(line.find(d.flag) != std::string::npos);
    for (const std::string_view name : d.environment) CHECK(line.find(name) != std::string::npos);
    CHECK(line.find(d.plan_key) != std::string::npos);
    CHECK(line.find(d.standard) != std::string::npos);
  }
}

}  // namespace corchestra
