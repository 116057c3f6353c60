#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/tool.hpp>

namespace corchestra::llm {

enum class tool_outcome : std::uint8_t {
  ok,
  failed,  ///< the tool's error, or an exception
  timeout,
  invalid_arguments,  ///< no JSON, or not what the tool's schema says
  unknown_tool,
  refused,    ///< by a person
  cancelled,  ///< with the conversation
};
std::string_view to_string(tool_outcome o) noexcept;

/// How one call of a tool ended.
struct tool_call_end {
  tool_outcome outcome = tool_outcome::ok;
  duration elapsed{};
  std::size_t output_bytes = 0;  ///< before it was cut
  std::string message;           ///< of a failure; may quote what the model said
};

struct tool_loop_options {
  int max_steps = 10;            ///< requests to the model
  std::size_t max_parallel = 8;  ///< tools at once; the rest of a step's calls wait
  std::function<void(const tool_call&, int step)> on_start;
  std::function<void(const tool_call&, int step, const tool_call_end&)> on_end;
  /// Asked, one call after another and before any of the step begins, for tools that require it. Absent: refused.
  std::function<awaitable<result<bool>>(tool_call)> approve;
};

struct tool_loop_answer {
  chat_response reply;                 ///< the last
  std::vector<chat_message> messages;  ///< the conversation before it, with all calls and their results
  int steps = 0;
  bool out_of_steps = false;  ///< the reply called tools that were not run any more; `finish` is `length`
};

/// Asks the model until it answers without calling a tool. The calls of a step run at once, up to `max_parallel`. What
/// goes wrong with a call (no such tool, invalid arguments, its failure or timeout) is told to the model and ends
/// nothing. A reply that was cut is the answer: its calls are not run. After `max_steps` the last reply's text is the
/// answer; without any the error is `limit_exceeded`. Other errors are those of `ask`, which counts the tokens of its
/// replies. Cancelling cancels the tools that run and waits for them.
awaitable<result<tool_loop_answer>> run_tool_loop(tool_set tools, chat_request request,
                                                  std::function<awaitable<result<chat_response>>(chat_request)> ask,
                                                  tool_loop_options options = {});

}  // namespace corchestra::llm
