#include "batch/json_members.hpp"

#include <rapidcheck.h>

#include <corchestra/base/json.hpp>

using namespace corchestra;
using namespace corchestra::batch;

namespace {

std::vector<std::pair<std::string, std::string>> members_of(std::string_view object) {
  std::vector<std::pair<std::string, std::string>> found;
  json_members members(object);
  while (const auto m = members.next()) found.emplace_back(m->key, m->value);
  return found;
}

std::string random_text() {
  const std::string letters = "ab\"\\{}[],: \n\t/\x7f\xC3\xA9";
  std::string text;
  for (const auto i : *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 14)))
    text += i == 13 ? std::string("\xC3\xA9") : std::string(1, letters[i]);
  return text;
}

ordered_json random_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return 0.5 * *rc::gen::inRange(-1000, 1000);
    case 4:
      return random_text();
    case 5: {
      ordered_json array = ordered_json::array();
      for (int n = *rc::gen::inRange(0, 4); n > 0; --n) array.push_back(random_value(depth - 1));
      return array;
    }
    default: {
      ordered_json object = ordered_json::object();
      for (int n = *rc::gen::inRange(0, 4); n > 0; --n) object[random_text()] = random_value(depth - 1);
      return object;
    }
  }
}

std::string blanks() {
  const char* const all[] = {"", " ", "\n", "\t \r\n"};
  return all[*rc::gen::inRange(0, 4)];
}

// With blanks of any kind wherever they may be.
std::string text_of(const ordered_json& v) {
  if (!v.is_structured()) return v.dump();
  std::string out(1, v.is_array() ? '[' : '{');
  bool first = true;
  for (const auto& [key, value] : v.items()) {
    if (!std::exchange(first, false)) out += ',';
    out += blanks();
    if (v.is_object()) out += ordered_json(key).dump() + blanks() + ':' + blanks();
    out += text_of(value) + blanks();
  }
  return out + (first ? blanks() : "") + (v.is_array() ? ']' : '}');
}

}  // namespace

TEST_CASE("the members of a JSON object are those that a parser finds") {
  REQUIRE(rc::check("members", [] {
    ordered_json object = ordered_json::object();
    for (int n = *rc::gen::inRange(0, 6); n > 0; --n) object[random_text()] = random_value(3);
    const std::string text = blanks() + text_of(object) + blanks();
    RC_ASSERT(ordered_json::parse(text) == object);
    ordered_json found = ordered_json::object();
    for (const auto& [key, value] : members_of(text)) {
      const auto name = string_of('"' + key + '"');
      RC_ASSERT(name.has_value());
      found[*name] = ordered_json::parse(value);
    }
    RC_ASSERT(found == object);
  }));
}

TEST_CASE("a member's value is its raw text") {
  const std::string line = R"({ "a" : "x\"}", "b":[1, {"c":"]"}],"n":-1.50e3 ,"o":{},"t":true})";
  CHECK(raw_member(line, "a") == R"("x\"}")");
  CHECK(raw_member(line, "b") == R"([1, {"c":"]"}])");
  CHECK(raw_member(line, "n") == "-1.50e3");
  CHECK(raw_member(line, "o") == "{}");
  CHECK(raw_member(line, "t") == "true");
  CHECK(raw_member(line, "c").empty());
}

TEST_CASE("of members with one name the last counts") { CHECK(raw_member(R"({"a":1,"b":2,"a":3})", "a") == "3"); }

TEST_CASE("what is no object has no members") {
  for (const char* text : {"", " ", "[]", "7", "\"a\"", "null", "{}", " { } "}) {
    CAPTURE(text);
    CHECK(members_of(text).empty());
  }
}

TEST_CASE("the text of a raw string has its escapes resolved") {
  CHECK(string_of(R"("plain")") == "plain");
  CHECK(string_of(R"("a\nb\u00e9\\")") == "a\nb\xC3\xA9\\");
  CHECK(string_of(R"("")") == "");
  for (const char* raw : {"7", "null", "\"", "", "{}", R"("\x")"}) {
    CAPTURE(raw);
    CHECK_FALSE(string_of(raw));
  }
}

TEST_CASE("the first element of an array is its raw text") {
  CHECK(first_element(R"([ {"role":"system","content":"]"} , 2])") == R"({"role":"system","content":"]"})");
  CHECK(first_element("[1]") == "1");
  for (const char* none : {"[]", "[ ]", "", "{}", "7"}) {
    CAPTURE(none);
    CHECK(first_element(none).empty());
  }
}

TEST_CASE("the size of an array is the number of its elements") {
  CHECK(size_of_array(R"([ "a,b" , [1,2], {"c":[3,4]},5 ])") == 4);
  CHECK(size_of_array("[1]") == 1);
  for (const char* none : {"[]", "[ ]", "", "{}", "7"}) {
    CAPTURE(none);
    CHECK(size_of_array(none) == 0);
  }
}
