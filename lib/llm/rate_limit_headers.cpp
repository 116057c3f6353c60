#include "llm/rate_limit_headers.hpp"

#include <charconv>
#include <string>

namespace corchestra::llm {

namespace {

std::optional<std::int64_t> count_of_header(std::string_view text, std::int64_t least) {
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc() || end != text.data() + text.size() || n < least) return {};
  return n;
}

rate_limit one(const net::http_headers& headers, const std::string& of) {
  rate_limit l;
  l.limit = count_of_header(headers.get("x-ratelimit-limit-" + of), 1);
  if (!l.limit) return {};
  l.remaining = count_of_header(headers.get("x-ratelimit-remaining-" + of), 0);
  if (const auto reset = headers.get("x-ratelimit-reset-" + of); !reset.empty()) {
    if (const auto d = parse_duration(reset)) l.reset = *d;
  }
  return l;
}

}  // namespace

rate_limits parse_rate_limits(const net::http_headers& headers) {
  return {one(headers, "requests"), one(headers, "tokens")};
}

}  // namespace corchestra::llm
