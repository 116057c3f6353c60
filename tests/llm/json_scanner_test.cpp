#include "llm/json_scanner.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/base/json.hpp>

using namespace corchestra;
using llm::json_scanner;

namespace {

bool accepted(std::string_view text) {
  json_scanner in(text);
  return in.skip() && in.at_end();
}

std::optional<std::string> text_of(std::string_view text) {
  json_scanner in(text);
  std::string out;
  return in.string(out) && in.at_end() ? std::optional(out) : std::nullopt;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  json_scanner in(text);
  std::int64_t n = 0;
  return in.integer(n) && in.at_end() ? std::optional(n) : std::nullopt;
}

}  // namespace

TEST_CASE("values of every kind are skipped, with the white space around them") {
  for (const char* text :
       {"null", " true\n", "false", "0", "-0", "12.50", "1e9", "-1.5E-7", "\"\"", R"("a\"b\\\u00e9")", "[]",
        "[1, [2], {}]", "{}", "\t{ \"a\" : 1 ,\r\n\"b\":[null]}", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""}) {
    INFO(text);
    CHECK(accepted(text));
    CHECK(json::accept(text));
  }
}

TEST_CASE("what is no JSON is not accepted") {
  for (const char* text : {"",
                           "nul",
                           "nulll",
                           "True",
                           "01",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1.2.3",
                           "0x1",
                           "NaN",
                           "\"",
                           "\"\\",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\udc00\"",
                           "\"\n\"",
                           "\"\x80\"",
                           "\"\xC0\xAF\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xE2\x82\"",
                           "[",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{} {}",
                           "[]]",
                           "1 1"}) {
    INFO(text);
    CHECK_FALSE(accepted(text));
    CHECK_FALSE(json::accept(text));
  }
}

TEST_CASE("what nests too deep, or has escapes in its names, is left to others") {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK(accepted(nested(json_scanner::max_depth)));
  CHECK_FALSE(accepted(nested(json_scanner::max_depth + 1)));
  CHECK_FALSE(accepted(R"({"\u0061":1})"));
}

TEST_CASE("texts are read as the DOM reads them") {
  for (const char* text : {R"("")", R"("\"\\\/\b\f\n\r\t")", R"("\u0000\u0041\u00e9\u20AC\uD83D\uDE00")",
                           "\"plain, longer than eight bytes \xC3\xA9 and on\\n\xE2\x82\xAC\""}) {
    INFO(text);
    CHECK(text_of(text) == json::parse(text).get<std::string>());
  }
  CHECK_FALSE(text_of("7"));
}

TEST_CASE("whole numbers are read, others not") {
  CHECK(integer_of("-12") == -12);
  CHECK(integer_of("9223372036854775807") == 9223372036854775807);
  for (const char* text : {"9223372036854775808", "1.0", "1e3", "\"1\"", "null", "00"}) CHECK_FALSE(integer_of(text));
}

TEST_CASE("whatever happens to a JSON text, nothing is accepted that is none") {
  const std::string whole =
      "{\"id\": \"x\\u00e9\\n\", \"n\": [1, -2.5e3, true, null], \"o\": {\"t\": \"\xE2\x82\xAC \\ud83d\\ude00\", "
      "\"e\": []}}";
  REQUIRE(accepted(whole));
  CHECK(rc::check([&] {
    std::string text = whole;
    for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
      const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      const auto byte = *rc::gen::weightedOneOf<char>(
          {{1, rc::gen::arbitrary<char>()}, {2, rc::gen::elementOf(std::string("\"\\{}[],:.eE+-019u \n"))}});
      if (*rc::gen::arbitrary<bool>())
        text[at] = byte;
      else
        text.insert(at, 1, byte);
    }
    if (accepted(text)) RC_ASSERT(json::accept(text));
  }));
}
