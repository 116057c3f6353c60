#include <catch2/catch_test_macros.hpp>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/base/text.hpp>

#include "base/compiled_schema.hpp"

using namespace corchestra;
using tests::compiled_schema;

namespace {

bool accepts(const json_schema& s, std::string_view value) { return s.validate(json::parse(value)).has_value(); }

std::string refusal(std::string_view schema) {
  const auto r = json_schema::compile(json::parse(schema));
  if (r) return "";
  CHECK(r.error().is(errc::invalid_argument));
  return r.error().message;
}

}  // namespace

TEST_CASE("keywords that restrict and are not supported are refused with their place") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"unevaluatedProperties": false})",
       "#: the keyword 'unevaluatedProperties' is not supported: use additionalProperties"},
      {R"({"properties": {"a/b": {"unevaluatedItems": false}}})",
       "#/properties/a~1b: the keyword 'unevaluatedItems' is not supported: use items or additionalItems"},
      {R"({"items": {"contains": {}, "minContains": 2}})", "#/items: the keyword 'minContains' is not supported"},
      {R"({"contains": {}, "maxContains": 2})", "#: the keyword 'maxContains' is not supported"},
      {R"({"$defs": {"a": {"$anchor": "here"}}})",
       "#/$defs/a: the keyword '$anchor' is not supported: refer to a place instead, as '#/$defs/name'"},
      {R"({"not": {"$dynamicRef": "#a"}})", "#/not: the keyword '$dynamicRef' is not supported: use $ref"},
      {R"({"$dynamicAnchor": "a"})", "#: the keyword '$dynamicAnchor' is not supported"},
      {R"({"anyOf": [true, {"$recursiveRef": "#"}]})",
       "#/anyOf/1: the keyword '$recursiveRef' is not supported: use $ref"},
      {R"({"$recursiveAnchor": true})", "#: the keyword '$recursiveAnchor' is not supported"},
      {R"({"$vocabulary": {}})", "#: the keyword '$vocabulary' is not supported"},
      {R"({"disallow": "string"})", "#: the keyword 'disallow' is not supported: use not"},
      {R"({"extends": {}})", "#: the keyword 'extends' is not supported: use allOf"},
      {R"({"divisibleBy": 2})", "#: the keyword 'divisibleBy' is not supported: use multipleOf"},
      {R"({"items": {"$id": "http://example.com/a"}})",
       "#/items: the keyword '$id' is supported in the outermost schema only"},
      {R"({"prefixItems": [true, {"minContains": 1}]})", "#/prefixItems/1: the keyword 'minContains' is not supported"},
      {R"({"prefixItems": [true], "items": [true]})",
       "#: expected items beside prefixItems to be one schema, not a list"},
      {R"({"$schema": "http://json-schema.org/draft-03/schema#"})",
       "#: $schema 'http://json-schema.org/draft-03/schema#' is not supported: expected draft 4, 6, 7, 2019-09 or "
       "2020-12"},
      {R"({"$schema": 7})", "#: expected $schema to be a string"},
      {R"({"format": 7})", "#: expected format to be a string"},
      {R"({"type": ["string", "any"]})", "#: the type 'any' is not supported: leave type out"},
      {R"({"patternProperties": {"[ä]": true}})",
       "#: '[ä]' has characters beyond ASCII, not supported in patternProperties"},
      {R"({"patternProperties": {"(": true}})", "#: '(' is not a regular expression: "},
      {R"({"properties": {"a\u0000": true}})", "#: a name in properties has U+0000 in it, which is not supported"},
      {R"({"required": ["a\u0000"]})", "#: a name in required has U+0000 in it, which is not supported"},
  };
  for (const auto& [schema, message] : rows) {
    CAPTURE(schema);
    CHECK(refusal(schema).starts_with(concat("not a usable JSON Schema: ", message)));
  }
}

TEST_CASE("keywords are keywords only where a schema is expected") {
  const auto s = compiled_schema(R"({
    "properties": {"unevaluatedProperties": {"type": "string"}, "$anchor": true, "$ref": {"type": "integer"}},
    "required": ["$anchor"],
    "enum": [{"$anchor": {"minContains": 1}}],
    "default": {"unevaluatedItems": 1},
    "examples": [{"$dynamicRef": "a"}],
    "x-own": {"maxContains": 2}
  })");
  CHECK(accepts(s, R"({"$anchor": {"minContains": 1}})"));
  CHECK_FALSE(accepts(s, R"({"$anchor": {"minContains": 2}})"));
  CHECK(accepts(compiled_schema(R"({"const": {"$vocabulary": {}}})"), R"({"$vocabulary": {}})"));
}

TEST_CASE("annotations, formats that are not checked and unknown keywords restrict nothing") {
  const auto s = compiled_schema(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "http://example.com/s", "$comment": "c",
    "title": "t", "description": "d", "default": 1, "examples": [2], "readOnly": true, "writeOnly": false,
    "deprecated": true, "contentMediaType": "application/json", "contentEncoding": "base64", "contentSchema": {},
    "format": "uuid", "id": "i", "$multipleOf": 7, "propertyOrdering": ["a"]
  })");
  CHECK(accepts(s, R"("no uuid")"));
  CHECK(accepts(s, "5"));
}

TEST_CASE("lists by position of draft 2020-12 are as their older form") {
  const auto s = compiled_schema(R"({"properties": {"a": {"prefixItems": [{"type": "string"}, {"type": "null"}],
                              "items": {"$ref": "#/properties/a/prefixItems/0"}}, "b": {"$ref": "#/properties/a/items"}}})");
  CHECK(accepts(s, R"({"a": ["x"]})"));
  CHECK(accepts(s, R"({"a": ["x", null, "y"], "b": "z"})"));
  CHECK_FALSE(accepts(s, R"({"a": [1]})"));
  CHECK_FALSE(accepts(s, R"({"a": ["x", null, null]})"));
  CHECK_FALSE(accepts(s, R"({"b": 1})"));
  CHECK(accepts(compiled_schema(R"({"prefixItems": [{"type": "string"}]})"), R"(["x", 1])"));
  CHECK_FALSE(accepts(compiled_schema(R"({"prefixItems": [true], "items": false})"), "[1, 2]"));
}

TEST_CASE("dependent names and schemas are as their older form") {
  const auto s = compiled_schema(R"({"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"maxProperties": 1}},
                              "dependencies": {"d": ["e"]}})");
  CHECK(accepts(s, R"({"a": 1, "b": 1})"));
  CHECK(accepts(s, R"({"c": 1})"));
  CHECK_FALSE(accepts(s, R"({"a": 1})"));
  CHECK_FALSE(accepts(s, R"({"b": 1, "c": 1})"));
  CHECK_FALSE(accepts(s, R"({"d": 1})"));
}

TEST_CASE("what stands beside $ref counts as the named draft says, and is refused when none is named") {
  const std::string tail = R"("$ref": "#/definitions/a", "title": "t", "definitions": {"a": {"type": "string"}})";
  CHECK_FALSE(accepts(compiled_schema(concat("{", tail, "}")), "5"));
  CHECK(refusal(concat(R"({"maxLength": 1, )", tail, "}")) ==
        "not a usable JSON Schema: #: 'maxLength' beside $ref means different things in different drafts of JSON "
        "Schema: put $ref into allOf, or name the draft in $schema");
  const auto of_7 =
      compiled_schema(concat(R"({"$schema": "http://json-schema.org/draft-07/schema#", "maxLength": 1, )", tail, "}"));
  CHECK(accepts(of_7, R"("long")"));
  const auto later = compiled_schema(
      concat(R"({"$schema": "https://json-schema.org/draft/2019-09/schema", "maxLength": 1, )", tail, "}"));
  CHECK_FALSE(accepts(later, R"("long")"));
  CHECK_FALSE(accepts(later, "5"));
  CHECK(accepts(later, R"("s")"));
}

TEST_CASE("a schema that is referred to is not mixed up with another of a like place") {
  const auto names = compiled_schema(R"({"properties": {"x": {"$ref": "#/definitions/m"}},
                                  "definitions": {"m": {"propertyNames": {"pattern": "^a"}}}})");
  CHECK(accepts(names, R"({"x": {"a": 1}})"));
  CHECK_FALSE(accepts(names, R"({"x": {"b": 1}})"));
  const auto slashes = compiled_schema(R"({"properties": {
    "a": {"properties": {"b": {"type": "string"}}}, "a/properties/b": {"type": "integer"},
    "c": {"$ref": "#/properties/a/properties/b"}, "": {"type": "null"}, "d": {"$ref": "#/properties/"}}})");
  CHECK(accepts(slashes, R"({"a/properties/b": 1, "c": "x", "d": null})"));
  CHECK_FALSE(accepts(slashes, R"({"a/properties/b": "x"})"));
  CHECK_FALSE(accepts(slashes, R"({"d": 1})"));
}

TEST_CASE("numbers are compared by their value") {
  CHECK(accepts(compiled_schema(R"({"type": "integer"})"), "2.0"));
  CHECK_FALSE(accepts(compiled_schema(R"({"type": "integer"})"), "2.5"));
  CHECK(accepts(compiled_schema(R"({"const": 2})"), "2.0"));
  CHECK(accepts(compiled_schema(R"({"enum": [{"a": 2.0}]})"), R"({"a": 2})"));
  CHECK_FALSE(accepts(compiled_schema(R"({"uniqueItems": true})"), "[1, 1.0]"));
  CHECK(accepts(compiled_schema(R"({"maxLength": 2.0})"), R"("ab")"));
  CHECK(accepts(compiled_schema(R"({"minimum": 0})"), "18446744073709551615"));
}

TEST_CASE("multiples are found among fractions and large numbers") {
  const auto cents = compiled_schema(R"({"multipleOf": 0.01})");
  for (const char* value : {"0", "4.02", "1234.56", "-19.99", "99999.99", "7", "\"text\""}) {
    CAPTURE(value);
    CHECK(accepts(cents, value));
  }
  CHECK_FALSE(accepts(cents, "0.075"));
  CHECK_FALSE(accepts(cents, "1234.567"));
  const auto even = compiled_schema(R"({"multipleOf": 2})");
  CHECK(accepts(even, "9007199254740994"));
  CHECK_FALSE(accepts(even, "9007199254740995"));
  CHECK_FALSE(accepts(even, "4.5"));
  CHECK_FALSE(accepts(compiled_schema(R"({"multipleOf": 1e-10})"), "1e-20"));
  CHECK(even.validate(3).error().message == "the value: expected a multiple of 2");
}

TEST_CASE("lengths are not counted in texts with U+0000") {
  const auto s = compiled_schema(R"({"maxLength": 3})");
  CHECK(accepts(s, R"("äöü")"));
  CHECK(s.validate(json(std::string("ab\0cdef", 7))).error().message ==
        "a text has U+0000 in it, which a schema with lengths cannot be checked for");
  CHECK(accepts(compiled_schema(R"({"const": "a\u0000b"})"), R"("a\u0000b")"));
}

TEST_CASE("patterns match characters, not bytes") {
  CHECK(accepts(compiled_schema(R"({"pattern": "^.{3}$"})"), R"("äö🐲")"));
  CHECK(accepts(compiled_schema(R"({"pattern": "^[äö]$"})"), R"("ö")"));
  CHECK_FALSE(accepts(compiled_schema(R"({"pattern": "^[äö]$"})"), R"("ü")"));
  CHECK(accepts(compiled_schema(R"({"pattern": "^🐲*$"})"), R"("🐲🐲")"));
  CHECK(accepts(compiled_schema(R"({"pattern": "^\\u00e4$"})"), R"("ä")"));
  CHECK(accepts(compiled_schema(R"({"pattern": "^[^a]$"})"), R"("ä")"));
  CHECK(accepts(compiled_schema(R"({"pattern": "a", "$pattern": "b"})"), R"("a")"));
}
