#include <algorithm>
#include <boost/beast/http/status.hpp>

#include <corchestra/base/text.hpp>

#include "net/message_text.hpp"
#include "net/proxy_tunnel.hpp"

namespace corchestra::net {

namespace {

bool has_controls(std::string_view s) {
  return std::any_of(s.begin(), s.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

bool is_target(std::string_view s) {
  return s.starts_with('/') && std::all_of(s.begin(), s.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

bool is_token(std::string_view s) noexcept {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

result<void> check_fields(const http_headers& headers, std::initializer_list<std::string_view> reserved) {
  for (const auto& [name, value] : headers) {
    if (!is_token(name)) return fail(errc::invalid_argument, concat("header name ", quote(name), " is not a token"));
    if (has_controls(value)) {
      return fail(errc::invalid_argument, concat("header ", quote(name), ": the value holds a control character"));
    }
  }
  for (const auto name : reserved) {
    if (headers.has(name))
      return fail(errc::invalid_argument, concat("header ", quote(name), " cannot be set from outside"));
  }
  return {};
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

result<std::string> request_head(const http_request& request, std::string_view user_agent, const proxy_server* via) {
  if (!is_token(request.method)) {
    return fail(errc::invalid_argument, concat("HTTP method ", quote(request.method), " is not a token"));
  }
  const std::string target = request.target.target();
  if (!is_target(target))
    return fail(errc::invalid_argument, "the request's path must begin with / and be percent-encoded");
  const auto checked = check_fields(request.headers, {"Host", "Content-Length", "Connection", "Transfer-Encoding"});
  if (!checked) return checked.error();
  std::string out = concat(request.method, ' ', via ? request.target.to_string() : target, " HTTP/1.1\r\n");
  append_field(out, "Host", request.target.host_header());
  if (!user_agent.empty() && !request.headers.has("User-Agent")) append_field(out, "User-Agent", user_agent);
  for (const auto& [name, value] : request.headers) append_field(out, name, value);
  if (via && !via->credentials.empty()) append_field(out, "Proxy-Authorization", proxy_authorization(*via));
  const bool wants_length = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (wants_length || !request.body.empty()) append_field(out, "Content-Length", concat(request.body.size()));
  out += "\r\n";
  return out;
}

result<std::string> reply_head(int status, const http_headers& headers) {
  if (status < 200 || status > 599) {
    return fail(errc::invalid_argument, concat("HTTP status ", status, " is not within 200..599"));
  }
  const auto checked = check_fields(headers, {"Content-Length", "Connection", "Transfer-Encoding"});
  if (!checked) return checked.error();
  const auto reason =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  std::string out = concat("HTTP/1.1 ", status, ' ', std::string_view(reason.data(), reason.size()), "\r\n");
  for (const auto& [name, value] : headers) append_field(out, name, value);
  return out;
}

}  // namespace corchestra::net
