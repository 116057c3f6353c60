// The predecessors' environment variables, by their new names.
#include <corchestra/plan/settings.hpp>

#include <catch2/catch_test_macros.hpp>
#include <map>

namespace corchestra {

namespace {

settings from(const std::map<std::string, std::string>& variables) {
  settings_input in;
  in.files_given = true;
  for (const auto& [name, value] : variables) in.environment_names.push_back(name);
  in.environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  auto s = load_settings(in);
  if (!s) FAIL(s.error().message);
  return std::move(*s);
}

}  // namespace

TEST_CASE("[A18][A20] the number of workers comes from the environment", "[plan]") {
  CHECK_FALSE(from({}).max_concurrent_tasks);
  CHECK(from({{"CORCHESTRA_MAX_CONCURRENT_TASKS", "4"}}).max_concurrent_tasks == 4U);
}

TEST_CASE("[A19][A21] the mode comes from the environment, and is the one switch for parallelism", "[plan]") {
  CHECK(from({{"CORCHESTRA_MODE", "auto"}}).mode == scheduling_mode::automatic);
  CHECK(from({{"CORCHESTRA_MODE", "sequential"}}).mode == scheduling_mode::sequential);
}

TEST_CASE("[A24][A26] the analysis is switched off and the key is given by the environment", "[plan]") {
  const auto s = from({{"CORCHESTRA_ANALYSIS", "never"}, {"OPENAI_API_KEY", "sk-secret-enough"}});
  CHECK(s.analysis == analysis_mode::never);
  CHECK(s.api_key.reveal() == "sk-secret-enough");
}

}  // namespace corchestra
