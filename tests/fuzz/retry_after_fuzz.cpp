#include "llm/retry_after.hpp"

#include "fuzz/expect.hpp"
#include "llm/rate_limit_headers.hpp"

using namespace corchestra;

// Lines of text as the values of the fields: a wait is positive and bounded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  net::http_headers headers;
  for (const char* name : {"retry-after", "retry-after-ms", "date", "x-ratelimit-limit-requests",
                           "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"}) {
    const auto end = text.find('\n');
    headers.add(name, std::string(text.substr(0, end)));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  for (const std::optional<wall_time> now : {std::optional<wall_time>(), std::optional<wall_time>(wall_time())}) {
    const auto wait = llm::parse_retry_after(headers, now);
    if (wait)
      fuzz::expect(wait->count() > 0 && *wait <= std::chrono::hours(24 * 365), "a wait is positive and bounded");
  }
  llm::parse_rate_limits(headers);
  return 0;
}
