#include "testing/schema_sampler.hpp"

#include <catch2/catch_test_macros.hpp>

#include <corchestra/base/json_schema.hpp>

#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::testing;

TEST_CASE("a sample satisfies its schema, whatever the seed") {
  const std::vector<std::string> schemas = {
      R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["a","b"],"additionalProperties":false})",
      R"({"type":"array","items":{"type":"number","minimum":0,"maximum":1},"minItems":3,"maxItems":3})",
      R"({"type":"array","items":{"enum":["a","b","c","d"]},"minItems":4,"uniqueItems":true})",
      R"({"type":"array","maxItems":1,"items":{"type":"boolean"}})",
      R"({"type":"string","minLength":200,"maxLength":210})",
      R"({"type":"string","maxLength":3})",
      R"({"type":"integer","minimum":5,"maximum":5})",
      R"({"type":"integer","exclusiveMinimum":5,"exclusiveMaximum":8})",
      R"({"type":"integer","maximum":-3})",
      R"({"type":"integer","multipleOf":7,"minimum":10})",
      R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.01})",
      R"({"type":"number","minimum":2.5})",
      R"({"type":["null","integer"],"minimum":2})",
      R"({"type":"null"})",
      R"({"const":{"x":[1]}})",
      R"({"enum":[null,1,"two"]})",
      R"({"anyOf":[{"type":"integer"},{"type":"null"}]})",
      R"({"oneOf":[{"type":"object","properties":{"kind":{"const":"a"}},"required":["kind"]},{"type":"string"}]})",
      R"({"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"string"}},"required":["b"]}]})",
      R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"value":{"type":"integer"},
          "next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]},"children":{"type":"array","items":{"$ref":"#/$defs/node"}}},
          "required":["value","next","children"],"additionalProperties":false}}})",
      R"({"type":"object","properties":{"p":{"$ref":"#/definitions/q"}},"required":["p"],"definitions":{"q":{"type":"boolean"}}})",
      R"({"type":"object","required":["free"]})",
      R"({"type":"object","minProperties":3,"additionalProperties":{"type":"integer"}})",
      R"({})",
  };
  for (const auto& text : schemas) {
    CAPTURE(text);
    const json schema = json::parse(text);
    const auto compiled = json_schema::compile(schema);
    REQUIRE(compiled);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      seeded_random random(seed);
      simulated_text words("Write about solar power in Spain", random);
      const json value = sample_schema(schema, words, random);
      CAPTURE(value.dump());
      CHECK(compiled->validate(value).has_value());
    }
  }
}

TEST_CASE("a schema that requires itself for ever comes to an end") {
  seeded_random random(1);
  simulated_text words("x", random);
  const json schema = json::parse(R"({"type":"object","properties":{"again":{"$ref":"#"}},"required":["again"]})");
  CHECK(sample_schema(schema, words, random).is_object());
}

TEST_CASE("strings of known formats look like them") {
  seeded_random random(1);
  simulated_text words("x", random);
  CHECK(sample_schema({{"type", "string"}, {"format", "date"}}, words, random) == "2026-01-01");
  CHECK(sample_schema({{"type", "string"}, {"format", "email"}}, words, random) == "simulated@example.com");
}
