#include "llm/price_key.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace corchestra::llm;

TEST_CASE("every key of a text token's price is understood") {
  using kind = token_kind;
  using tier = price_tier;
  CHECK(parse_price_key("input_cost_per_token") == price_key{kind::input, tier::standard, 0});
  CHECK(parse_price_key("output_cost_per_token_flex") == price_key{kind::output, tier::flex, 0});
  CHECK(parse_price_key("input_cost_per_token_batches") == price_key{kind::input, tier::batch, 0});
  CHECK(parse_price_key("output_cost_per_reasoning_token") == price_key{kind::reasoning, tier::standard, 0});
  CHECK(parse_price_key("cache_read_input_token_cost_priority") == price_key{kind::cached, tier::priority, 0});
  CHECK(parse_price_key("cache_creation_input_token_cost") == price_key{kind::cache_write, tier::standard, 0});
  CHECK(parse_price_key("cache_creation_input_token_cost_above_1hr") ==
        price_key{kind::cache_write_1h, tier::standard, 0});
  CHECK(parse_price_key("cache_creation_input_token_cost_above_1hr_above_200k_tokens") ==
        price_key{kind::cache_write_1h, tier::standard, 200'000});
  CHECK(parse_price_key("input_cost_per_token_above_128k_tokens") == price_key{kind::input, tier::standard, 128'000});
  CHECK(parse_price_key("cache_read_input_token_cost_above_272k_tokens_priority") ==
        price_key{kind::cached, tier::priority, 272'000});
  CHECK(parse_price_key("input_cost_per_token_flex_above_272k_tokens") == price_key{kind::input, tier::flex, 272'000});
}

TEST_CASE("other keys price no text token") {
  for (const char* key :
       {"", "input_cost_per_audio_token", "output_cost_per_image", "input_cost_per_token_cache_hit", "max_tokens",
        "input_cost_per_token_flex_flex", "input_cost_per_token_above_1hr", "input_cost_per_token_above_k_tokens",
        "input_cost_per_token_above_0k_tokens", "input_cost_per_token_above_-5k_tokens",
        "input_cost_per_token_above_200k_tokens_above_272k_tokens",
        "input_cost_per_token_above_9223372036854775807k_tokens", "input_cost_per_token_above_200k", "input_cost"})
    CHECK_FALSE(parse_price_key(key));
}
