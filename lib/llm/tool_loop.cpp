#include <corchestra/llm/tool_loop.hpp>

#include <corchestra/base/text.hpp>

#include "llm/tool_runner.hpp"

namespace corchestra::llm {

std::string_view to_string(tool_outcome o) noexcept {
  constexpr std::string_view names[] = {"ok",           "failed",  "timeout",  "invalid_arguments",
                                        "unknown_tool", "refused", "cancelled"};
  return names[static_cast<std::size_t>(o)];
}

awaitable<result<tool_loop_answer>> run_tool_loop(tool_set tools, chat_request request,
                                                  std::function<awaitable<result<chat_response>>(chat_request)> ask,
                                                  tool_loop_options options) {
  request.tools = tools.definitions();
  const int max_steps = options.max_steps;
  tool_runner runner(std::move(tools), std::move(options));
  for (int step = 1;; ++step) {
    auto reply = co_await ask(request);
    if (!reply) co_return reply.error();
    const bool calls = !reply->message.tool_calls.empty() && reply->finish != finish_reason::length;
    if (!calls) co_return tool_loop_answer{std::move(*reply), std::move(request.messages), step, false};
    if (step >= max_steps) {
      if (trim(reply->message.content).empty())
        co_return fail(errc::limit_exceeded,
                       concat("the model still calls tools after ", step, step == 1 ? " step" : " steps",
                              ": raise max_steps, or tell it when to stop"),
                       retry_class::terminal);
      reply->message.tool_calls.clear();
      reply->finish = finish_reason::length;
      co_return tool_loop_answer{std::move(*reply), std::move(request.messages), step, true};
    }
    auto answers = co_await runner.run(reply->message.tool_calls, step);
    if (!answers) co_return answers.error();
    request.messages.push_back(std::move(reply->message));
    for (auto& a : *answers) request.messages.push_back(std::move(a));
  }
}

}  // namespace corchestra::llm
