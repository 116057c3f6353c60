#include "core/budget_ledger.hpp"

#include <rapidcheck.h>
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "core/budget_words.hpp"

using namespace corchestra;
using namespace corchestra::detail;
using verdict = budget_ledger::verdict;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

budget_ledger ledger(budget_limit run, std::map<std::string, budget_limit> agents = {}, double alert_at = 0.8) {
  return budget_ledger({.run = run, .agents = std::move(agents), .alert_at = alert_at});
}

budget_limit tokens(std::int64_t n) { return {.tokens = n, .micro_dollars = {}}; }
budget_limit micros(std::int64_t n) { return {.tokens = {}, .micro_dollars = n}; }

}  // namespace

TEST_CASE("without a budget nothing is asked and nothing is kept") {
  auto l = ledger({}, {{"writer", {}}});
  CHECK(l.empty());
  CHECK(l.reserve(1, "writer", {most, most}, {}).what == verdict::reserved);
  l.spend(1, "writer", {most, most});
  l.settle(1, "writer", true);
  CHECK(l.take_alerts().empty());
  CHECK(l.run().spent.none());
  CHECK(l.reserve(2, "writer", {1, 0}, tokens(5)).what == verdict::reserved);
  CHECK_FALSE(l.empty());
}

TEST_CASE("[L15] a reservation is taken before the call and settled by what was spent") {
  auto l = ledger(tokens(1000));
  CHECK(l.reserve(1, "a", {600, 0}, {}).what == verdict::reserved);
  CHECK(l.run().reserved.tokens == 600);
  l.spend(1, "a", {200, 0});
  CHECK(l.run().spent.tokens == 200);
  CHECK(l.run().reserved.tokens == 400);
  CHECK(l.reserve(2, "a", {500, 0}, {}).what == verdict::later);
  l.settle(1, "a", true);
  CHECK(l.run().spent.tokens == 200);
  CHECK(l.run().reserved.tokens == 0);
  CHECK(l.reserve(2, "a", {500, 0}, {}).what == verdict::reserved);
}

TEST_CASE("a reservation of which nothing was spent counts as spent when the usage is missing, else as free") {
  for (const bool missing : {true, false}) {
    auto l = ledger(tokens(1000));
    REQUIRE(l.reserve(1, "a", {300, 0}, {}).what == verdict::reserved);
    l.spend(1, "a", {40, 0});
    l.settle(1, "a", missing);  // a first attempt, with usage
    REQUIRE(l.reserve(1, "a", {300, 0}, {}).what == verdict::reserved);
    l.settle(1, "a", missing);
    l.settle(1, "a", missing);
    CHECK(l.run().spent.tokens == (missing ? 340 : 40));
    CHECK(l.run().reserved.none());
  }
}

TEST_CASE("spending above the reservation, or without one, counts all the same") {
  auto l = ledger(tokens(100));
  REQUIRE(l.reserve(1, "a", {50, 0}, {}).what == verdict::reserved);
  l.spend(1, "a", {80, 0});
  l.spend(2, "a", {70, 0});
  CHECK(l.run().spent.tokens == 150);
  CHECK(l.run().reserved.none());
  const auto a = l.reserve(3, "a", {}, {});
  CHECK(a.what == verdict::never);
  CHECK(a.budget == "the run's budget of 100 tokens is used up (150 were spent)");
}

TEST_CASE("budgets nest: a reservation fits into the run's, the agent's and the task's, or none is taken") {
  auto l = ledger(tokens(1000), {{"writer", tokens(400)}});
  const auto agent = l.reserve(1, "writer", {500, 0}, {});
  CHECK(agent.what == verdict::never);
  CHECK(agent.budget == "agent writer's budget of 400 tokens has 400 left and 500 are needed");
  const auto own = l.reserve(1, "writer", {300, 0}, tokens(200));
  CHECK(own.what == verdict::never);
  CHECK(own.budget == "the task's own budget of 200 tokens has 200 left and 300 are needed");
  CHECK(l.run().reserved.none());
  CHECK(l.agents().front().second.reserved.none());
  CHECK(l.reserve(2, "other", {900, 0}, {}).what == verdict::reserved);
  const auto run = l.reserve(1, "writer", {150, 0}, tokens(200));
  CHECK(run.what == verdict::later);
  CHECK(run.budget ==
        "the run's budget of 1,000 tokens has 1,000 left, 900 of it reserved by running tasks, and 150 are needed");
  l.settle(2, "other", false);
  CHECK(l.reserve(1, "writer", {150, 0}, tokens(200)).what == verdict::reserved);
}

TEST_CASE("the message names the budget that can never do, with the figures in words") {
  auto l = ledger({.tokens = 1000, .micro_dollars = 2'001'234});
  l.spend(1, "a", {880, 2'000'000});
  CHECK(l.reserve(2, "a", {300, 0}, {}).budget == "the run's budget of 1,000 tokens has 120 left and 300 are needed");
  CHECK(l.reserve(2, "a", {10, 1'300}, {}).budget ==
        "the run's budget of $2.001234 has $0.001234 left and $0.0013 is needed");
  CHECK(ledger(tokens(1)).reserve(0, "a", {2, 0}, {}).budget ==
        "the run's budget of 1 token has 1 left and 2 are needed");
  auto spent = ledger(micros(5'000'000));
  spent.spend(1, "a", {0, 5'000'000});
  CHECK(spent.reserve(2, "a", {0, 1}, {}).budget == "the run's budget of $5.00 is used up");
}

TEST_CASE("a task that asks for more never waits for its own reservation") {
  auto l = ledger(tokens(100));
  REQUIRE(l.reserve(1, "a", {80, 0}, {}).what == verdict::reserved);
  const auto more = l.reserve(1, "a", {30, 0}, {});
  CHECK(more.what == verdict::never);
  CHECK(more.budget ==
        "the run's budget of 100 tokens has 100 left, 80 of it reserved by the same task, and 30 are needed");
  CHECK(l.reserve(2, "a", {30, 0}, {}).what == verdict::later);
  CHECK(l.reserve(1, "a", {20, 0}, {}).what == verdict::reserved);
  l.settle(1, "a", false);
  CHECK(l.run().reserved.none());
}

TEST_CASE("a task's own budget holds over its attempts, until the task is forgotten") {
  auto l = ledger({});
  REQUIRE(l.reserve(7, "a", {60, 0}, tokens(100)).what == verdict::reserved);
  l.spend(7, "a", {60, 0});
  l.settle(7, "a", true);
  CHECK(l.reserve(7, "a", {60, 0}, tokens(100)).budget ==
        "the task's own budget of 100 tokens has 40 left and 60 are needed");
  l.forget(7);
  CHECK(l.reserve(7, "a", {60, 0}, tokens(100)).what == verdict::reserved);
}

TEST_CASE("[L30] 64 reservations at once never exceed a nearly empty budget") {
  auto l = ledger(tokens(10'000), {{"a", tokens(9'500)}});
  l.spend(1000, "a", {9'000, 0});
  int started = 0;
  for (task_index t = 0; t < 64; ++t) {
    const auto what = l.reserve(t, "a", {100, 0}, {}).what;
    started += what == verdict::reserved;
    CHECK(what == (t < 5 ? verdict::reserved : verdict::later));
  }
  CHECK(started == 5);
  for (task_index t = 0; t < 5; ++t) {
    l.spend(t, "a", {100, 0});
    l.settle(t, "a", true);
  }
  CHECK(l.run().spent.tokens == 9'500);
  CHECK(l.reserve(10, "a", {1, 0}, {}).what == verdict::never);
}

TEST_CASE("[L16] what is spent belongs to the task and agent that spent it") {
  auto l = ledger(tokens(1000), {{"writer", tokens(500)}});
  l.spend(1, "writer", {10, 3});
  l.spend(2, "reader", {20, 4});
  l.spend(1, "writer", {30, 5});
  const auto agents = l.agents();
  REQUIRE(agents.size() == 2);
  CHECK(agents[0].first == "reader");
  CHECK(agents[0].second.spent == budget_amount{20, 4});
  CHECK(agents[1].second.spent == budget_amount{40, 8});
  CHECK(l.run().spent == budget_amount{60, 12});
}

TEST_CASE("[D66] a budget alerts once at its soft limit and once when it is used up") {
  auto l = ledger({.tokens = 100, .micro_dollars = 1000}, {{"writer", tokens(7)}}, 0.07);
  l.spend(1, "x", {6, 69});
  CHECK(l.take_alerts().empty());
  l.spend(1, "x", {1, 0});
  auto alerts = l.take_alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].budget == "run");
  CHECK_FALSE(alerts[0].exhausted);
  CHECK(alerts[0].status.spent.tokens == 7);
  l.spend(1, "x", {0, 900});
  CHECK(l.take_alerts().empty());
  REQUIRE(l.reserve(2, "writer", {7, 0}, tokens(8)).what == verdict::reserved);
  l.settle(2, "writer", true);
  alerts = l.take_alerts();
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0].budget == "agent writer");
  CHECK(alerts[0].exhausted);
  CHECK(alerts[1].budget == "task");
  CHECK(alerts[1].task == 2);
  CHECK_FALSE(alerts[1].exhausted);
  l.spend(1, "x", {500, 0});
  alerts = l.take_alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].exhausted);
  l.spend(1, "x", {500, 0});
  CHECK(l.take_alerts().empty());
}

TEST_CASE("sums stop at the end of their range, and amounts below zero count as zero") {
  auto l = ledger({}, {{"a", tokens(most)}});
  REQUIRE(l.reserve(1, "a", {most - 1, most}, {}).what == verdict::reserved);
  CHECK(l.reserve(2, "a", {2, 0}, {}).what == verdict::later);
  REQUIRE(l.reserve(1, "a", {1, most}, {}).what == verdict::reserved);
  l.spend(1, "a", {-5, -5});
  l.spend(1, "a", {most, most});
  l.spend(1, "a", {most, most});
  CHECK(l.run().spent == budget_amount{most, most});
  CHECK(l.run().reserved.tokens == 0);
  CHECK(l.reserve(2, "a", {-1, -1}, {}).what == verdict::never);
}

TEST_CASE("however reservations, spending and settlements interleave, the sums are right and no limit is passed") {
  REQUIRE(rc::check("against a model", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto below = [&random](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    const std::string names[] = {"a", "b", "c"};
    const budget_limit run{100 + below(400), below(2) ? std::optional(50 + below(400)) : std::nullopt};
    std::map<std::string, budget_limit> limits{{"a", tokens(50 + below(200))}, {"b", micros(50 + below(200))}};
    auto l = ledger(run, limits);
    struct held {
      std::string agent;
      budget_amount reserved, spent_before;
      budget_limit own;
      bool any = false;
    };
    std::map<task_index, held> running;
    budget_amount spent;
    std::map<std::string, budget_amount> by_agent;
    const auto fits = [](const budget_limit& limit, budget_amount used, const budget_amount& more) {
      used += more;
      return (!limit.tokens || used.tokens <= *limit.tokens) &&
             (!limit.micro_dollars || used.micro_dollars <= *limit.micro_dollars);
    };
    const auto used_up = [](const budget_limit& limit, const budget_amount& used) {
      return (limit.tokens && used.tokens >= *limit.tokens) ||
             (limit.micro_dollars && used.micro_dollars >= *limit.micro_dollars);
    };
    for (task_index t = 0; t < 150; ++t) {
      const std::string agent = names[below(3)];
      const budget_amount wants{below(30), below(20)};
      const budget_limit own = below(3) == 0 ? tokens(1 + below(40)) : budget_limit{};
      budget_amount reserved, agent_reserved;
      for (const auto& [_, h] : running) {
        reserved += h.reserved;
        if (h.agent == agent) agent_reserved += h.reserved;
      }
      RC_ASSERT(l.run().spent == spent);
      RC_ASSERT(l.run().reserved == reserved);
      const budget_limit of_agent = limits.contains(agent) ? limits.at(agent) : budget_limit{};
      const bool ever = fits(run, spent, wants) && fits(of_agent, by_agent[agent], wants) && fits(own, {}, wants) &&
                        !used_up(run, spent) && !used_up(of_agent, by_agent[agent]);
      reserved += spent;
      agent_reserved += by_agent[agent];
      const bool now = fits(run, reserved, wants) && fits(of_agent, agent_reserved, wants);
      const auto answer = l.reserve(t, agent, wants, own);
      RC_ASSERT(answer.what == (!ever ? verdict::never : now ? verdict::reserved : verdict::later));
      RC_ASSERT(answer.budget.empty() == (answer.what == verdict::reserved));
      if (answer.what == verdict::reserved) running[t] = {agent, wants, {}, own};
      for (auto it = running.begin(); it != running.end();) {
        auto& [task, h] = *it;
        if (below(4) == 0) {  // within what is reserved
          const budget_amount some{below(h.reserved.tokens + 1), below(h.reserved.micro_dollars + 1)};
          l.spend(task, h.agent, some);
          spent += some;
          by_agent[h.agent] += some;
          h.any = h.any || !some.none();
          h.reserved.tokens -= some.tokens;
          h.reserved.micro_dollars -= some.micro_dollars;
        }
        if (below(4) > 0) {
          ++it;
          continue;
        }
        const bool assume = below(2) == 0;
        l.settle(task, h.agent, assume);
        if (assume && !h.any) {
          spent += h.reserved;
          by_agent[h.agent] += h.reserved;
        }
        it = running.erase(it);
      }
      RC_ASSERT(fits(run, spent, {}));
      for (const auto& [name, limit] : limits) RC_ASSERT(fits(limit, by_agent[name], {}));
    }
    for (const auto& [task, h] : running) l.settle(task, h.agent, false);
    RC_ASSERT(l.run().reserved.none());
    for (const auto& [name, status] : l.agents()) {
      RC_ASSERT(status.reserved.none());
      RC_ASSERT(status.spent == by_agent[name]);
    }
  }));
}

TEST_CASE("money is written in dollars, exactly") {
  CHECK(dollars(1234) == "$0.001234");
  CHECK(dollars(120'000) == "$0.12");
  CHECK(dollars(5'000'000'000'500) == "$5,000,000.0005");
  CHECK(dollars(0) == "$0.00");
  CHECK(dollars(-1) == "-$0.000001");
  CHECK(grouped(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
  CHECK(grouped(std::int64_t{999}) == "999");
  CHECK(grouped(std::int64_t{1000}) == "1,000");
}
