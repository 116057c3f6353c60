#include "batch/body_facts.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>

#include "batch/request_line.hpp"

using namespace corchestra;
using namespace corchestra::batch;

namespace {

const std::vector<std::string> usual = {R"("custom_id":"a\"b")",
                                        R"("method":"POST")",
                                        R"("url":"/v1/chat/completions")",
                                        R"("body":{"model":"m","max_tokens":7})",
                                        R"("body":{"n":2,"messages":[{"a":[1]},{}]})",
                                        R"("body":7)",
                                        R"("other":[{"body":{}}])"};
// With escapes in names: too rare to be worth the one pass.
const std::vector<std::string> unusual = {R"("cust\u006fm_id":"b")",
                                          R"("body":{"max\u005ftokens":9,"messages":[{"a":[1]},{}]})",
                                          R"("b\u006fdy":{"n":3})", R"( "x\"y" : null )"};

std::string random_line(const std::vector<std::string>& pieces) {
  std::string line = "{";
  for (const auto& piece : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)))
    line += (line.size() > 1 ? "," : "") + piece;
  return line + "}";
}

struct seen {
  std::string id, method, url, body, unknown, model;
  std::optional<std::int64_t> max_tokens;
  std::int64_t answers;
  std::uint64_t prefix;
  bool operator==(const seen&) const = default;
};

seen all_of(const batch_line& l) {
  request_line to;
  RC_ASSERT(l.facts.put_in(to).has_value());
  return {std::string(l.id),
          std::string(l.method),
          std::string(l.url),
          std::string(l.body),
          l.unknown.value_or(""),
          to.model,
          to.max_tokens,
          to.answers,
          to.prefix};
}

request_line facts(std::string_view body) {
  request_line to;
  CHECK(facts_of(body).put_in(to).has_value());
  return to;
}

}  // namespace

TEST_CASE("a line read in one pass says what one read member by member says") {
  REQUIRE(rc::check("usual lines", [] {
    const std::string line = random_line(usual);
    batch_line one, other;
    other.read_valid(line);
    RC_ASSERT(one.read(line));
    RC_ASSERT(all_of(one) == all_of(other));
  }));
  REQUIRE(rc::check("any lines", [] {
    std::vector<std::string> all = usual;
    all.insert(all.end(), unusual.begin(), unusual.end());
    const std::string line = random_line(all);
    batch_line one, other;
    other.read_valid(line);
    if (one.read(line)) RC_ASSERT(all_of(one) == all_of(other));
  }));
}

TEST_CASE("escapes in the names of members do not hide them") {
  batch_line line;
  const std::string text = R"({"cust\u006fm_id":"a","url":"/v1/x","b\u006fdy":{"max\u005ftokens":9}})";
  CHECK_FALSE(line.read(text));
  line.read_valid(text);
  CHECK(line.id == "\"a\"");
  CHECK_FALSE(line.unknown);
  request_line to;
  REQUIRE(line.facts.put_in(to));
  CHECK(to.max_tokens == 9);
  CHECK(facts(R"({"m\u006fdel":"gpt","max_tokens":5,"max\u005ftokens":5000})").max_tokens == 5000);
}

TEST_CASE("what is no JSON is not read as a line") {
  for (const char* text : {"", "7", "[]", "{", R"({"body":{})", R"({"body":{"model":"m"}}x)", R"({"body":{"n":01}})"}) {
    CAPTURE(text);
    batch_line line;
    CHECK_FALSE(line.read(text));
  }
}

TEST_CASE("of two bodies the last counts, with its facts") {
  batch_line line;
  REQUIRE(line.read(R"({"body":{"model":"a","n":5},"body":{"model":"b"}})"));
  request_line to;
  REQUIRE(line.facts.put_in(to));
  CHECK(to.model == "b");
  CHECK(to.answers == 1);
  REQUIRE(line.read(R"({"body":{"model":"a","n":5},"body":7})"));
  request_line of_none;
  REQUIRE(line.facts.put_in(of_none));
  CHECK(of_none.model == "");
  CHECK(of_none.answers == 1);
}
