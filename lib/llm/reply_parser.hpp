#pragma once

#include <string_view>

#include <corchestra/llm/chat.hpp>

namespace corchestra::llm {

/// The body of a successful, not streamed chat completion. Pure. `content_type` only helps to explain what is wrong.
/// `billed` gets what the reply was billed for, also of one that is no answer. Errors: those of an error object inside
/// the reply, `refused`, `content_filtered`, `invalid_reply`.
result<chat_response> parse_reply(std::string_view body, std::string_view content_type, billed_call* billed = nullptr);

/// What a body that is no chat completion at all is called: HTML, another type, nothing. Names the usual remedy.
error not_a_completion(std::string_view body, std::string_view content_type, std::string_view expected);

}  // namespace corchestra::llm
