#pragma once

#include <string>

#include <corchestra/base/json.hpp>
#include <corchestra/llm/chat.hpp>

namespace corchestra::tests {

inline json reply_with(json message, json finish = "stop") {
  json choice = {{"index", 0}, {"message", std::move(message)}, {"finish_reason", std::move(finish)}};
  return {{"id", "chatcmpl-1"},
          {"model", "m-2026"},
          {"choices", json::array({std::move(choice)})},
          {"usage", {{"prompt_tokens", 7}, {"completion_tokens", 3}, {"total_tokens", 10}}}};
}

inline json reply_saying(std::string text) { return reply_with({{"role", "assistant"}, {"content", std::move(text)}}); }

/// One event of a stream.
inline std::string sse(const json& chunk) { return "data: " + chunk.dump() + "\n\n"; }
inline json delta(json d, json finish = nullptr) {
  json choice = {{"index", 0}, {"delta", std::move(d)}, {"finish_reason", std::move(finish)}};
  return {{"id", "chatcmpl-1"}, {"model", "m-2026"}, {"choices", json::array({std::move(choice)})}, {"usage", nullptr}};
}
inline std::string sse_text(std::string text) { return sse(delta({{"content", std::move(text)}})); }
inline const std::string sse_end = sse(delta(json::object(), "stop")) + "data: [DONE]\n\n";

inline llm::chat_request ask(std::string text = "hello") {
  llm::chat_request r;
  llm::chat_message m;
  m.content = std::move(text);
  r.messages.push_back(std::move(m));
  return r;
}

}  // namespace corchestra::tests
