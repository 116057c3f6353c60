// The scheduler under random plans, rules, limits, failures, cancellations, children and clocks: whatever happens, the
// reference model finds every promise kept, and the run ends. `soak` does the same for hours; docs/testing.md tells how
// to look into a seed.
#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <corchestra/core/run_metrics.hpp>

#include "core/random_world.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::random_world;

namespace {

void run_cases(std::uint64_t from, std::uint64_t to) {
  for (auto seed = from; seed < to; ++seed) {
    random_world w(seed, tests::size_of_case(seed));
    try {
      w.run();
    } catch (const std::exception& e) {
      FAIL("seed " << seed << ": " << e.what());
    }
  }
}

}  // namespace

TEST_CASE("[L2] [L4] [L20] whatever is asked, fails or is late, a run keeps every promise and ends: 3,000 cases") {
  run_cases(1, 3001);
}

// Longer soaks found these, one in hundreds of thousands each.
TEST_CASE("random runs that once broke a promise keep it") {
  for (const std::uint64_t seed : {5'092'420, 5'390'780, 5'464'429, 5'697'540, 5'814'620}) {
    INFO("seed " << seed);
    CHECK_NOTHROW(random_world(seed, tests::size_of_case(seed)).run());
  }
}

TEST_CASE("the same seed gives the same events, byte for byte") {
  for (std::uint64_t seed = 200'001; seed <= 200'100; ++seed) {
    random_world a(seed, 16, true), b(seed, 16, true);
    a.run();
    b.run();
    INFO("seed " << seed);
    REQUIRE(a.log == b.log);
    REQUIRE((a.events() == 0 || !a.log.empty()));
  }
}

TEST_CASE("Graham's bound holds whenever slots are the only limit") {
  REQUIRE(rc::check("makespan <= T1/P + (1 - 1/P) * Tinf", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto slots = static_cast<std::uint32_t>(1 + random() % 6);
    std::vector<task_call> calls;
    std::map<std::string, duration> takes;
    const int n = 1 + static_cast<int>(random() % 40);
    for (int i = 0; i < n; ++i) {
      task_call c;
      c.id = "t" + std::to_string(i);
      for (int d = static_cast<int>(random() % 3); d > 0 && i > 0; --d)
        c.depends_on.push_back("t" + std::to_string(random() % static_cast<unsigned>(i)));
      takes[c.id] = std::chrono::milliseconds(1 + random() % 5000);
      calls.push_back(std::move(c));
    }
    run_options o;
    o.limits.max_concurrent_tasks = slots;
    metrics_fold metrics;
    scheduler s("run", o, [&](const event& e) { metrics(e); });
    time_point now{};
    std::multimap<time_point, task_index> ends;
    s.begin(calls, now);
    while (!s.finished()) {
      while (const auto c = s.next_start(now)) ends.emplace(now + takes.at(s.call(c->task).id), c->task);
      RC_ASSERT(!ends.empty());
      now = ends.begin()->first;
      const task_index t = ends.begin()->second;
      ends.erase(ends.begin());
      s.attempt_ended(t, 1, {}, now);
    }
    const auto m = metrics.value();
    const double p = slots, t1 = to_seconds(m.sequential), tinf = to_seconds(m.longest_path), made = to_seconds(m.wall);
    RC_ASSERT(made <= t1 / p + (1 - 1 / p) * tinf + 1e-9);
    RC_ASSERT(made >= to_seconds(m.lower_bound) - 1e-9);
  }));
}
