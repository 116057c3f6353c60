#include "batch/progress_text.hpp"

#include "batch/prices.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::micro;
using namespace std::chrono_literals;

TEST_CASE("causes are named by how often they occur, then by name, and the rest is left out") {
  CHECK(causes_text({{"timeout", 3}, {"rate_limited", 1200}, {"bad_request", 3}}, 8) ==
        "1,200 rate_limited, 3 bad_request, 3 timeout");
  CHECK(causes_text({{"a", 1}, {"b", 2}, {"c", 3}}, 2) == "3 c, 2 b, ...");
  CHECK(causes_text({}, 3).empty());
}

TEST_CASE("counts say what is done, failed, in flight") {
  batch_progress p;
  p.done = 12'300;
  p.in_flight = 64;
  CHECK(counts_text(p, " - ") == "12,300 done - 64 in flight");
  p.failed = 45;
  p.failures = {{"timeout", 5}, {"rate_limited", 40}};
  p.draining = true;
  CHECK(counts_text(p, ", ") == "12,300 done, 45 failed (40 rate_limited, 5 timeout), 64 in flight, draining");
}

TEST_CASE("tokens are told in and out") {
  CHECK(tokens_text({.prompt_tokens = 1'200'000, .completion_tokens = 300}) == "1,200,000 tokens in, 300 out");
}

TEST_CASE("costs are told as far as they are known") {
  batch_progress p;
  CHECK(cost_text(p, ", ").empty());
  p.unpriced_calls = 3;
  CHECK(cost_text(p, ", ").empty());
  p.budget = micro(5'000'000);
  CHECK(cost_text(p, ", ") == "$0.00 of $5.00, 3 calls without a known cost");
  p.unpriced_calls = 0;
  p.spent = micro(1'230'000);
  p.projected = micro(2'500'000);
  CHECK(cost_text(p, ", ") == "$1.23 of $5.00, $2.50 at the end");
  p.budget.reset();
  p.projected = p.spent;
  p.estimated_calls = 2;
  p.usage_missing = true;
  CHECK(cost_text(p, ", ") == "$1.23, 2 calls at their most, usage is missing");
}

TEST_CASE("rates stand beside their limits, with what holds calls back") {
  batch_progress p;
  p.at = time_point(100s);
  p.requests_a_minute = 1234.4;
  p.tokens_a_minute = 45'000;
  CHECK(limits_text(p, ", ") == "1,234 requests/min, 45,000 tokens/min");
  p.limiter.emplace();
  p.limiter->requests_a_minute = 5000;
  p.limiter->tokens_a_minute = 2'000'000;
  p.limiter->in_flight = 60;
  p.limiter->in_flight_limit = 64;
  CHECK(limits_text(p, ", ") == "1,234 of 5,000 requests/min, 45,000 of 2,000,000 tokens/min, 60 of 64 calls out");
  p.limiter->throttled = 7;
  p.limiter->paused_until = time_point(102500ms);
  CHECK(limits_text(p, ", ").ends_with(", 7 refused, paused for 3 s"));
  p.limiter->circuit_open = true;
  CHECK(limits_text(p, ", ").ends_with(", circuit open for 3 s"));
  p.limiter->paused_until = time_point(100s);
  CHECK(limits_text(p, ", ").ends_with(", 7 refused"));
}

TEST_CASE("the time left is told in seconds, or in larger parts") {
  batch_progress p;
  CHECK(left_text(p) == "ETA unknown");
  p.left = 0s;
  CHECK(left_text(p) == "ETA 0 s");
  p.left = 59'400ms;
  CHECK(left_text(p) == "ETA 59 s");
  p.left = 125s;
  CHECK(left_text(p) == "ETA " + to_text(duration(125s)));
}
