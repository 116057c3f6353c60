#pragma once

#include <corchestra/llm/tool.hpp>
#include <corchestra/runtime/task_context.hpp>

#include "agents/child_process.hpp"

namespace corchestra::detail {

/// What a program that an attempt starts is told of its trace: nothing without one.
inline llm::tool_variables trace_variables(const task_context& context) {
  llm::tool_variables all;
  if (std::string parent = context.trace_parent(); !parent.empty()) {
    all.emplace_back("TRACEPARENT", std::move(parent));
    if (const auto state = context.trace_state(); !state.empty()) all.emplace_back("TRACESTATE", state);
  }
  return all;
}

/// Puts them into a program's environment, in place of what the host has. What the plan sets itself stays.
template <class Own>
void hand_on_trace(const llm::tool_variables& variables, const Own& own, environment& to) {
  if (variables.empty() || own.contains("TRACEPARENT")) return;
  to.erase("TRACESTATE");
  for (const auto& [name, value] : variables) to[name] = value;
}

}  // namespace corchestra::detail
