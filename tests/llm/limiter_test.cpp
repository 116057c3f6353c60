// What goes out when: the gates of the limiter one by one.
#include <corchestra/llm/limiter.hpp>

#include <catch2/catch_test_macros.hpp>
#include <vector>

using namespace corchestra;
using namespace corchestra::llm;
using namespace std::chrono_literals;

namespace {

time_point limiter_time(duration d) { return time_point{} + d; }

call_report limiter_answer(endpoint_answer a, optional_duration retry_after = {}) {
  call_report r;
  r.answer = a;
  r.retry_after = retry_after;
  return r;
}

/// How many go out at once, of so many that wait; all are answered as `a` says.
std::size_t go_out(limiter& l, time_point now, const call_report& a = limiter_answer(endpoint_answer::served)) {
  std::vector<limiter::call_id> out;
  while (const auto c = l.next(now)) out.push_back(*c);
  for (const auto c : out) l.ended(c, a, now);
  return out.size();
}

void ask_often(limiter& l, int calls, call_request r = {}) {
  for (int i = 0; i < calls; ++i) l.ask(r, {});
}

}  // namespace

TEST_CASE("as many calls go out as may be in flight, and the next when one is answered") {
  limiter l({.first_in_flight = 2}, {});
  ask_often(l, 5);
  const auto a = l.next({}), b = l.next({});
  REQUIRE((a && b));
  CHECK(!l.next({}));
  CHECK(l.next_time({}) == time_point::max());
  l.ended(*a, limiter_answer(endpoint_answer::served), {});
  CHECK(l.next({}));
  CHECK(l.status({}).in_flight == 2);
  CHECK(l.status({}).waiting == 2);
}

TEST_CASE("requests a minute are spread over the minute") {
  limiter l({.requests_per_minute = 60, .first_in_flight = 100}, {});
  ask_often(l, 200);
  std::size_t out = 0;
  for (time_point now{}; now < limiter_time(60s); now = l.next_time(now)) {
    REQUIRE(l.next_time(now) <= now);
    out += go_out(l, now);
  }
  CHECK(out >= 60);
  CHECK(out <= 61);
}

TEST_CASE("tokens a minute count the estimate, and what was not used comes back") {
  limiter l({.tokens_per_minute = 6000, .first_in_flight = 100}, {});
  ask_often(l, 10, {.tokens = 200});
  const auto first = l.next({});
  REQUIRE(first);
  CHECK(!l.next({}));
  CHECK(l.next_time({}) > limiter_time(900ms));
  call_report r = limiter_answer(endpoint_answer::served);
  r.tokens = 50;
  l.ended(*first, r, {});
  CHECK(l.next({}));
}

TEST_CASE("[L14] Retry-After stops all calls to the endpoint, and no longer than is believed") {
  for (const auto& [asked, waits] : {std::pair<duration, duration>(5s, 5s), {3600s, 120s}}) {
    limiter l({}, {});
    ask_often(l, 10);
    const auto c = l.next({});
    REQUIRE(c);
    l.ended(*c, limiter_answer(endpoint_answer::throttled, asked), {});
    CHECK(!l.next(limiter_time(waits - 1ms)));
    CHECK(l.status({}).paused_until >= limiter_time(waits));
    CHECK(l.next_time({}) <= limiter_time(waits + waits / 10));
    CHECK(l.next(l.next_time({})));
  }
}

TEST_CASE("the circuit opens after twenty failures in a row, then one call tries, after twice the time each time") {
  limiter l({.first_in_flight = 50}, {});
  ask_often(l, 200);
  const auto broken = limiter_answer(endpoint_answer::overloaded);
  time_point now{};
  while (!l.status(now).circuit_open) REQUIRE(go_out(l, now, broken) > 0);
  duration pause = 10s;
  for (int i = 0; i < 4; ++i, pause = std::min<duration>(pause * 2, 60s)) {
    CHECK(!l.next(now + pause - 1ms));
    now += pause;
    const auto probe = l.next(now);
    REQUIRE(probe);
    CHECK(!l.next(now));
    l.ended(*probe, broken, now);
  }
  now += 60s;
  const auto probe = l.next(now);
  REQUIRE(probe);
  l.ended(*probe, limiter_answer(endpoint_answer::served), now);
  CHECK(!l.status(now).circuit_open);
  CHECK(go_out(l, now) > 1);
}

TEST_CASE("refusals do not open the circuit") {
  limiter l({.first_in_flight = 50}, {});
  ask_often(l, 200);
  time_point now{};
  for (int i = 0; i < 100; ++i) {
    go_out(l, now, limiter_answer(endpoint_answer::throttled));
    now = std::max(now, l.next_time(now));
  }
  CHECK(!l.status(now).circuit_open);
}

TEST_CASE("a bad key or a used up quota ends it for all with the reason, and a minute later one call tries again") {
  limiter l({}, {});
  ask_often(l, 3);
  const auto c = l.next({});
  call_report r = limiter_answer(endpoint_answer::fatal);
  r.why = fail(errc::quota_exhausted, "You exceeded your current quota", retry_class::terminal);
  l.ended(*c, r, {});
  REQUIRE(l.closed({}));
  CHECK(l.closed({})->message == "You exceeded your current quota");
  CHECK(!l.next(limiter_time(59s)));
  CHECK(!l.closed(limiter_time(60s)));
  CHECK(l.next(limiter_time(60s)));
  CHECK(!l.next(limiter_time(60s)));
}

TEST_CASE("retries are a fifth of the calls of a minute at most, and ten; others wait while first tries go out") {
  limiter l({.first_in_flight = 1000}, {});
  for (int i = 0; i < 100; ++i) l.ask({.again = true}, {});
  CHECK(go_out(l, {}) == 10);
  CHECK(l.next_time({}) == limiter_time(60s));
  ask_often(l, 100);
  const std::size_t with_first_tries = go_out(l, {});  // 100 of them, and a fifth of all
  CHECK(with_first_tries >= 110);
  CHECK(with_first_tries <= 118);
  CHECK(l.status({}).waiting == 190 - with_first_tries);
  CHECK(!l.next(limiter_time(59s)));
  CHECK(go_out(l, limiter_time(60s)) == 10);
}

TEST_CASE("a retry that the budget does not allow within a minute is given up, with the reason") {
  limiter l({.first_in_flight = 1000}, {});
  for (int i = 0; i < 60; ++i) l.ask({.again = true}, {});
  CHECK(go_out(l, {}) == 10);
  for (int i = 0; i < 40; ++i) l.ask({.again = true}, limiter_time(30s));
  CHECK(!l.give_up(limiter_time(59s)));
  CHECK(l.next_time(limiter_time(59s)) == limiter_time(60s));
  CHECK(go_out(l, limiter_time(60s)) == 10);
  std::size_t lost = 0;
  while (const auto g = l.give_up(limiter_time(60s))) {
    CHECK(g->why.message == "retry_budget: no retry was allowed within 1 m 00 s");
    CHECK(g->why.retry == retry_class::transient);
    ++lost;
  }
  CHECK(lost == 40);
  CHECK(l.next_time(limiter_time(60s)) == limiter_time(90s));
  CHECK(l.give_up(limiter_time(90s)));
  CHECK(l.status({}).waiting == 39);
}

TEST_CASE("a retry that waits for anything but the budget is not given up, nor one that gets through in the end") {
  limiter l({.max_in_flight = 1}, {});
  ask_often(l, 1);
  const auto first = l.next({});
  REQUIRE(first);
  l.ask({.again = true}, {});
  CHECK(l.next_time(limiter_time(1h)) == time_point::max());
  CHECK(!l.give_up(limiter_time(1h)));
  l.ended(*first, limiter_answer(endpoint_answer::served), limiter_time(1h));
  CHECK(l.next(limiter_time(1h)));
}

TEST_CASE("calls wait a minute for an open circuit, then they are given up with the last failure") {
  limiter l({.first_in_flight = 20}, {});
  ask_often(l, 21);
  auto broken = limiter_answer(endpoint_answer::overloaded);
  broken.why = fail(errc::connect_failed, "127.0.0.1:1: connection refused");
  CHECK(go_out(l, {}, broken) == 20);
  REQUIRE(l.status({}).circuit_open);
  const auto later = l.ask({}, limiter_time(5s));
  std::vector<limiter::call_id> lost;
  const auto pass = [&](time_point now) {
    while (const auto probe = l.next(now)) l.ended(*probe, broken, now);
    while (const auto g = l.give_up(now)) {
      lost.push_back(g->call);
      CHECK(g->why.is(errc::connect_failed));
      CHECK(g->why.message ==
            "circuit breaker: nothing was sent within 1 m 00 s after 20 failures in a row, the last: 127.0.0.1:1: "
            "connection refused");
    }
  };
  const auto second = l.ask({.priority = -1}, limiter_time(5s));
  pass(limiter_time(10s));  // tries the one that waits longest
  CHECK(l.next_time(limiter_time(10s)) == limiter_time(30s));
  pass(limiter_time(30s));
  CHECK(lost.empty());
  CHECK(l.next_time(limiter_time(30s)) == limiter_time(65s));
  pass(limiter_time(64s));
  CHECK(lost.empty());
  pass(limiter_time(65s));
  CHECK(lost == std::vector{second});
  CHECK(later < second);
  CHECK(l.status(limiter_time(65s)).waiting == 0);

  l.ask({}, limiter_time(66s));
  const auto probe = l.next(limiter_time(70s));
  REQUIRE(probe);
  ask_often(l, 1);
  l.ended(*probe, limiter_answer(endpoint_answer::served), limiter_time(70s));
  CHECK(!l.give_up(limiter_time(1h)));
}

TEST_CASE("the more urgent goes first, retries before first tries, and a cancelled call not at all") {
  limiter l({.first_in_flight = 1}, {});
  const auto low = l.ask({.priority = 1}, {}), gone = l.ask({.priority = 9}, {}), high = l.ask({.priority = 5}, {}),
             again = l.ask({.priority = 5, .again = true}, {});
  l.cancel(gone);
  std::vector<limiter::call_id> order;
  while (const auto c = l.next({})) {
    order.push_back(*c);
    l.ended(*c, limiter_answer(endpoint_answer::served), {});
  }
  CHECK(order == std::vector{again, high, low});
}

TEST_CASE("calls of one prefix follow one another, sixteen in a row, but not before what is more urgent") {
  limiter l({.first_in_flight = 1}, {});
  std::vector<std::uint64_t> order;
  std::vector<std::uint64_t> prefix_of(1);
  const auto add = [&](std::uint64_t prefix, int priority = 0) {
    prefix_of.push_back(prefix);
    l.ask({.priority = priority, .prefix = prefix}, {});
  };
  for (int i = 0; i < 20; ++i) {
    add(1);
    add(2);
  }
  add(3, 5);
  while (const auto c = l.next({})) {
    order.push_back(prefix_of[*c]);
    l.ended(*c, limiter_answer(endpoint_answer::served), {});
  }
  std::vector<std::uint64_t> expected{3};
  expected.insert(expected.end(), 16, 1);
  expected.insert(expected.end(), 16, 2);
  expected.insert(expected.end(), 4, 1);
  expected.insert(expected.end(), 4, 2);
  CHECK(order == expected);
}
