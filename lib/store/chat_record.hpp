#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <corchestra/llm/chat.hpp>

namespace corchestra::store {

/// An answer as JSON text, without what belongs to the call that got it: usage, times, tries.
std::string record_of(const llm::chat_response& r);
/// Absent: the text is none of these.
std::optional<llm::chat_response> response_of(std::string_view record);

}  // namespace corchestra::store
