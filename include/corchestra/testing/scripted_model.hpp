#pragma once

#include <deque>
#include <functional>
#include <vector>

#include <corchestra/llm/chat_model.hpp>

namespace corchestra::testing {

/// A chat model that answers from a script, in order, and remembers what it was asked. When the script is used up it
/// answers `invalid_reply`.
class scripted_model : public llm::chat_model {
 public:
  using answer = std::function<result<llm::chat_response>(const llm::chat_request&)>;

  scripted_model& say(std::string text, duration takes = {});
  scripted_model& fail_with(error e, duration takes = {});
  scripted_model& answer_with(answer a, duration takes = {});

  awaitable<result<llm::chat_response>> complete(llm::chat_request request) override;
  awaitable<result<llm::chat_response>> stream(llm::chat_request request,
                                               std::function<void(const llm::chat_delta&)> on_delta) override;
  std::string default_model() const override { return "scripted"; }

  const std::vector<llm::chat_request>& requests() const noexcept { return requests_; }

 private:
  struct step {
    answer reply;
    duration takes;
  };
  std::deque<step> steps_;
  std::vector<llm::chat_request> requests_;
};

}  // namespace corchestra::testing
