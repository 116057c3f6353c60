#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/base/text.hpp>

using namespace corchestra;
namespace fs = std::filesystem;

namespace {

/// Mandatory cases that do not pass, `<draft>/<file>: <group>: <case>`, with the reason. One that passes is an error.
const std::map<std::string, std::string> known_failures{
    {"draft2020-12/format.json: date format: invalid date string is only an annotation by default",
     "dates are checked in every draft: a schema that asks an agent for a date means one"},
    {"draft2020-12/format.json: date-time format: invalid date-time string is only an annotation by default",
     "as above"},
    {"draft2020-12/format.json: time format: invalid time string is only an annotation by default", "as above"},
};

/// Names of cases by what became of them.
struct outcome {
  std::vector<std::string> passed, failed;
  std::size_t refused = 0;

  std::size_t all() const { return passed.size() + failed.size() + refused; }
  void print(const std::string& what) const {
    std::printf("%-46s %5zu passed %5zu refused %5zu failed\n", what.c_str(), passed.size(), refused, failed.size());
  }
};

/// A case passes when the value is accepted or not as the suite says; all cases of a schema that is not are refused.
outcome run_file(const fs::path& path, const std::string& name) {
  outcome o;
  std::ifstream in(path);
  for (const json& group : json::parse(in)) {
    const auto compiled = json_schema::compile(group["schema"]);
    if (!compiled) {
      std::printf("  refused: %s: %s\n", to_text(group["description"]).c_str(), compiled.error().message.c_str());
      CHECK(compiled.error().is(errc::invalid_argument));
      CHECK(compiled.error().message.starts_with("not a usable JSON Schema: "));
      o.refused += group["tests"].size();
      continue;
    }
    for (const json& test : group["tests"]) {
      const bool as_said = compiled->validate(test["data"]).has_value() == test["valid"].get<bool>();
      (as_said ? o.passed : o.failed)
          .push_back(concat(name, ": ", to_text(group["description"]), ": ", to_text(test["description"])));
    }
  }
  o.print(name);
  return o;
}

/// The files right in a folder.
outcome run_folder(const fs::path& folder, const std::string& name) {
  std::map<std::string, fs::path> files;
  if (fs::exists(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".json") files[entry.path().filename().string()] = entry.path();
  outcome total;
  for (const auto& [file, path] : files) {
    const outcome o = run_file(path, concat(name, '/', file));
    total.passed.insert(total.passed.end(), o.passed.begin(), o.passed.end());
    total.failed.insert(total.failed.end(), o.failed.begin(), o.failed.end());
    total.refused += o.refused;
  }
  return total;
}

void summarize(const std::string& name, const outcome& o) {
  if (o.all() == 0) return;
  o.print(concat("total of ", name));
  std::printf("%s: %.1f %% of %zu pass\n\n", name.c_str(), 100.0 * double(o.passed.size()) / double(o.all()), o.all());
}

/// `JSON_SCHEMA_TEST_SUITE` names another copy of the suite than the package's.
fs::path suite() {
  const char* const chosen = std::getenv("JSON_SCHEMA_TEST_SUITE");
  return fs::path(chosen ? chosen : "/usr/share/json-schema-test-suite") / "tests";
}

}  // namespace

TEST_CASE("no case of the JSON Schema Test Suite fails: it passes or its schema is refused", "[schema-suite]") {
  if (!fs::exists(suite() / "draft7"))
    SKIP("the JSON Schema Test Suite is not installed (package json-schema-test-suite)");
  for (const std::string draft : {"draft6", "draft7", "draft2019-09", "draft2020-12"}) {
    const outcome o = run_folder(suite() / draft, draft);
    summarize(draft, o);
    for (const std::string& name : o.failed) {
      INFO(name);
      CHECK(known_failures.contains(name));
    }
    for (const std::string& name : o.passed) {
      INFO("a known failure that passes: " << name);
      CHECK(!known_failures.contains(name));
    }
    if (draft == "draft7") CHECK(o.passed.size() * 100 >= o.all() * 93);
  }
}

TEST_CASE("what the JSON Schema Test Suite leaves optional is counted", "[schema-suite]") {
  if (!fs::exists(suite() / "draft7/optional"))
    SKIP("the JSON Schema Test Suite is not installed (package json-schema-test-suite)");
  for (const std::string part : {"draft7/optional", "draft7/optional/format"})
    summarize(part, run_folder(suite() / part, part));
}
