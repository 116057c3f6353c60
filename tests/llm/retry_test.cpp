#include "llm/retry.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

using namespace corchestra;
using namespace corchestra::llm;
using namespace std::chrono_literals;

namespace {
error transient(errc code = errc::server_error) { return fail(code, "x", retry_class::transient); }
error asks_for(std::chrono::milliseconds wait) {
  error e = transient(errc::rate_limited);
  e.retry_after = wait;
  return e;
}
}  // namespace

TEST_CASE("[L14] transport failures wait a full jitter, 429 and 503 an equal one") {
  const http_retry_policy policy{.max_retries = 6};
  const std::vector<duration> steps = {500ms, 1s, 2s, 4s, 8s, 8s};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    retry_schedule transport(policy, seed), throttled(policy, seed), loading(policy, seed);
    for (const duration step : steps) {
      const auto a = transport.after(transient(errc::connection_lost), 0, 1h);
      const auto b = throttled.after(transient(errc::rate_limited), 429, 1h);
      const auto c = loading.after(transient(), 503, 1h);
      REQUIRE((a.again && b.again && c.again));
      CHECK((a.delay >= 0ms && a.delay < step));
      CHECK((b.delay >= step / 2 && b.delay < step));
      CHECK(c.delay == b.delay);
    }
  }
}

TEST_CASE("jitter uses its whole range") {
  const auto first = [](std::uint64_t seed, int status) {
    return retry_schedule({}, seed).after(transient(), status, 1h).delay;
  };
  duration least = 1h, most{};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    least = std::min(least, first(seed, 0));
    most = std::max(most, first(seed, 0));
  }
  CHECK(least < 25ms);
  CHECK(most > 475ms);
  CHECK(first(1, 0) == first(1, 0));
  CHECK(first(1, 0) != first(2, 0));
}

TEST_CASE("[L14] a server's waiting time is kept, with a little spread after it") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto d = retry_schedule({}, seed).after(asks_for(7s), 429, 1h);
    CHECK((d.again && d.delay >= 7s && d.delay < 7250ms));
  }
}

TEST_CASE("two retries, then it is given up") {
  retry_schedule s({}, 1);
  CHECK(s.after(transient(), 500, 1h).again);
  CHECK(s.after(transient(), 500, 1h).again);
  const auto last = s.after(transient(), 500, 1h);
  CHECK_FALSE(last.again);
  CHECK(last.reason == "given up after 3 tries");
}

TEST_CASE("without retries there is nothing to say about them") {
  const auto d = retry_schedule({.max_retries = 0}, 1).after(transient(), 500, 1h);
  CHECK_FALSE(d.again);
  CHECK(d.reason.empty());
}

TEST_CASE("what cannot pass is not tried again") {
  CHECK_FALSE(retry_schedule({}, 1).after(fail(errc::bad_request, "x", retry_class::terminal), 400, 1h).again);
  CHECK_FALSE(retry_schedule({}, 1).after(fail(errc::invalid_reply, "x"), 200, 1h).again);
  CHECK_FALSE(retry_schedule({}, 1).after(fail(errc::tls_failed, "x"), 0, 1h).again);
  for (const errc code : {errc::resolve_failed, errc::connect_failed, errc::connection_lost, errc::timeout})
    CHECK(retry_schedule({}, 1).after(fail(code, "x"), 0, 1h).again);
}

TEST_CASE("a server that asks for more than two minutes is not waited for") {
  CHECK(retry_schedule({}, 1).after(asks_for(120s), 429, 1h).again);
  const auto d = retry_schedule({}, 1).after(asks_for(3600s), 429, 10h);
  CHECK_FALSE(d.again);
  CHECK(d.reason == "the server asks to wait 1 h 00 m, more than the 2 m 00 s that are waited at most");
}

TEST_CASE("a try that would come after the deadline is not waited for") {
  const auto d = retry_schedule({.max_delay = 0s}, 1).after(asks_for(30s), 429, 20s);
  CHECK_FALSE(d.again);
  CHECK(d.reason == "the next try, in 30.00 s, would come after the time limit");
  CHECK_FALSE(retry_schedule({}, 1).after(fail(errc::timeout, "x"), 0, 0s).again);
}
