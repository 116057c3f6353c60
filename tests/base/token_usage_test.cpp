#include <corchestra/base/token_usage.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;

TEST_CASE("usage adds up and knows whether anything was reported [L16]") {
  token_usage sum;
  CHECK_FALSE(sum.known());
  CHECK(to_json_value(sum).is_null());
  sum += {.prompt_tokens = 10, .completion_tokens = 5, .cached_tokens = 4, .reasoning_tokens = 2, .calls = 1};
  sum += {.prompt_tokens = 1, .completion_tokens = 1, .calls = 1};
  CHECK(sum == token_usage{11, 6, 4, 2, 2});
  CHECK(sum.total_tokens() == 17);
  CHECK(dump_json(to_json_value(sum)) ==
        R"({"prompt_tokens":11,"completion_tokens":6,"total_tokens":17,"cached_tokens":4,"reasoning_tokens":2})");
}

TEST_CASE("tokens written to a cache are told where there are any") {
  token_usage sum{.prompt_tokens = 9, .calls = 1, .cache_write_tokens = 5, .cache_write_1h_tokens = 2};
  sum += sum;
  CHECK(dump_json(to_json_value(sum)) ==
        R"({"prompt_tokens":18,"completion_tokens":0,"total_tokens":18,"cached_tokens":0,"reasoning_tokens":0,)"
        R"("cache_write_tokens":10,"cache_write_1h_tokens":4})");
}

TEST_CASE("a reply that reports zero tokens is known") {
  const token_usage zero{.calls = 1};
  CHECK(zero.known());
  CHECK(to_json_value(zero)["total_tokens"] == 0);
}
