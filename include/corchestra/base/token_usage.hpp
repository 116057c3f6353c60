#pragma once

#include <cstdint>

#include <corchestra/base/json.hpp>

namespace corchestra {

/// Tokens as the API bills them. `calls == 0` means that nothing was ever reported, which is not the same as zero tokens.
struct token_usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cached_tokens = 0;     ///< part of `prompt_tokens`
  std::int64_t reasoning_tokens = 0;  ///< part of `completion_tokens`
  std::int64_t calls = 0;             ///< replies that carried usage

  std::int64_t total_tokens() const noexcept { return prompt_tokens + completion_tokens; }
  bool known() const noexcept { return calls > 0; }
  token_usage& operator+=(const token_usage& o) noexcept {
    prompt_tokens += o.prompt_tokens;
    completion_tokens += o.completion_tokens;
    cached_tokens += o.cached_tokens;
    reasoning_tokens += o.reasoning_tokens;
    calls += o.calls;
    return *this;
  }
  friend bool operator==(const token_usage&, const token_usage&) = default;
};

/// `{prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens}`, or null when not known.
ordered_json to_json_value(const token_usage& u);

}  // namespace corchestra
