#pragma once

#include <optional>

#include <corchestra/base/json.hpp>
#include <corchestra/base/token_usage.hpp>

namespace corchestra::llm {

/// The `usage` of a reply, with OpenAI's meaning: cached and written tokens are part of the prompt's, reasoning tokens
/// of the completion's. A server whose `total_tokens` says that its reasoning tokens come on top gets them added. Also
/// read: `cache_read_input_tokens`, `cache_creation_input_tokens`, `cache_creation` (gateways to Anthropic's API) and
/// `prompt_cache_hit_tokens` (DeepSeek); the responses API's `input_tokens` and `output_tokens`. Absent: no object with a count of prompt or completion tokens.
std::optional<token_usage> read_usage(const json& usage);

}  // namespace corchestra::llm
