#include "llm/strict_schema.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace corchestra;

namespace {

json with(const json& property) {
  return {{"type", "object"},
          {"properties", {{"a", property}}},
          {"required", json::array({"a"})},
          {"additionalProperties", false}};
}

bool strict(const json& schema) { return llm::is_strict_schema(schema); }

}  // namespace

TEST_CASE("a closed object with supported keywords is strict") {
  CHECK(strict(with({{"type", "string"}})));
  CHECK(strict(with({{"type", json::array({"string", "null"})}, {"enum", {"x", nullptr}}})));
  CHECK(strict(with(with({{"type", "integer"}, {"minimum", 1}}))));
  CHECK(strict(with({{"type", "array"}, {"items", with({{"type", "string"}, {"format", "date"}})}})));
  CHECK(strict(with({{"anyOf", {{{"type", "null"}}, with({{"type", "string"}})}}})));
  json recursive = with({{"$ref", "#/$defs/node"}});
  recursive["$defs"]["node"] = with({{"anyOf", {{{"$ref", "#/$defs/node"}}, {{"type", "null"}}}}});
  CHECK(strict(recursive));
}

TEST_CASE("what strict output does not take is not strict, wherever it stands") {
  json optional = with({{"type", "string"}});
  optional["required"] = json::array();
  json open = with({{"type", "string"}});
  open.erase("additionalProperties");
  json any = with({{"type", "string"}});
  any["anyOf"] = json::array({with({{"type", "string"}})});
  const json not_strict[] = {
      optional,
      open,
      any,
      json(true),
      json{{"type", "array"}, {"items", {{"type", "string"}}}},
      with(optional),
      with(json::object()),
      with({{"type", "array"}}).patch(json::parse(R"([{"op":"add","path":"/properties/a/items","value":{}}])")),
      with({{"type", "string"}, {"default", "x"}}),
      with({{"type", "string"}, {"format", "uri"}}),
      with({{"oneOf", {{{"type", "string"}}}}}),
      with({{"type", "string"}, {"not", {{"const", "x"}}}}),
      with({{"$ref", "#/$defs/x"}, {"description", "x"}}),
      with({{"$ref", "https://example.org/x"}}),
      with({{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}),
  };
  for (const json& schema : not_strict) {
    CAPTURE(schema.dump());
    CHECK_FALSE(strict(schema));
  }
}

TEST_CASE("deep nesting is not strict") {
  json schema = {{"type", "string"}};
  for (int i = 0; i < 5; ++i) schema = with(schema);
  CHECK(strict(schema));
  CHECK_FALSE(strict(with(schema)));
}
