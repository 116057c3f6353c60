#pragma once

#include <optional>

#include <corchestra/base/json.hpp>
#include <corchestra/llm/error_body.hpp>

namespace corchestra::llm {

/// The error that a parsed reply carries, in any dialect.
error_body error_body_of(const json& reply);

/// Code, message and retry class of an error with this HTTP status.
error error_of(int status, const error_body& body);

/// A truthy `error` inside a reply or stream that came with status 200; its own code or type stands for the status.
std::optional<error> error_in_reply(const json& reply);

}  // namespace corchestra::llm
