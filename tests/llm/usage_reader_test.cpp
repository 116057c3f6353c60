#include "llm/usage_reader.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using llm::read_usage;

namespace {
std::optional<token_usage> read_usage_of(const char* text) { return read_usage(json::parse(text)); }
}  // namespace

TEST_CASE("OpenAI's usage is read with all its details") {
  CHECK(read_usage_of(R"({"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,
    "prompt_tokens_details":{"cached_tokens":1920,"cache_write_tokens":64,"audio_tokens":0},
    "completion_tokens_details":{"reasoning_tokens":128,"accepted_prediction_tokens":0}})") ==
        token_usage{2006, 300, 1920, 128, 1, 64, 0});
}

TEST_CASE("what has no count is no usage") {
  for (const char* text : {"null", "[]", "7", "{}", R"({"total_tokens":5})", R"({"prompt_tokens":null})",
                           R"({"prompt_tokens":"7","completion_tokens":{}})"})
    CHECK_FALSE(read_usage_of(text));
  CHECK(read_usage_of(R"({"prompt_tokens":0})") == token_usage{0, 0, 0, 0, 1});
}

TEST_CASE("counts out of range are zero") {
  CHECK(read_usage_of(R"({"prompt_tokens":-5,"completion_tokens":1e300})") == token_usage{0, 0, 0, 0, 1});
}

TEST_CASE("reasoning tokens that come on top of the completion's are added to them") {
  CHECK(read_usage_of(R"({"prompt_tokens":300,"completion_tokens":200,"total_tokens":1500,
    "completion_tokens_details":{"reasoning_tokens":1000}})") == token_usage{300, 1200, 0, 1000, 1});
  CHECK(read_usage_of(R"({"prompt_tokens":300,"completion_tokens":1200,"total_tokens":1500,
    "completion_tokens_details":{"reasoning_tokens":1000}})") == token_usage{300, 1200, 0, 1000, 1});
}

TEST_CASE("the names that gateways and DeepSeek give to cached and written tokens are known") {
  CHECK(
      read_usage_of(
          R"({"prompt_tokens":100,"completion_tokens":1,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})") ==
      token_usage{100, 1, 64, 0, 1});
  CHECK(read_usage_of(
            R"({"prompt_tokens":100,"completion_tokens":1,"cache_read_input_tokens":40,"cache_creation_input_tokens":50,
    "prompt_tokens_details":{"cached_tokens":null}})") == token_usage{100, 1, 40, 0, 1, 50, 0});
  CHECK(read_usage_of(R"({"prompt_tokens":100,"prompt_tokens_details":{"cache_creation_tokens":50}})") ==
        token_usage{100, 0, 0, 0, 1, 50, 0});
}

TEST_CASE("a breakdown of written tokens below their total does not lessen it") {
  CHECK(read_usage_of(R"({"prompt_tokens":10000,"cache_creation_input_tokens":8000,
    "cache_creation":{"ephemeral_5m_input_tokens":3000,"ephemeral_1h_input_tokens":1000}})") ==
        token_usage{10000, 0, 0, 0, 1, 8000, 1000});
  CHECK(read_usage_of(R"({"prompt_tokens":10000,"cache_creation":{"ephemeral_5m_input_tokens":3000,
    "ephemeral_1h_input_tokens":1000}})") == token_usage{10000, 0, 0, 0, 1, 4000, 1000});
}
