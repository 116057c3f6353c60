#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <corchestra/base/token_usage.hpp>

namespace corchestra::llm {

/// What a reply says that holds a text answer and nothing unusual. Empty where the reply has nothing of it.
struct usual_reply {
  std::string content, refusal, reasoning;
  std::optional<std::string> finish_reason;
  std::string id, model, service_tier;
  std::optional<token_usage> usage;
};

/// Reads a whole reply in one pass over its text. Absent: it is no JSON, or has tool calls, an error, members of other
/// types than usual, the same member twice, or no answer: what it means then is for `parse_json` and `reply_builder`.
/// Pure.
std::optional<usual_reply> read_usual_reply(std::string_view body);

}  // namespace corchestra::llm
