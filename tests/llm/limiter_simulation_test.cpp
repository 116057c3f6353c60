// The limiter against endpoints whose limits it is not told, under virtual time: it uses them well, is seldom refused,
// and soon uses what comes back.
#include "llm/limiter_simulation.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

/// Served of what was possible.
double used(const limiter_simulation& s, double a_second, duration from, duration to) {
  return static_cast<double>(s.served_between(from, to)) / (a_second * to_seconds(to - from));
}

double mean_answer_time() {
  std::mt19937_64 random(9);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) sum += to_seconds(answer_time(random));
  return sum / 10'000;
}

limiter_simulation against_quota(
    std::shared_ptr<refilling_quota> quota, std::function<reaction()> no = [] { return refuse(); }) {
  return {{},
          [quota = std::move(quota), no = std::move(no), random = std::mt19937_64(1)](
              time_point now, std::size_t) mutable { return quota->take(now) ? serve(answer_time(random)) : no(); }};
}

}  // namespace

TEST_CASE("a fixed quota nobody tells is used by nine tenths, with less than one in a hundred calls refused") {
  for (const double a_second : {2.0, 10.0, 100.0}) {
    for (const double put_by : {1.0, 20.0}) {
      INFO(a_second << " a second, " << put_by << " seconds of it put by");
      auto s = against_quota(std::make_shared<refilling_quota>(a_second, a_second * put_by));
      s.run(600s);
      const duration warm = std::max<duration>(120s, from_seconds(500 / a_second));  // five hundred calls, two minutes
      CHECK(used(s, a_second, warm, 600s) >= 0.9);
      CHECK(s.refused_part(warm, 600s) < 0.01);
    }
  }
}

TEST_CASE("a quota of whole minutes, used up in a part of each, is learnt and spread over the minute") {
  for (const double a_second : {10.0, 100.0}) {
    INFO(a_second << " a second");
    std::mt19937_64 random(1);
    std::int64_t minute = -1;
    double taken = 0;
    limiter_simulation s({}, [&](time_point now, std::size_t) {
      const auto m = std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
      if (std::exchange(minute, m) != m) taken = 0;
      return ++taken <= a_second * 60 ? serve(answer_time(random)) : refuse();
    });
    s.run(600s);
    CHECK(used(s, a_second, 180s, 600s) >= 0.9);
    CHECK(s.refused_part(180s, 600s) < 0.01);
  }
}

TEST_CASE("a quota halved for a minute is obeyed, and nine tenths of the whole are used ten seconds after its return") {
  for (const double a_second : {20.0, 50.0, 100.0}) {
    INFO(a_second << " a second");
    auto quota = std::make_shared<refilling_quota>(a_second, a_second);
    std::mt19937_64 random(1);
    limiter_simulation s({}, [&](time_point now, std::size_t) {
      const auto t = now.time_since_epoch();
      quota->rate = t >= 200s && t < 260s ? a_second / 2 : a_second;
      return quota->take(now) ? serve(answer_time(random)) : refuse();
    });
    s.run(600s);
    CHECK(used(s, a_second / 2, 210s, 260s) >= 0.9);
    CHECK(used(s, a_second, 270s, 300s) >= 0.9);
    CHECK(s.refused_part(120s, 600s) < 0.01);
  }
}

TEST_CASE("a limit of calls in work is found and kept") {
  for (const std::size_t most : {4u, 20u, 200u}) {
    INFO(most << " in work");
    std::mt19937_64 random(1);
    limiter_simulation s(
        {}, [&](time_point, std::size_t in_work) { return in_work < most ? serve(answer_time(random)) : refuse(); });
    s.run(600s);
    CHECK(used(s, static_cast<double>(most) / mean_answer_time(), 120s, 600s) >= 0.9);
    CHECK(s.refused_part(120s, 600s) < 0.01);
  }
}

TEST_CASE("an endpoint that queues and never refuses is kept busy, without a long queue in it") {
  std::mt19937_64 random(1);
  std::vector<time_point> lanes(32);
  limiter_simulation s({}, [&](time_point now, std::size_t) {
    auto& lane = *std::min_element(lanes.begin(), lanes.end());
    lane = std::max(lane, now) + answer_time(random);
    return serve(lane - now);
  });
  s.run(300s);
  CHECK(used(s, 32 / mean_answer_time(), 60s, 300s) >= 0.9);
  CHECK(s.in_work() < 128);
  CHECK(s.refused.empty());
}

TEST_CASE("five refusals at once cut once") {
  std::mt19937_64 random(1);
  int refusals = 0;
  limiter_simulation s({}, [&](time_point now, std::size_t) {
    return now.time_since_epoch() > 20s && refusals < 5 ? (++refusals, refuse()) : serve(answer_time(random));
  });
  s.run(20s);
  const auto before = s.limiter.status(s.now).in_flight_limit;
  s.run(21s);
  CHECK(refusals == 5);
  CHECK(s.limiter.status(s.now).in_flight_limit >= before * 8 / 10);
}

TEST_CASE("Retry-After is kept to, in seconds or minutes; what is longer than believed or garbage is not waited for") {
  for (const optional_duration wait :
       {optional_duration(5s), optional_duration(120s), optional_duration(3600s), optional_duration()}) {
    INFO((wait ? to_text(*wait) : "none"));
    std::mt19937_64 random(1);
    time_point shut_until{};
    bool shut = false;
    std::size_t early = 0;
    limiter_simulation s({}, [&](time_point now, std::size_t) {
      if (now.time_since_epoch() > 60s && !std::exchange(shut, true))
        shut_until = now + std::min(wait.value_or(2s), duration(120s));
      if (now >= shut_until) return serve(answer_time(random));
      early += now - shut_until < -1s && to_seconds(now.time_since_epoch()) > 61.5 ? 1 : 0;
      return refuse(wait);
    });
    s.run(60s + 120s + 120s);
    if (wait) CHECK(early == 0);
    CHECK(s.served_between(200s, 300s) > 500);
  }
}

TEST_CASE("headers that tell the quota are obeyed, and those that lie do no harm") {
  const auto limit = [](std::optional<std::int64_t> requests) {
    return llm::rate_limits{.requests = {.limit = requests, .remaining = {}, .reset = {}}, .tokens = {}};
  };
  std::mt19937_64 random(1);
  refilling_quota quota(10, 10);
  limiter_simulation honest({}, [&](time_point now, std::size_t) {
    auto r = quota.take(now) ? serve(answer_time(random)) : refuse();
    r.report.limits = limit(600);
    return r;
  });
  honest.run(300s);
  CHECK(used(honest, 10, 30s, 300s) >= 0.9);
  CHECK(honest.refused_between(30s, 300s) == 0);

  refilling_quota smaller(10, 10);
  limiter_simulation liar({}, [&](time_point now, std::size_t) {
    auto r = smaller.take(now) ? serve(answer_time(random)) : refuse();
    r.report.limits = limit(6000);
    return r;
  });
  liar.run(600s);
  CHECK(used(liar, 10, 120s, 600s) >= 0.9);
  CHECK(liar.refused_part(120s, 600s) < 0.05);
}

TEST_CASE("whatever an endpoint does, no call goes out twice or is forgotten") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    limiter_simulation s({}, [&](time_point, std::size_t) {
      reaction r = serve(answer_time(random));
      const auto what = random() % 10;
      if (what < 3) r = refuse(what == 0 ? optional_duration(std::chrono::seconds(random() % 5)) : optional_duration());
      if (what == 4) r.report.answer = endpoint_answer::overloaded;
      if (what == 5) r.report.answer = endpoint_answer::none;
      if (what == 6) r.report.answer = endpoint_answer::rejected;
      return r;
    });
    s.run(120s);
    CHECK(s.sent == s.answered + s.in_work());
    CHECK(s.limiter.status(s.now).in_flight == s.in_work());
    CHECK(s.limiter.status(s.now).waiting == s.waiting());
    CHECK(s.answered > 30);
  }
}
