#include "base/json_string.hpp"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/base/json.hpp>

using namespace corchestra;

namespace {

std::string written(std::string_view text) {
  std::string out = "before";
  corchestra::detail::append_json_string(out, text);
  return out;
}

}  // namespace

TEST_CASE("a text is written as the DOM writes it") {
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
  for (const std::string& text :
       {std::string(), std::string("plain"), all, std::string("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
        std::string("not UTF-8: \xC3 \xFF \xED\xA0\x80, and on"), std::string("ends in \xE2\x82")})
    CHECK(written(text) == "before" + dump_json(json(text)));
}

TEST_CASE("whatever the bytes of a text are, it is written as the DOM writes it") {
  CHECK(rc::check([](const std::string& text) { RC_ASSERT(written(text) == "before" + dump_json(json(text))); }));
}
