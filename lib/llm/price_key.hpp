#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <corchestra/llm/model_price.hpp>

namespace corchestra::llm {

/// What a key of LiteLLM's table prices.
struct price_key {
  token_kind kind = token_kind::input;
  price_tier tier = price_tier::standard;
  std::int64_t above_prompt_tokens = 0;
  friend bool operator==(const price_key&, const price_key&) = default;
};

/// `input_cost_per_token`, `cache_read_input_token_cost` and the like, each with any of `_above_1hr` (cache creation),
/// `_above_200k_tokens`, `_flex`, `_priority`, `_batches` after it. Absent: no price of a text token.
std::optional<price_key> parse_price_key(std::string_view key) noexcept;

}  // namespace corchestra::llm
