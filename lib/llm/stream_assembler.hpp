#pragma once

#include <functional>
#include <string_view>

#include <corchestra/base/secret.hpp>

#include "llm/reply_builder.hpp"

namespace corchestra::llm {

/// The data of a stream's events, one after the other, put together to one answer: the same as the server would have
/// sent without streaming. Pure.
class stream_assembler {
 public:
  /// `hide`, which outlives this, takes secrets out of messages before they are cut; null: nothing does.
  explicit stream_assembler(std::function<void(const chat_delta&)> on_delta = {}, const redactor* hide = nullptr)
      : on_delta_(std::move(on_delta)), hide_(hide) {}

  /// Errors: that of an error object in the stream, `invalid_reply`. Data after `[DONE]` is ignored.
  result<void> feed(std::string_view data);

  bool done() const noexcept { return done_; }        ///< `[DONE]` came
  bool started() const noexcept { return started_; }  ///< any data came
  bool visible() const noexcept { return visible_; }  ///< text or reasoning was given to `on_delta`
  bool complete() const noexcept { return done_ || builder_.finished(); }
  const std::string& text() const noexcept { return builder_.text(); }
  billed_call billed() const { return builder_.billed(); }
  /// `; it had come to 53 bytes of text, ending in '...'`, or nothing: what a broken stream had given.
  std::string partial_output() const;

  /// To be called at the end of the stream. Errors: `connection_lost` when it ended early, and those of a whole reply.
  result<chat_response> finish() &&;

 private:
  result<void> choice(const json& c);

  std::function<void(const chat_delta&)> on_delta_;
  const redactor* hide_;
  reply_builder builder_;
  bool done_ = false, started_ = false, visible_ = false, has_choice_ = false;
};

}  // namespace corchestra::llm
