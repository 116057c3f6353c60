#pragma once

#include <optional>
#include <string>

#include <corchestra/async/semaphore.hpp>
#include <corchestra/llm/tool_loop.hpp>

namespace corchestra::llm {

/// A tool's answer as the model reads it, cut between characters to `most` bytes with a mark.
std::string bounded_output(std::string text, std::size_t most);

/// The calls of one step.
class tool_runner {
 public:
  tool_runner(tool_set tools, tool_loop_options options);

  /// The tools' messages, in the order of the calls. Error: of `approve`.
  awaitable<result<std::vector<chat_message>>> run(std::vector<tool_call> calls, int step);

 private:
  struct planned {
    tool_call call;
    const tool_set::entry* entry = nullptr;
    json arguments;
    std::optional<tool_call_end> refused;  // it is not run
  };
  planned plan(tool_call call) const;
  awaitable<std::string> run_one(planned p, int step);
  awaitable<tool_call_end> execute(planned p, std::string& output);

  tool_set tools_;
  tool_loop_options options_;
  semaphore slots_;
};

}  // namespace corchestra::llm
