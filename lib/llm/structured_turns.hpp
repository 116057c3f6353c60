#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/llm/chat.hpp>
#include <corchestra/llm/output_capabilities.hpp>

namespace corchestra::llm {

/// The decisions of one structured answer: what is asked next, and what a reply means. Pure.
class structured_turns {
 public:
  structured_turns(json_schema schema, std::string name, std::function<result<void>(const json&)> check,
                   output_rung first, bool free_first);

  /// What the next question needs besides the conversation.
  void dress(chat_request& request) const;

  enum class verdict : std::uint8_t { accepted, next_rung, correct, given_up };
  struct step {
    verdict what = verdict::given_up;
    json value;                          // accepted
    error problem;                       // otherwise: of the rung, the answer, or the whole
    std::vector<chat_message> messages;  // correct: they continue the conversation
  };
  step after(result<chat_response> reply, std::optional<std::int64_t> max_tokens);

  output_rung rung() const noexcept { return free_ ? output_rung::prompt : rung_; }
  bool formatted() const noexcept { return !free_; }
  bool corrected() const noexcept { return corrected_; }
  /// Whether a rung was left that the endpoint does not support at all: worth to be remembered once another works.
  bool learnt() const noexcept { return learnt_; }

 private:
  output_rung below(output_rung r) const;
  step leave_rung(error problem);
  result<json> read(const chat_response& reply) const;

  json_schema schema_;
  std::string name_;
  std::function<result<void>(const json&)> check_;
  output_rung rung_;
  bool object_, free_, corrected_ = false, learnt_ = false;
};

}  // namespace corchestra::llm
