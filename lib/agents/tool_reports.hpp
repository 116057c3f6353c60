#pragma once

#include <corchestra/llm/tool_loop.hpp>
#include <corchestra/runtime/task_context.hpp>

namespace corchestra::detail {

/// Tells of an attempt's tool calls by its events, and asks for approvals through it. Arguments and results stay out of
/// the events; the question of an approval has the arguments.
void report_tools(llm::tool_loop_options& options, task_context context);

}  // namespace corchestra::detail
