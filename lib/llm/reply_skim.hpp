#pragma once

#include <string_view>

#include <corchestra/llm/chat.hpp>

namespace corchestra::llm {

/// What the replies of all JSON endpoints have in common: `billed` gets usage, model and service tier, whatever the
/// outcome. Errors: those of an error object inside the reply, `invalid_reply` for anything but a JSON object. Pure;
/// builds no tree of the rest.
result<void> skim_reply(std::string_view body, std::string_view content_type, billed_call& billed);

}  // namespace corchestra::llm
