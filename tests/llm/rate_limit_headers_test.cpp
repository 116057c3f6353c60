#include "llm/rate_limit_headers.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using namespace corchestra::llm;
using namespace std::chrono_literals;

TEST_CASE("limits, what remains and when it is back are read from OpenAI's headers") {
  const auto l = parse_rate_limits({{"X-RateLimit-Limit-Requests", "60"},
                                    {"x-ratelimit-limit-tokens", "150000"},
                                    {"x-ratelimit-remaining-requests", "59"},
                                    {"x-ratelimit-remaining-tokens", "149984"},
                                    {"x-ratelimit-reset-requests", "1s"},
                                    {"x-ratelimit-reset-tokens", "6m0s"}});
  CHECK(l.requests.limit == 60);
  CHECK(l.requests.remaining == 59);
  CHECK(l.requests.reset == optional_duration(1s));
  CHECK(l.tokens.limit == 150000);
  CHECK(l.tokens.remaining == 149984);
  CHECK(l.tokens.reset == optional_duration(6min));
}

TEST_CASE("a limit of zero, below zero or that is no number is none") {
  for (const auto* bad : {"0", "-1", "", "many", "60.5", "60 ", "99999999999999999999"}) {
    INFO(bad);
    const auto l = parse_rate_limits({{"x-ratelimit-limit-requests", bad}, {"x-ratelimit-remaining-requests", "0"}});
    CHECK(!l.requests.limit);
    CHECK(!l.requests.remaining);
  }
  const auto l = parse_rate_limits({{"x-ratelimit-limit-requests", "60"},
                                    {"x-ratelimit-remaining-requests", "-1"},
                                    {"x-ratelimit-reset-requests", "soon"}});
  CHECK(l.requests.limit == 60);
  CHECK(!l.requests.remaining);
  CHECK(!l.requests.reset);
}
