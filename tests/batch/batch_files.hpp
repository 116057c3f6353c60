#pragma once

#include <string>

#include "batch/input_file.hpp"
#include "batch/request_line.hpp"

namespace corchestra::tests {

/// What a maker makes of a line, for a message when it makes none.
inline batch::record line_record(std::string_view text, std::uint64_t index = 0) {
  batch::record r;
  r.index = index;
  r.line = index + 1;
  r.text = text;
  return r;
}

/// A line of OpenAI's batch format.
inline std::string openai_line(const std::string& id, const std::string& body,
                               const std::string& url = "/v1/chat/completions") {
  return R"({"custom_id":")" + id + R"(","method":"POST","url":")" + url + R"(","body":)" + body + "}";
}

/// A chat about `id`, to a model `m`, with at most so many tokens.
inline std::string chat_line(const std::string& id, int max_tokens = 10) {
  return openai_line(id, R"({"model":"m","max_tokens":)" + std::to_string(max_tokens) +
                             R"(,"messages":[{"role":"user","content":")" + id + R"("}]})");
}

/// `count` of them, `r0` and on.
inline std::string chat_lines(int count, int max_tokens = 10) {
  std::string text;
  for (int i = 0; i < count; ++i) text += chat_line("r" + std::to_string(i), max_tokens) + '\n';
  return text;
}

}  // namespace corchestra::tests
