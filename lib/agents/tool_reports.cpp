#include "agents/tool_reports.hpp"

#include <chrono>

#include <corchestra/base/text.hpp>

namespace corchestra::detail {

namespace {

constexpr std::size_t max_name = 64, max_failure = 300, max_shown_arguments = 2000;

// What the model wrote is quoted by the other messages.
bool is_the_tools_own(llm::tool_outcome o) { return o == llm::tool_outcome::failed || o == llm::tool_outcome::timeout; }

awaitable<result<bool>> ask_for(task_context context, llm::tool_call call) {
  approval_rule question;
  question.message = concat("May the model call the tool ", quote(call.name), " with ",
                            one_line(call.arguments, max_shown_arguments), "?");
  const auto answer = co_await context.ask(std::move(question));
  if (!answer) co_return answer.error();
  co_return answer->approved;
}

}  // namespace

void report_tools(llm::tool_loop_options& options, task_context context) {
  options.on_start = [context](const llm::tool_call& call, int step) mutable {
    context.report_tool_started(
        {{"tool", one_line(call.name, max_name)}, {"call", one_line(call.id, max_name)}, {"step", step}});
  };
  options.on_end = [context](const llm::tool_call& call, int step, const llm::tool_call_end& end) mutable {
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(end.elapsed);
    json details = {{"tool", one_line(call.name, max_name)},
                    {"call", one_line(call.id, max_name)},
                    {"step", step},
                    {"outcome", to_string(end.outcome)},
                    {"elapsed_ms", elapsed.count()},
                    {"output_bytes", end.output_bytes}};
    if (is_the_tools_own(end.outcome)) details["message"] = one_line(end.message, max_failure);
    context.report_tool_ended(std::move(details));
  };
  options.approve = [context](llm::tool_call call) { return ask_for(context, std::move(call)); };
}

}  // namespace corchestra::detail
