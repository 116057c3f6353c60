#include "llm/strict_schema.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace corchestra;

namespace {

json schema_with(const json& property) {
  return {{"type", "object"},
          {"properties", {{"a", property}}},
          {"required", json::array({"a"})},
          {"additionalProperties", false}};
}

bool strict(const json& schema) { return llm::is_strict_schema(schema); }

}  // namespace

TEST_CASE("a closed object with supported keywords is strict") {
  CHECK(strict(schema_with({{"type", "string"}})));
  CHECK(strict(schema_with({{"type", json::array({"string", "null"})}, {"enum", {"x", nullptr}}})));
  CHECK(strict(schema_with(schema_with({{"type", "integer"}, {"minimum", 1}}))));
  CHECK(strict(schema_with({{"type", "array"}, {"items", schema_with({{"type", "string"}, {"format", "date"}})}})));
  CHECK(strict(schema_with({{"anyOf", {{{"type", "null"}}, schema_with({{"type", "string"}})}}})));
  json recursive = schema_with({{"$ref", "#/$defs/node"}});
  recursive["$defs"]["node"] = schema_with({{"anyOf", {{{"$ref", "#/$defs/node"}}, {{"type", "null"}}}}});
  CHECK(strict(recursive));
}

TEST_CASE("what strict output does not take is not strict, wherever it stands") {
  json optional = schema_with({{"type", "string"}});
  optional["required"] = json::array();
  json open = schema_with({{"type", "string"}});
  open.erase("additionalProperties");
  json any = schema_with({{"type", "string"}});
  any["anyOf"] = json::array({schema_with({{"type", "string"}})});
  const json not_strict[] = {
      optional,
      open,
      any,
      json(true),
      json{{"type", "array"}, {"items", {{"type", "string"}}}},
      schema_with(optional),
      schema_with(json::object()),
      schema_with({{"type", "array"}}).patch(json::parse(R"([{"op":"add","path":"/properties/a/items","value":{}}])")),
      schema_with({{"type", "string"}, {"default", "x"}}),
      schema_with({{"type", "string"}, {"format", "uri"}}),
      schema_with({{"oneOf", {{{"type", "string"}}}}}),
      schema_with({{"type", "string"}, {"not", {{"const", "x"}}}}),
      schema_with({{"$ref", "#/$defs/x"}, {"description", "x"}}),
      schema_with({{"$ref", "https://example.org/x"}}),
      schema_with({{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}),
  };
  for (const json& schema : not_strict) {
    CAPTURE(schema.dump());
    CHECK_FALSE(strict(schema));
  }
}

TEST_CASE("deep nesting is not strict") {
  json schema = {{"type", "string"}};
  for (int i = 0; i < 5; ++i) schema = schema_with(schema);
  CHECK(strict(schema));
  CHECK_FALSE(strict(schema_with(schema)));
}
