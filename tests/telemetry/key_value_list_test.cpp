#include <corchestra/telemetry/key_value_list.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using telemetry::parse_key_value_list;
using pairs = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("lists of names and values are read with their percent-encoding") {
  CHECK(*parse_key_value_list("") == pairs{});
  CHECK(*parse_key_value_list(" a=1 , b = x%2Cy%3d ,,c=") == pairs{{"a", "1"}, {"b", "x,y="}, {"c", ""}});
  CHECK(*parse_key_value_list("Authorization=Basic%20YTpi==") == pairs{{"Authorization", "Basic YTpi=="}});
}

TEST_CASE("what cannot be read is told without any value") {
  const auto message = [](std::string_view text) { return parse_key_value_list(text).error().message; };
  CHECK(message("a=1,hush") == "part 2: expected NAME=VALUE");
  CHECK(message("=hush") == "part 1: expected NAME=VALUE");
  CHECK(message("key=hush%2") == "part 1, 'key': % is not followed by two hexadecimal digits");
  CHECK(message("key=hush%zz") == "part 1, 'key': % is not followed by two hexadecimal digits");
}
