#include <corchestra/llm/error_body.hpp>

#include <charconv>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "llm/reply_error.hpp"
#include "llm/retry_after.hpp"

namespace corchestra::llm {

namespace {

constexpr std::size_t max_message = 500;

std::string text_or_empty(const json& object, std::string_view name) {
  const auto it = object.find(name);
  if (it == object.end() || it->is_null() || it->is_structured()) return {};
  return to_text(*it);
}

error_body flat(const json& object) {
  return {text_or_empty(object, "message"), text_or_empty(object, "type"), text_or_empty(object, "code"),
          text_or_empty(object, "param")};
}

/// FastAPI: text, an object with a message, or findings of the form {"loc": [...], "msg": "..."}.
error_body from_detail(const json& detail) {
  if (detail.is_string()) return {detail.get<std::string>()};
  if (detail.is_object()) return error_body_of(detail);
  error_body out;
  if (!detail.is_array()) return out;
  for (const auto& finding : detail) {
    if (!finding.is_object()) continue;
    std::string place;
    if (const auto loc = finding.find("loc"); loc != finding.end() && loc->is_array())
      for (const auto& step : *loc) place += concat(place.empty() ? "" : ".", to_text(step));
    if (!out.message.empty()) out.message += "; ";
    out.message += concat(place, place.empty() ? "" : ": ", text_or_empty(finding, "msg"));
  }
  return out;
}

std::string html_title(std::string_view body) {
  const std::string lower = to_lower(body.substr(0, 64u << 10));
  const auto open = lower.find("<title");
  if (open == std::string::npos) return {};
  const auto begin = lower.find('>', open);
  const auto end = lower.find("</title", open);
  if (begin == std::string::npos || end == std::string::npos || end <= begin) return {};
  return std::string(trim(body.substr(begin + 1, end - begin - 1)));
}

bool any_of_is(const error_body& b, std::string_view word) { return b.code == word || b.type == word; }

bool quota(const error_body& b) {
  return any_of_is(b, "insufficient_quota") || any_of_is(b, "billing_hard_limit_reached");
}

errc code_of(int status, const error_body& b) {
  if (quota(b) || status == 402) return errc::quota_exhausted;
  if (any_of_is(b, "content_filter")) return errc::content_filtered;
  switch (status) {
    case 401:
      return errc::authentication_failed;
    case 403:
      return errc::permission_denied;
    case 404:
      return errc::not_found;
    case 408:
      return errc::timeout;
    case 429:
      return errc::rate_limited;
    default:
      break;
  }
  if (status >= 500) return errc::server_error;
  if (status >= 400) return errc::bad_request;
  return errc::invalid_reply;
}

bool passes(int status) { return status == 408 || status == 409 || status == 425 || status == 429 || status >= 500; }

/// The HTTP status that an error inside a 200 stands for.
int implied_status(const error_body& b) {
  int number = 0;
  const auto [end, ec] = std::from_chars(b.code.data(), b.code.data() + b.code.size(), number);
  if (ec == std::errc() && end == b.code.data() + b.code.size() && number >= 400 && number <= 599) return number;
  if (any_of_is(b, "rate_limit_exceeded") || any_of_is(b, "rate_limit_error")) return 429;
  if (any_of_is(b, "authentication_error") || any_of_is(b, "invalid_api_key")) return 401;
  if (any_of_is(b, "permission_error")) return 403;
  if (any_of_is(b, "not_found_error") || any_of_is(b, "model_not_found")) return 404;
  if (any_of_is(b, "invalid_request_error")) return 400;
  return 500;
}

bool numeric(std::string_view s) { return s.find_first_not_of("0123456789") == std::string_view::npos; }

std::string words_of(const error_body& b) {
  std::string out = b.message.empty() ? "no explanation" : one_line(b.message, max_message);
  const std::string& kind = !numeric(b.code) ? b.code : b.type;
  if (!kind.empty() && kind != b.message) out += concat(" (", one_line(kind, 80), ")");
  return out;
}

}  // namespace

error_body error_body_of(const json& reply) {
  if (!reply.is_object()) return {};
  if (const auto e = reply.find("error"); e != reply.end()) {
    if (e->is_object()) return flat(*e);
    if (e->is_string()) {
      error_body out = flat(reply);
      out.message = e->get<std::string>();
      return out;
    }
  }
  if (const auto detail = reply.find("detail"); detail != reply.end()) return from_detail(*detail);
  return flat(reply);
}

error_body parse_error_body(std::string_view body, std::string_view content_type) {
  const std::string_view text = trim(body);
  if (text.empty()) return {};
  if (text.front() == '<' || to_lower(content_type).find("text/html") != std::string::npos) {
    const std::string title = html_title(body);
    return {title.empty() ? "an HTML page" : concat("an HTML page titled ", quote(title))};
  }
  if (const auto parsed = parse_json(text)) {
    if (parsed->is_string()) return {parsed->get<std::string>()};
    error_body out = error_body_of(*parsed);
    if (out.message.empty()) out.message = one_line(text, max_message);
    return out;
  }
  return {one_line(text, max_message)};
}

error error_of(int status, const error_body& body) {
  const bool again = passes(status) && !quota(body) && !any_of_is(body, "content_filter");
  return fail(code_of(status, body), concat("HTTP ", status, ": ", words_of(body)),
              again ? retry_class::transient : retry_class::terminal);
}

std::optional<error> error_in_reply(const json& reply) {
  const auto e = reply.find("error");
  if (e == reply.end() || e->is_null() || *e == false || *e == "" || (e->is_structured() && e->empty()))
    return std::nullopt;
  const error_body body = error_body_of(reply);
  error out = error_of(implied_status(body), body);
  out.message = concat("the server reported an error inside its reply: ", words_of(body));
  return out;
}

error error_from_reply(int status, const net::http_headers& headers, std::string_view body,
                       std::optional<wall_time> now) {
  const error_body b = parse_error_body(body, headers.get("content-type"));
  error e = error_of(status, b);
  if (status >= 300 && status < 400)
    e.message = concat("HTTP ", status, ": redirects are not followed; set base_url to ",
                       quote(headers.get("location").substr(0, headers.get("location").find('?'))));
  if (status == 404 && b.message.empty()) e.message += "; check base_url (it usually ends in /v1) and the model";
  e.retry_after = parse_retry_after(headers, now);
  const std::string_view should = headers.get("x-should-retry");
  if (should == "true" && !quota(b)) e.retry = retry_class::transient;
  if (should == "false") e.retry = retry_class::terminal;
  return e;
}

}  // namespace corchestra::llm
