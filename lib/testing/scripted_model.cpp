#include <corchestra/testing/scripted_model.hpp>

#include <corchestra/async/sleep.hpp>

#include "testing/words.hpp"

namespace corchestra::testing {

scripted_model& scripted_model::answer_with(answer a, duration takes) {
  steps_.push_back({std::move(a), takes});
  return *this;
}

scripted_model& scripted_model::say(std::string text, duration takes) {
  return answer_with(
      [text = std::move(text)](const llm::chat_request& request) -> result<llm::chat_response> {
        llm::chat_response r;
        r.message.role = llm::role::assistant;
        r.message.content = text;
        r.model = request.model.empty() ? "scripted" : request.model;
        for (const auto& m : request.messages)
          r.usage.prompt_tokens += static_cast<std::int64_t>(count_words(m.content));
        r.usage.completion_tokens = static_cast<std::int64_t>(count_words(text));
        r.usage.calls = 1;
        return r;
      },
      takes);
}

scripted_model& scripted_model::fail_with(error e, duration takes) {
  return answer_with([e = std::move(e)](const llm::chat_request&) -> result<llm::chat_response> { return e; }, takes);
}

awaitable<result<llm::chat_response>> scripted_model::complete(llm::chat_request request) {
  auto reply = co_await stream(std::move(request), nullptr);
  co_return reply;
}

awaitable<result<llm::chat_response>> scripted_model::stream(llm::chat_request request,
                                                             std::function<void(const llm::chat_delta&)> on_delta) {
  requests_.push_back(request);
  if (steps_.empty()) co_return fail(errc::invalid_reply, "the scripted model has nothing left to say");
  const step next = std::move(steps_.front());
  steps_.pop_front();
  if (next.takes > duration::zero()) co_await sleep_for(next.takes);
  auto reply = next.reply(request);
  if (reply && on_delta && !reply->message.content.empty()) on_delta({reply->message.content, reply->reasoning});
  if (reply) reply->elapsed = next.takes;
  co_return reply;
}

}  // namespace corchestra::testing
