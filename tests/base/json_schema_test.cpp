#include <corchestra/base/json_schema.hpp>

#include <catch2/catch_test_macros.hpp>

#include "base/compiled_schema.hpp"

using namespace corchestra;
using tests::compiled_schema;

namespace {

std::string complaint(const json_schema& s, std::string_view value, std::size_t max = 5) {
  const auto r = s.validate(json::parse(value), max);
  if (r) return "";
  CHECK(r.error().is(errc::schema_mismatch));
  return r.error().message;
}

constexpr std::string_view edges = R"({
  "type": "object",
  "properties": {
    "edges": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/edge"}}
  },
  "required": ["edges"],
  "definitions": {"edge": {
    "type": "object",
    "properties": {
      "from": {"type": "string", "pattern": "^a"},
      "kind": {"enum": ["data", "file"]},
      "due": {"type": ["string", "null"], "format": "date"},
      "version": {"const": 3}
    },
    "required": ["from", "kind"],
    "additionalProperties": false
  }}
})";

}  // namespace

TEST_CASE("findings name the path and what was expected there") {
  const auto s = compiled_schema(edges);
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"edges":[{"from":"a","kind":"data","due":null,"version":3}]})", ""},
      {"[]", "the value: expected object, found []"},
      {"{}", "the value: Missing required property 'edges'"},
      {R"({"edges":[]})", "/edges: Array should contain no fewer than 1 elements"},
      {R"({"edges":[{"from":1,"kind":"data"}]})", "/edges/0/from: expected string, found 1"},
      {R"({"edges":[{"from":"b","kind":"data"}]})", "/edges/0/from: expected text matching ^a, found \"b\""},
      {R"({"edges":[{"from":"a","kind":"api"}]})", "/edges/0/kind: expected one of data, file, found \"api\""},
      {R"({"edges":[{"from":"a","kind":"data","due":5}]})", "/edges/0/due: expected one of string, null, found 5"},
      {R"({"edges":[{"from":"a","kind":"data","due":"x"}]})", "/edges/0/due: String should be a valid date"},
      {R"({"edges":[{"from":"a","kind":"data","version":4}]})", "/edges/0/version: expected 3, found 4"},
      {R"({"edges":[{"from":"a","kind":"data","to":4}]})",
       "/edges/0: unknown member 'to': expected due, from, kind, version"},
      {R"({"edges":[{"kind":1},{"from":2,"kind":"data"}]})",
       "/edges/0/kind: expected one of data, file, found 1; /edges/0: Missing required property 'from'; "
       "/edges/1/from: expected string, found 2"},
  };
  for (const auto& [value, message] : rows) {
    CAPTURE(value);
    CHECK(complaint(s, value) == message);
  }
}

TEST_CASE("findings beyond the limit are counted") {
  const auto s = compiled_schema(R"({"items": {"type": "integer"}})");
  CHECK(complaint(s, R"(["a", "b", "c", "d"])", 2) ==
        R"(/0: expected integer, found "a"; /1: expected integer, found "b"; and 2 more)");
}

TEST_CASE("a format says nothing about what is not a string") {
  const auto s = compiled_schema(R"({"properties": {"a": {"format": "date"}}})");
  CHECK(complaint(s, R"({"a": {}})").empty());
  CHECK(complaint(s, R"({"a": 5})").empty());
  CHECK(complaint(s, R"({"a": "2026-11-21"})").empty());
  CHECK(complaint(s, R"({"a": "tomorrow"})") == "/a: String should be a valid date");
}

TEST_CASE("boolean schemas allow all or nothing") {
  CHECK(complaint(compiled_schema("true"), "5").empty());
  CHECK(complaint(compiled_schema("false"), "5") == "the value: nothing is allowed here");
}

TEST_CASE("a schema may refer to itself on the way down") {
  const auto tree = compiled_schema(R"({"type": "object", "additionalProperties": {"$ref": "#"}})");
  CHECK(complaint(tree, R"({"a": {"b": {}}})").empty());
  CHECK(complaint(tree, R"({"a": {"b": 1}})") == "/a/b: expected object, found 1");
}

TEST_CASE("a malformed schema is an error that says where or what") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"5", "#: expected a schema (an object, true or false), found a number"},
      {R"({"type": 5})", "JSON value is not a string."},
      {R"({"type": "strin"})", "Unrecognised JSON type name 'strin'"},
      {R"({"properties": 5})", "JSON value is not an object."},
      {R"({"properties": {"a": 5}})", "#/properties/a: expected a schema (an object, true or false), found a number"},
      {R"({"items": [{}, 5]})", "#/items/1: expected a schema (an object, true or false), found a number"},
      {R"({"required": "a"})", "JSON value is not an array."},
      {R"({"minLength": -1})", "Expected a non-negative integer value for 'minLength' constraint."},
      {R"({"multipleOf": 0})", "#: expected multipleOf to be a number above 0"},
      {R"({"pattern": 5})", "#: expected pattern to be a string"},
      {R"({"properties": {"a": {"$ref": 5}}})", "#/properties/a: expected $ref to be a string"},
      {R"({"$ref": "http://example.com/s"})",
       "#: $ref 'http://example.com/s' leads nowhere: expected a place within the schema, as '#/definitions/name'"},
      {R"({"$ref": "#/definitions/a"})",
       "#: $ref '#/definitions/a' leads nowhere: expected a place within the schema, as '#/definitions/name'"},
      {R"({"$ref": "#"})", "#: the schema refers to itself without going down into the value"},
      {R"({"allOf": [{"$ref": "#"}]})", "the schema refers to itself without going down into the value"},
  };
  for (const auto& [schema, message] : rows) {
    CAPTURE(schema);
    const auto r = json_schema::compile(json::parse(schema));
    REQUIRE(r.has_error());
    CHECK(r.error().is(errc::invalid_argument));
    CHECK(r.error().message.starts_with("not a usable JSON Schema: "));
    CHECK(r.error().message.ends_with(message));
  }
  const auto broken = json_schema::compile(json::parse(R"({"properties": {"a": {"pattern": "("}}})"));
  REQUIRE(broken.has_error());
  CHECK(broken.error().message.starts_with(
      "not a usable JSON Schema: #/properties/a: '(' is not a regular expression: "));
}

TEST_CASE("circles of references are found from wherever they start") {
  const auto r = json_schema::compile(json::parse(
      R"({"definitions": {"a": {"anyOf": [{"$ref": "#/definitions/b"}]}, "b": {"not": {"$ref": "#/definitions/a"}}}})"));
  REQUIRE(r.has_error());
  CHECK(r.error().message.ends_with("the schema refers to itself without going down into the value"));
}

TEST_CASE("schemas nested without end are refused") {
  json s = true;
  for (int i = 0; i < 1000; ++i) s = json{{"not", std::move(s)}};
  const auto r = json_schema::compile(s);
  REQUIRE(r.has_error());
  CHECK(r.error().message.ends_with(": nested deeper than 200 levels"));
}

TEST_CASE("references that lead on and on are refused in whatever order they stand") {
  for (const bool upwards : {false, true}) {
    json definitions{{"1000", true}};
    for (int i = 1001; i < 4000; ++i) {
      const auto name = [upwards](int n) { return std::to_string(upwards ? n : 9000 - n); };
      definitions[name(i)] = {{"items", {{"$ref", "#/definitions/" + (i == 1001 ? "1000" : name(i - 1))}}}};
    }
    const auto r = json_schema::compile({{"definitions", definitions}});
    REQUIRE(r.has_error());
    CHECK(r.error().message.ends_with(": nested deeper than 200 levels"));
  }
}

TEST_CASE("long texts are not matched against patterns") {
  const auto s = compiled_schema(R"({"pattern": "^(a|b)*$"})");
  CHECK(s.validate(json("abab")).has_value());
  CHECK(s.validate(json(std::string(8192, 'a'))).has_value());
  const auto r = s.validate(json(std::string(1'000'000, 'a')));
  REQUIRE(r.has_error());
  CHECK(r.error().message == "a text is longer than 8192 bytes, too long for a schema with patterns");
  CHECK(compiled_schema(R"({"type": "string"})").validate(json(std::string(1'000'000, 'a'))).has_value());
}

TEST_CASE("copies share the schema and outlive the original") {
  std::optional<json_schema> first = compiled_schema(R"({"type": "string"})");
  const json_schema second = *first;
  first.reset();
  CHECK(second.source() == json{{"type", "string"}});
  CHECK(second.validate("x").has_value());
}
