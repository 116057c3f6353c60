#include <catch2/catch_test_macros.hpp>

#include <corchestra/llm/json_text.hpp>

#include "support/show.hpp"

using namespace corchestra;
using llm::extract_json;

TEST_CASE("the JSON of an answer is found whatever stands around it") {
  const json expected = {{"a", "}"}, {"b", {1, 2}}};
  const std::string plain = R"({"a": "}", "b": [1, 2]})";
  for (const std::string& answer : {
           plain,
           "  \n" + plain + "\n",
           "```json\n" + plain + "\n```",
           "Sure, here you are:\n```\n" + plain + "\n```\nAnything else?",
           "Sure: " + plain + " Anything else?",
           "<think>maybe {\"a\": 1}?</think>" + plain,
           "maybe {\"a\": 1}?</think>\n" + plain,
           "<think>one</think>so<think>{}</think> " + plain,
           "The set {x | x > 0} gives " + plain,
           plain + " or " + R"({"c": 3})",
           "Open it with { and close it: " + plain,
           "```json\n" + plain,
       }) {
    CAPTURE(answer);
    const auto found = extract_json(answer);
    REQUIRE(found);
    CHECK(*found == expected);
  }
}

TEST_CASE("a value that is no object is taken when it is all there is") {
  CHECK(*extract_json("42") == 42);
  CHECK(*extract_json("```json\n\"text\"\n```") == "text");
  CHECK(*extract_json("The list: [1, 2]") == json{1, 2});
  CHECK(*extract_json(R"("<think> is a tag")") == "<think> is a tag");
}

TEST_CASE("an answer without JSON says so") {
  const auto none = extract_json("I cannot do that.");
  REQUIRE(none.has_error());
  CHECK(none.error().is(errc::invalid_json));
  CHECK(none.error().message == "the answer holds no JSON: 'I cannot do that.'");

  const auto thought = extract_json("<think>{\"a\": 1}");
  REQUIRE(thought.has_error());
  CHECK(thought.error().message == "the answer holds no JSON: ''");

  const auto cut = extract_json("Here: {\"a\": [1, 2], \"b\"");
  REQUIRE(cut.has_error());
  CHECK(cut.error().is(errc::invalid_json));
  CHECK(cut.error().message.starts_with("the answer's JSON is malformed: "));
}

TEST_CASE("hostile answers end soon") {
  CHECK(extract_json(std::string(1 << 20, '[')).error().is(errc::invalid_json));
  CHECK(extract_json(std::string(1 << 20, '{')).error().is(errc::invalid_json));
  CHECK(extract_json("[1]", {.max_bytes = 2}).error().message == "the answer has 3 bytes, more than 2");
}

TEST_CASE("no text inside a fenced block can close it") {
  const json value = {{"text", "``` and ````"}};
  const std::string block = llm::json_block(value);
  CHECK(block.find("```", 3) == block.size() - 3);
  CHECK(*extract_json(block) == value);
}
