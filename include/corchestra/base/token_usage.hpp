#pragma once

#include <cstdint>

#include <corchestra/base/json.hpp>

namespace corchestra {

/// Tokens as the API bills them. `calls == 0` means that nothing was ever reported, which is not the same as zero
/// tokens.
struct token_usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cached_tokens = 0;          ///< part of `prompt_tokens`
  std::int64_t reasoning_tokens = 0;       ///< part of `completion_tokens`
  std::int64_t calls = 0;                  ///< replies that carried usage
  std::int64_t cache_write_tokens = 0;     ///< part of `prompt_tokens`: written to the provider's prompt cache
  std::int64_t cache_write_1h_tokens = 0;  ///< part of `cache_write_tokens`: to be kept for an hour

  std::int64_t total_tokens() const noexcept { return prompt_tokens + completion_tokens; }
  bool known() const noexcept { return calls > 0; }
  token_usage& operator+=(const token_usage& o) noexcept {
    prompt_tokens += o.prompt_tokens;
    completion_tokens += o.completion_tokens;
    cached_tokens += o.cached_tokens;
    reasoning_tokens += o.reasoning_tokens;
    calls += o.calls;
    cache_write_tokens += o.cache_write_tokens;
    cache_write_1h_tokens += o.cache_write_1h_tokens;
    return *this;
  }
  friend bool operator==(const token_usage&, const token_usage&) = default;
};

/// `{prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens}`, or null when not known; with
/// `cache_write_tokens` and `cache_write_1h_tokens` where there are any.
ordered_json to_json_value(const token_usage& u);

}  // namespace corchestra
