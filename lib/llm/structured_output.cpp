#include <corchestra/llm/structured_output.hpp>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/llm/json_text.hpp>

#include "llm/structured_turns.hpp"

namespace corchestra::llm {

namespace {

void describe_schema(chat_request& request, const json_schema& schema) {
  if (request.messages.empty()) return;
  request.messages.back().content +=
      concat("\n\nAnswer with one JSON value only, without any other text, that matches this JSON Schema:\n",
             json_block(schema.source()));
}

}  // namespace

awaitable<result<structured_answer>> ask_structured(structured_ask ask, chat_request request, json_schema schema,
                                                    structured_output_options options) {
  const auto executor = co_await asio::this_coro::executor;
  time_service& clock = time_service::of(executor);
  output_rung first = output_rung::strict_schema;
  if (options.capabilities) first = options.capabilities->first(options.endpoint, request.model, clock.now());
  if (options.describe) describe_schema(request, schema);
  const auto usage = std::make_shared<token_usage>();  // a model may keep its requests
  request.on_failed_usage = [usage, then = std::move(request.on_failed_usage)](const billed_call& failed) {
    *usage += failed.usage;
    if (then) then(failed);
  };

  structured_turns turns(std::move(schema), options.name, options.check, first, options.free_first);
  for (;;) {
    const output_rung rung = turns.rung();
    chat_request question = request;
    turns.dress(question);
    auto reply = co_await ask(question, turns.formatted());
    request.messages = std::move(question.messages);
    if (reply) *usage += reply->usage;
    if (reply && options.on_reply) options.on_reply(*reply);
    if (reply && turns.formatted() && turns.learnt() && options.capabilities)
      options.capabilities->learn(options.endpoint, request.model, rung, clock.now());

    auto next = turns.after(reply, request.max_tokens);
    switch (next.what) {
      case structured_turns::verdict::accepted:
        co_return structured_answer{std::move(next.value), std::move(*reply), rung, turns.corrected(), *usage};
      case structured_turns::verdict::given_up:
        co_return std::move(next.problem);
      case structured_turns::verdict::next_rung:
        if (options.on_rung_left) options.on_rung_left(rung, next.problem);
        break;
      case structured_turns::verdict::correct:
        if (options.on_correction) options.on_correction(next.problem);
        for (auto& m : next.messages) request.messages.push_back(std::move(m));
        break;
    }
  }
}

awaitable<result<structured_answer>> ask_structured(std::shared_ptr<chat_model> model, chat_request request,
                                                    json_schema schema, structured_output_options options) {
  auto ask = [model](chat_request& question, bool) { return model->complete(question); };
  auto answer = co_await ask_structured(structured_ask(std::move(ask)), std::move(request), std::move(schema),
                                        std::move(options));
  co_return answer;
}

}  // namespace corchestra::llm
