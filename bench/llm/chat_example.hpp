#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace corchestra::bench {

/// One question and its answer, of the size that is usual.
struct chat_example {
  static constexpr std::string_view model = "gpt-4o-mini";
  static constexpr std::string_view key = "sk-proj-bench-0123456789abcdefghijklmnopqrstuvwxyz";
  static constexpr double temperature = 0.2;
  static constexpr int max_tokens = 256;
  static constexpr std::int64_t tokens = 214;  ///< of the answer's usage
  static std::string_view system();
  static std::string_view user();
  static std::string_view answer();

  /// The request as our client sends it.
  static std::string request_body();
  /// As OpenAI answers.
  static std::string reply_body();
  /// Only what an answer must have.
  static std::string short_reply_body();
  /// One piece of the answer as an event's data.
  static std::string chunk(std::string_view text);
};

}  // namespace corchestra::bench
