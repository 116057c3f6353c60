#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <corchestra/llm/api_client.hpp>

#include "batch/request_line.hpp"

namespace corchestra::batch {

/// Appends a line of OpenAI's batch output, without its break: `{id, custom_id, response: {status_code, request_id,
/// body}, error}`. The id holds the request's place in the input. The reply's body goes in as it is, on one line.
void append_result_line(std::string& out, const request_line& request, const llm::api_reply& reply);

/// The place that a line's id holds; absent: no line of this kind.
std::optional<std::uint64_t> index_of_result(std::string_view line) noexcept;

}  // namespace corchestra::batch
