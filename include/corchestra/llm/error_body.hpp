#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/net/http.hpp>

namespace corchestra::llm {

/// What an error reply says, whatever its dialect: OpenAI's object, a bare string, FastAPI's `detail`, Mistral's flat
/// object, integer or string codes, HTML, nothing.
struct error_body {
  std::string message, type, code, param;
};
error_body parse_error_body(std::string_view body, std::string_view content_type);

/// Status, headers and body as an `error` with its `retry_class` and, where the server names one, `retry_after`. A date
/// in Retry-After is measured from the reply's own Date, or from `now` when it has none.
error error_from_reply(int status, const net::http_headers& headers, std::string_view body,
                       std::optional<wall_time> now = std::nullopt);

}  // namespace corchestra::llm
