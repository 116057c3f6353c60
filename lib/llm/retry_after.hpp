#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <corchestra/base/time.hpp>
#include <corchestra/net/http.hpp>

namespace corchestra::llm {

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of HTTP dates that may still be sent (RFC 9110).
std::optional<wall_time> parse_http_date(std::string_view text);

/// How long the server asks to wait: `retry-after-ms`, else `retry-after` as seconds or date. Nothing when absent,
/// unreadable, or not in the future.
std::optional<std::chrono::milliseconds> parse_retry_after(const net::http_headers& headers,
                                                           std::optional<wall_time> now);

}  // namespace corchestra::llm
