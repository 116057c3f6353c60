#pragma once

#include <cstdint>
#include <optional>

#include <corchestra/base/json.hpp>
#include <corchestra/base/token_usage.hpp>

namespace corchestra::llm {

class json_scanner;

/// The counts of a reply's `usage` as servers write them.
struct usage_counts {
  using count = std::optional<std::int64_t>;
  count prompt, completion, total, cache_read, cache_hit, cache_creation_input;
  count cached, cache_write, cache_creation;  ///< prompt_tokens_details
  count reasoning;                            ///< completion_tokens_details
  count written_5m, written_1h;               ///< cache_creation

  /// From an object that is the next value, in the names of chats. False: it is for the DOM.
  bool read(json_scanner& in);
  /// Absent without a count of prompt or completion tokens.
  std::optional<token_usage> usage() const;
};

/// The `usage` of a reply, with OpenAI's meaning: cached and written tokens are part of the prompt's, reasoning tokens
/// of the completion's. A server whose `total_tokens` says that its reasoning tokens come on top gets them added. Also
/// read: `cache_read_input_tokens`, `cache_creation_input_tokens`, `cache_creation` (gateways to Anthropic's API) and
/// `prompt_cache_hit_tokens` (DeepSeek); the responses API's `input_tokens` and `output_tokens`. Absent: no object with a count of prompt or completion tokens.
std::optional<token_usage> read_usage(const json& usage);

}  // namespace corchestra::llm
