#pragma once

#include <functional>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/llm/chat.hpp>

namespace corchestra::llm {

/// A seam: anything that answers a chat. Errors carry a `retry_class`; a refusal, a filtered or an empty answer is an
/// error
/// (`refused`, `content_filtered`, `invalid_reply`); an answer cut by `max_tokens` is a response with `finish ==
/// length`. Cancelling the awaiting coroutine stops the request upstream. Thread-safe.
class chat_model {
 public:
  virtual ~chat_model() = default;
  virtual awaitable<result<chat_response>> complete(chat_request request) = 0;
  /// As `complete`, calling `on_delta` (on the caller's executor) for each piece of text.
  virtual awaitable<result<chat_response>> stream(chat_request request,
                                                  std::function<void(const chat_delta&)> on_delta) = 0;
  /// The model used when a request names none.
  virtual std::string default_model() const = 0;
};

}  // namespace corchestra::llm
