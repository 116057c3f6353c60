// What the endpoint's headers say is left: alone, and with the limiter against endpoints under virtual time.
#include "llm/told_quota.hpp"

#include <catch2/catch_test_macros.hpp>

#include "llm/limiter_simulation.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

time_point quota_time(duration d) { return time_point{} + d; }

rate_limit quota_said(std::int64_t remaining, optional_duration reset, std::int64_t limit = 100) {
  return {.limit = limit, .remaining = remaining, .reset = reset};
}

/// So many in each minute, all there at its start, of which others take some at once. Its headers are honest.
struct minute_quota {
  std::int64_t limit = 600, others = 0;
  std::int64_t minute = -1, left = 0;

  bool take(time_point now) {
    const auto m = std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
    if (std::exchange(minute, m) != m) left = limit - others;
    return left > 0 && left-- > 0;
  }
  rate_limits headers(time_point now) const {
    return {.requests = quota_said(left, std::chrono::minutes(minute + 1) - now.time_since_epoch(), limit),
            .tokens = {}};
  }
};

/// Bears so many at a time and a second, and tells what it likes.
std::size_t served_despite(std::function<rate_limit(std::mt19937_64&)> lie, std::uint32_t in_flight) {
  std::mt19937_64 random(1);
  refilling_quota quota(10, 10);
  limiter_simulation s({.requests_per_minute = 600, .max_in_flight = in_flight}, [&](time_point now, std::size_t) {
    auto r = quota.take(now) ? serve(answer_time(random)) : refuse();
    if (lie) r.report.limits.requests = lie(random);
    return r;
  });
  s.run(600s);
  CHECK(s.sent == s.answered + s.in_work());
  return s.served.size();
}

}  // namespace

TEST_CASE("what went out after the answered call counts against what the reply says is left") {
  told_quota q(120s);
  const double first = q.sent(1, quota_time(0s));
  for (int i = 0; i < 3; ++i) q.sent(1, quota_time(0s));
  q.heard(quota_said(4, 30500ms), first, 1, true, quota_time(1s));
  CHECK(q.next() <= quota_time(1s));
  q.sent(1, quota_time(2s));
  CHECK(q.next() == quota_time(31500ms));
  q.sent(1, quota_time(31500ms));
  CHECK(q.next() <= quota_time(31500ms));
}

TEST_CASE("a reset in whole seconds may have been cut, and is waited for a second longer") {
  told_quota q(120s);
  q.heard(quota_said(0, 30s), q.sent(1, quota_time(0s)), 1, true, quota_time(0s));
  CHECK(q.next() == quota_time(31s));
}

TEST_CASE("a pause is no longer than the longest, whatever reset says, and without reset there is none") {
  told_quota q(120s);
  q.heard(quota_said(0, 999'999h), q.sent(1, quota_time(0s)), 1, true, quota_time(1s));
  CHECK(q.next() == quota_time(121s));
  told_quota never(120s);
  never.heard(quota_said(0, {}), never.sent(1, quota_time(0s)), 1, true, quota_time(1s));
  CHECK(never.next() <= quota_time(1s));
}

TEST_CASE("more left than the limit is nonsense") {
  told_quota q(120s);
  q.heard(quota_said(0, 30500ms), q.sent(1, quota_time(0s)), 1, true, quota_time(0s));
  q.heard(quota_said(101, 20500ms), q.sent(1, quota_time(0s)), 1, true, quota_time(1s));
  CHECK(q.next() == quota_time(30500ms));
}

TEST_CASE("within a period what is left only falls, until the reply to the last call says better") {
  told_quota q(120s);
  const double a = q.sent(1, quota_time(0s)), b = q.sent(1, quota_time(0s)), c = q.sent(1, quota_time(0s));
  q.heard(quota_said(2, 30500ms), a, 1, true, quota_time(1s));
  CHECK(q.next() > quota_time(1s));
  q.heard(quota_said(10, 30600ms), b, 1, true, quota_time(2s));  // answered before the first
  CHECK(q.next() > quota_time(2s));
  q.heard(quota_said(9, 28500ms), c, 1, true, quota_time(3s));
  CHECK(q.next() <= quota_time(3s));
}

TEST_CASE("a quota that refills all the time is not waited for") {
  told_quota q(120s);
  for (int left = 5; left >= 0; --left) {
    const auto now = quota_time(100ms * (5 - left));
    q.heard(quota_said(left, from_seconds((100 - left) * 0.6)), q.sent(1, now), 1, true, now);
  }
  CHECK(q.next() <= quota_time(500ms));
}

TEST_CASE("an endpoint that serves though it says that nothing is left is not believed until it refuses") {
  told_quota q(120s);
  const double a = q.sent(1, quota_time(0s)), b = q.sent(1, quota_time(0s));
  q.heard(quota_said(0, 50500ms), b, 1, true, quota_time(1s));
  CHECK(q.next() > quota_time(1s));
  q.heard(quota_said(0, 50500ms), a, 1, true, quota_time(1s));
  CHECK(q.next() <= quota_time(1s));
  q.refused();
  CHECK(q.next() > quota_time(1s));
}

TEST_CASE("an endpoint that counts in what came after the answered call is taken at its word, once that has shown") {
  told_quota q(120s);
  std::vector<double> marks(20);
  for (double& m : marks) m = q.sent(1, quota_time(0s));
  q.heard(quota_said(15, 50500ms), marks.front(), 1, true, quota_time(1s));
  CHECK(q.next() > quota_time(1s));
  q.heard(quota_said(15, 49500ms), marks.back(), 1, true, quota_time(2s));
  CHECK(q.next() <= quota_time(2s));
  for (double& m : marks) m = q.sent(1, quota_time(2s));
  q.heard(quota_said(14, 48500ms), marks.front(), 1, true, quota_time(3s));
  CHECK(q.next() <= quota_time(3s));
}

TEST_CASE("a quota of a minute is counted down by its headers, and none of it refused, though others use half of it") {
  for (const std::int64_t limit : {60, 600, 6000}) {
    INFO(limit << " a minute");
    std::mt19937_64 random(1);
    minute_quota quota{.limit = limit, .others = limit / 2};
    limiter_simulation s({}, [&](time_point now, std::size_t) {
      auto r = quota.take(now) ? serve(answer_time(random)) : refuse();
      r.report.limits = quota.headers(now);
      return r;
    });
    s.run(600s);
    CHECK(static_cast<double>(s.served_between(60s, 600s)) >= 0.9 * 9 * static_cast<double>(limit / 2));
    CHECK(s.refused_between(10s, 600s) == 0);
  }
}

TEST_CASE("tokens that remain are counted down too") {
  std::mt19937_64 random(1);
  minute_quota quota{.limit = 60'000, .others = 30'000};
  limiter_simulation s({}, [&](time_point now, std::size_t) {
    bool all = true;
    for (int i = 0; i < 100; ++i) all = quota.take(now) && all;
    auto r = all ? serve(answer_time(random)) : refuse();
    r.report.limits.tokens = quota.headers(now).requests;
    return r;
  });
  s.run(600s);
  CHECK(static_cast<double>(s.served_between(60s, 600s)) >= 0.9 * 9 * 300);
  CHECK(s.refused_between(10s, 600s) == 0);
}

TEST_CASE("headers out of order, as answers of different lengths bring them, are ignored") {
  std::mt19937_64 random(1);
  minute_quota quota{.limit = 600, .others = 300};
  limiter_simulation s({}, [&](time_point now, std::size_t) {
    auto r = quota.take(now) ? serve(from_seconds(std::uniform_real_distribution<double>(0.1, 20)(random))) : refuse();
    r.report.limits = quota.headers(now);
    return r;
  });
  s.run(600s);
  CHECK(static_cast<double>(s.served_between(60s, 600s)) >= 0.9 * 9 * 300);
  CHECK(s.refused_between(30s, 600s) == 0);
}

TEST_CASE("headers that lie about what is left lose nothing, and cost less than a tenth of what is possible") {
  for (const std::uint32_t in_flight : {1u, 4u, 1000u}) {
    INFO(in_flight << " in flight");
    const auto possible = served_despite({}, in_flight);
    const auto least = static_cast<std::size_t>(0.9 * static_cast<double>(possible));
    const auto despite = [&](std::function<rate_limit(std::mt19937_64&)> lie) {
      return served_despite(std::move(lie), in_flight);
    };
    CHECK(despite([](auto&) { return quota_said(0, 60s, 600); }) >= least - (in_flight == 1 ? 60 : 0));  // a pause
    CHECK(despite([](auto&) { return quota_said(0, 20s, 600); }) >= least);
    CHECK(despite([](auto&) { return quota_said(0, 0s, 600); }) >= least);
    CHECK(despite([](auto&) { return quota_said(0, 100'000h, 600); }) >= least - (in_flight == 1 ? 120 : 0));
    CHECK(despite([](auto&) { return quota_said(7000, 60s, 600); }) >= least);
    CHECK(despite([](auto&) { return quota_said(600, 1s, 600); }) >= least);
    CHECK(despite([](auto&) { return quota_said(5, 60s, 600); }) >= least);
    CHECK(despite([](auto& random) {
            return quota_said(static_cast<std::int64_t>(random() % 600), std::chrono::seconds(random() % 60), 600);
          }) >= least);
  }
}
