#pragma once

#include <span>
#include <string_view>

#include <corchestra/base/json.hpp>
#include <corchestra/core/task_call.hpp>
#include <corchestra/llm/chat.hpp>

namespace corchestra::detail {

/// Part of the cache key: to be raised whenever the words or the schema change.
inline constexpr int analysis_prompt_version = 1;

/// `{"dependencies": [{"task", "needs", "kind", "confidence", "evidence"}]}`: arrays, because strict output cannot
/// express free maps; ranges are checked afterwards, because servers refuse them.
const json& analysis_schema();

/// What is asked about the tasks: `[{"id", "agent", "description", "depends_on"}]`.
json analyzed_tasks(std::span<const task_call> tasks);

llm::chat_request analysis_request(std::span<const task_call> tasks, std::string_view model);

/// The second question, with what was wrong with the first answer.
llm::chat_message repair_message(std::string_view problem);

}  // namespace corchestra::detail
