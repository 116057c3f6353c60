#include <corchestra/base/json.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace corchestra;

TEST_CASE("mistakes in JSON are named with line and column") {
  struct row {
    std::string_view text, message;
  };
  const row rows[] = {
      {"", "the text is empty: expected a JSON value"},
      {" \n", "the text is empty: expected a JSON value"},
      {"{",
       "line 1, column 1: syntax error while parsing object key - unexpected end of input; expected string literal"},
      {"[1,\n 2,,3]",
       "line 2, column 4: syntax error while parsing value - unexpected ','; expected '[', '{', or a literal"},
      {"{\"a\" 1}",
       "line 1, column 6: syntax error while parsing object separator - unexpected number literal; expected ':'"},
      {"nul", "line 1, column 3: syntax error while parsing value - invalid literal; last read: 'nul'"},
      {"[1e999]", "line 1, column 6: number overflow parsing '1e999'"},
  };
  for (const auto& [text, message] : rows) {
    CAPTURE(text);
    const auto r = parse_json(text);
    REQUIRE(r.has_error());
    CHECK(r.error().is(errc::invalid_json));
    CHECK(r.error().message == message);
  }
}

TEST_CASE("what is wrong is quoted on one line, however long") {
  const auto r = parse_json("[\"" + std::string(100'000, 'x') + "\n\"]");
  REQUIRE(r.has_error());
  CHECK(r.error().message.size() < 400);
  CHECK(r.error().message.find('\n') == std::string::npos);
}

TEST_CASE("JSON is bounded in size and depth") {
  const json_limits small{.max_bytes = 10, .max_depth = 3};
  CHECK(parse_json("[[[1]]]", small).has_value());
  const auto deep = parse_json("[\n [[[]]]]", {.max_bytes = 100, .max_depth = 3});
  REQUIRE(deep.has_error());
  CHECK(deep.error().is(errc::too_deep));
  CHECK(deep.error().message == "line 2, column 4: nested deeper than the limit of 3 levels");
  const auto large = parse_json("[1,2,3,4,5]", small);
  REQUIRE(large.has_error());
  CHECK(large.error().is(errc::too_large));
  CHECK(large.error().message == "the JSON text has 11 bytes, more than the limit of 10");
  CHECK(parse_json(std::string(1'000'000, '[')).error().is(errc::too_deep));
}

TEST_CASE("brackets within strings are no depth") {
  const auto r = parse_json(R"({"a":"[[[[\"[[[["})", {.max_bytes = 100, .max_depth = 1});
  REQUIRE(r.has_value());
  CHECK((*r)["a"] == "[[[[\"[[[[");
}

TEST_CASE("what is written is read back the same") {
  REQUIRE(rc::check("dump and parse", [](const std::map<std::string, std::vector<int>>& m, int indent) {
    // text that is no UTF-8 does not come back as it was, and must not throw
    const json value = m;
    const std::string text = dump_json(value, indent % 4);
    RC_ASSERT(parse_json(text).has_value());
    RC_ASSERT(dump_json(*parse_json(text)) == dump_json(*parse_json(dump_json(value))));
  }));
}

TEST_CASE("invalid UTF-8 is replaced, not thrown about") {
  CHECK(dump_json(json("a\xff")) == "\"a\xEF\xBF\xBD\"");
  CHECK(parse_json("\"\xff\"").error().is(errc::invalid_json));
}

TEST_CASE("ordered records keep their order") {
  const ordered_json r{{"z", 1}, {"a", 2}};
  CHECK(dump_json(r) == R"({"z":1,"a":2})");
  CHECK(dump_json(r, 1) == "{\n \"z\": 1,\n \"a\": 2\n}");
}

TEST_CASE("text stays text, all else becomes JSON") {
  CHECK(to_text("plain \"text\"") == "plain \"text\"");
  CHECK(to_text(json{{"a", 1}}) == R"({"a":1})");
  CHECK(to_text(nullptr) == "null");
}

TEST_CASE("a pointer finds its value or names the missing step") {
  const json value = json::parse(R"({"rows":[1,{"a":null}],"a/b":2,"m~n":3,"":4})");
  const std::pair<std::string_view, json> found[] = {{"", value},  {"/", 4},    {"/rows/0", 1}, {"/rows/1/a", nullptr},
                                                     {"/a~1b", 2}, {"/m~0n", 3}};
  for (const auto& [pointer, expected] : found) {
    CAPTURE(pointer);
    const auto r = at_pointer(value, pointer);
    REQUIRE(r.has_value());
    CHECK(*r == expected);
  }
  const std::pair<std::string_view, std::string_view> missing[] = {
      {"rows", "pointer 'rows': expected it to begin with '/'"},
      {"/x", "pointer '/x': no member 'x' (there are: , a/b, m~n, rows)"},
      {"/rows/2", "pointer '/rows/2': no element '2' at '/rows' (the array has 2)"},
      {"/rows/01", "pointer '/rows/01': no element '01' at '/rows' (the array has 2)"},
      {"/rows/-", "pointer '/rows/-': no element '-' at '/rows' (the array has 2)"},
      {"/rows/1/zz", "pointer '/rows/1/zz': no member 'zz' at '/rows/1' (there are: a)"},
      {"/rows/1/a/b", "pointer '/rows/1/a/b': no step 'b' at '/rows/1/a' into a null"},
  };
  for (const auto& [pointer, message] : missing) {
    const auto r = at_pointer(value, pointer);
    REQUIRE(r.has_error());
    CHECK(r.error().is(errc::unresolved_reference));
    CHECK(r.error().message == message);
  }
}

TEST_CASE("a step into an empty object says that it is empty") {
  CHECK(at_pointer(json::object(), "/a").error().message == "pointer '/a': no member 'a' (the object is empty)");
}
