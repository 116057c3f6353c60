#pragma once

#include <span>
#include <string_view>

#include <corchestra/base/json.hpp>
#include <corchestra/core/task_call.hpp>
#include <corchestra/llm/chat.hpp>

namespace corchestra::detail {

/// Part of the cache key: to be raised whenever the words or the schema change.
inline constexpr int analysis_prompt_version = 1;

inline constexpr std::string_view analysis_schema_name = "task_dependencies";
/// `{"dependencies": [{"task", "needs", "kind", "confidence", "evidence"}]}`: arrays, because strict output cannot
/// express free maps; ranges are checked afterwards, because servers refuse them.
const json& analysis_schema();

/// What is asked about the tasks: `[{"id", "agent", "description", "depends_on"}]`.
json analyzed_tasks(std::span<const task_call> tasks);

/// Without the form of the answer, which the caller asks for; its words describe it.
llm::chat_request analysis_request(std::span<const task_call> tasks, std::string_view model);

}  // namespace corchestra::detail
