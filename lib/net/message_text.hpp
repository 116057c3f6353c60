#pragma once

#include <string>
#include <string_view>

#include <corchestra/net/http.hpp>
#include <corchestra/net/http_client.hpp>

namespace corchestra::net {

/// A token of RFC 9110: what a method or a field name may be.
bool is_token(std::string_view s) noexcept;

/// Refuses field names that are no tokens and values with control characters (a line break would start another field).
/// `reserved` are names that the caller of this function writes itself. Never prints a value.
result<void> check_fields(const http_headers& headers, std::initializer_list<std::string_view> reserved);

void append_field(std::string& out, std::string_view name, std::string_view value);

/// A request's head, ready to be sent before its body. Error: `invalid_argument`.
/// `via` is the proxy that it is sent to (null: to the target), in absolute form and with the proxy's credentials.
result<std::string> request_head(const http_request& request, std::string_view user_agent,
                                 const proxy_server* via = nullptr);

/// A reply's status line and fields without the closing blank line. Error: `invalid_argument`.
result<std::string> reply_head(int status, const http_headers& headers);

}  // namespace corchestra::net
