#pragma once

#include <map>
#include <string>
#include <string_view>

#include <corchestra/base/secret.hpp>
#include <corchestra/llm/chat.hpp>

#include "llm/usual_reply.hpp"

namespace corchestra::llm {

/// What one message or delta added.
struct reply_piece {
  std::string text, reasoning;
};

/// Puts an answer together from a whole message or from deltas, and judges it at the end. Pure.
class reply_builder {
 public:
  enum class part { whole, delta };

  /// `place` names the JSON object in error messages. Missing, null and unknown members are fine; wrong types are
  /// `invalid_reply`.
  result<reply_piece> add(const json& message, part kind, std::string_view place);
  /// All of a usual reply.
  void take(usual_reply reply);
  void finish(std::string_view reason);
  /// Model, id, usage and service tier of a reply or a chunk, whatever its choices: the first model and id, the last
  /// usage and tier that are not null.
  void identify(const json& reply);

  /// Takes secrets out of what `build` may cut.
  void hide(const redactor& secrets) { refusal_ = secrets(std::move(refusal_)); }

  bool finished() const noexcept { return finished_; }
  const std::string& text() const noexcept { return response_.message.content; }
  /// What the reply was billed for so far, answer or not.
  billed_call billed() const { return {response_.usage, response_.model, response_.service_tier}; }

  /// Errors: `refused`, `content_filtered`, `invalid_reply` for an answer without text and tool calls.
  result<chat_response> build() &&;

 private:
  result<void> add_tool_calls(const json& calls, part kind, std::string_view place);
  std::int64_t tool_call_key(const json& call, part kind) const;

  chat_response response_;
  std::string refusal_;
  std::map<std::int64_t, tool_call> calls_;
  bool finished_ = false;
};

}  // namespace corchestra::llm
