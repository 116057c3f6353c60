#include "llm/request_manners.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using namespace corchestra::llm;

namespace {

error refused_with(std::string message) { return fail(errc::bad_request, std::move(message)); }

const std::string openai =
    "HTTP 400: Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
    "instead. (unsupported_parameter)";

}  // namespace

TEST_CASE("the bound of an answer gets its other name where the first is refused, for that model") {
  request_manners manners("max_tokens");
  const request_format first = manners.format("o4", false);
  CHECK(first.max_tokens_field == "max_tokens");
  CHECK(manners.learn(first, 400, refused_with(openai)));
  CHECK(manners.format("o4", false).max_tokens_field == "max_completion_tokens");
  CHECK(manners.format("gpt", true).max_tokens_field == "max_tokens");
  CHECK(manners.learn(first, 400, refused_with(openai)));  // sent before it was learnt
  CHECK_FALSE(manners.learn(manners.format("o4", false), 400, refused_with(openai)));
  CHECK_FALSE(manners.learn(manners.format("o4", false), 400,
                            refused_with("body.max_completion_tokens: Extra inputs are not permitted")));

  request_manners strict("max_completion_tokens");
  CHECK(strict.learn(strict.format("m", true), 422,
                     refused_with("HTTP 422: body.max_completion_tokens: Extra inputs are not permitted")));
  CHECK(strict.format("m", true).max_tokens_field == "max_tokens");
}

TEST_CASE("a bound that is refused for its value, or by no refusal of the request, keeps its name") {
  request_manners manners("max_tokens");
  const request_format sent = manners.format("m", false);
  CHECK_FALSE(
      manners.learn(sent, 400, refused_with("max_tokens is too large: 9000. This model supports at most 4096")));
  CHECK_FALSE(manners.learn(sent, 400, refused_with("Unsupported parameter: 'logit_bias'")));
  CHECK_FALSE(manners.learn(sent, 429, refused_with(openai)));
  CHECK_FALSE(manners.learn(sent, 500, refused_with(openai)));
  CHECK(manners.version() == 0);
}

TEST_CASE("names of one's own for the bound are left alone") {
  request_manners manners("max_new_tokens");
  CHECK_FALSE(manners.learn(manners.format("m", false), 400, refused_with("unknown field max_new_tokens")));
}

TEST_CASE("stream_options are left out of every stream once they were refused") {
  request_manners manners("max_tokens");
  CHECK_FALSE(manners.learn(manners.format("m", false), 400, refused_with("Unknown parameter: 'stream_options'")));
  const request_format sent = manners.format("m", true);
  CHECK(sent.include_usage);
  CHECK(manners.learn(sent, 400, refused_with("Unknown parameter: 'stream_options'")));
  CHECK_FALSE(manners.format("other", true).include_usage);
  CHECK_FALSE(manners.learn(manners.format("m", true), 400, refused_with("stream_options is bad")));
}
