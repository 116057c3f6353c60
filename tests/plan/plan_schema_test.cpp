#include <corchestra/plan/plan_document.hpp>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include <corchestra/base/json_schema.hpp>

#include "base/text_file.hpp"
#include "plan/engine_plan_texts.hpp"
#include "plan/parse.hpp"
#include "plan/plan_texts.hpp"
#include "plan/tool_plan_texts.hpp"

namespace corchestra {

namespace {

result<void> check_by_schema(std::string_view text) {
  static const auto schema = json_schema::compile(plan_schema());
  REQUIRE(schema);
  const auto parsed = plan_file::parse_yaml(text, "p.yaml", errc::invalid_plan);
  REQUIRE(parsed);
  return schema->validate(plan_file::to_json(*parsed));
}

std::string schema_finding(std::string_view text) {
  const auto r = check_by_schema(text);
  return r ? std::string() : r.error().message;
}

void check_descriptions(const json& schema, const std::string& path) {
  if (!schema.contains("properties")) return;
  for (const auto& [name, property] : schema["properties"].items()) {
    CAPTURE(path, name);
    const bool plain =
        property.contains("description") || property.contains("$ref") || property.size() >= 2 || name == "kind";
    CHECK(plain);
    check_descriptions(property, path + "/" + name);
  }
}

}  // namespace

TEST_CASE("the schema refuses every plan whose structure the reader refuses", "[plan]") {
  std::vector<tests::bad_plan> all = tests::bad_plans();
  all.insert(all.end(), tests::bad_engine_plans().begin(), tests::bad_engine_plans().end());
  all.insert(all.end(), tests::bad_tool_plans().begin(), tests::bad_tool_plans().end());
  for (const tests::bad_plan& p : all) {
    CAPTURE(p.about);
    if (p.structural) {
      CHECK(!schema_finding(p.text).empty());
    } else {
      CHECK(schema_finding(p.text) == "");
    }
  }
}

TEST_CASE("the schema accepts every sound plan", "[plan]") {
  for (const std::string_view text : tests::good_plans()) CHECK(schema_finding(text) == "");
  CHECK(schema_finding(tests::tool_plan) == "");
  CHECK(schema_finding(plan_template()) == "");
}

TEST_CASE("reader and schema agree on every example plan", "[plan]") {
  const std::filesystem::path folder = std::filesystem::path(__FILE__).parent_path() / "../../examples/plans";
  REQUIRE(std::filesystem::is_directory(folder));
  int plans = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::filesystem::path& file = entry.path();
    const bool lines = file.extension() == ".jsonl";
    if ((!lines && file.extension() != ".yaml") || file.stem().string().ends_with("-agents")) continue;
    CAPTURE(file.string());
    plan_load_options o;
    if (lines) o.agents_file = folder / (file.stem().string() + "-agents.yaml");
    const auto loaded = load_plan(file, o);
    CHECK((loaded ? std::string() : loaded.error().message) == "");
    ++plans;
    if (lines) continue;
    const auto text = detail::read_text_file(file, 1 << 20);
    REQUIRE(text);
    CHECK(schema_finding(*text) == "");
  }
  CHECK(plans > 0);
}

TEST_CASE("the schema names its draft and describes its keys", "[plan]") {
  CHECK(plan_schema()["$schema"] == "http://json-schema.org/draft-07/schema#");
  check_descriptions(plan_schema(), "");
  for (const auto& [name, definition] : plan_schema()["definitions"].items()) check_descriptions(definition, name);
}

}  // namespace corchestra
