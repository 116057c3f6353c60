#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/gather.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <random>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::of_agent;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {

std::vector<task_call> many_of(int n, const std::string& agent) {
  std::vector<task_call> calls;
  for (int i = 0; i < n; ++i) calls.push_back(of_agent("t" + std::to_string(i), agent));
  return calls;
}

struct spending_outcome {
  run_result result;
  budget_status budget;
  std::vector<std::pair<std::string, budget_status>> agents;
};

awaitable<spending_outcome> wait_for(run r) {
  spending_outcome o;
  o.result = co_await r.wait();
  const run_status s = co_await r.status();
  o.budget = s.budget;
  o.agents = s.agent_budgets;
  co_return o;
}

awaitable<void> pass(duration d) { co_await sleep_for(d); }

spending_outcome run_of(virtual_orchestra& v, task_plan p) {
  auto started = v.o.start(std::move(p));
  return v.time.run(wait_for(started.value()));
}

}  // namespace

TEST_CASE("a body reserves, settles for less, and what it does not settle is given back") {
  virtual_orchestra v;
  v.o.agents().add("spends", [](task_context c) -> awaitable<result<task_output>> {
    {
      auto step = co_await c.reserve({60, 600});
      REQUIRE(step);
      CHECK(step->held());
      CHECK(step->most() == budget_amount{60, 600});
      CHECK(c.budget_left().tokens == 40);
      step->settle({10, 100});
      CHECK_FALSE(step->held());
      step->settle({10, 100});
      CHECK(c.budget_left().tokens == 90);
    }
    {
      auto step = c.try_reserve({90, 900});
      REQUIRE(step);
      CHECK(c.budget_left().tokens == 0);
      budget_reservation moved = std::move(*step);
      CHECK_FALSE(step->held());
      CHECK(c.try_reserve({1, 0}).error().is(errc::limit_exceeded));
    }
    CHECK(c.budget_left().tokens == 90);
    auto all = co_await c.reserve({5, 50});
    all->settle_all();
    auto reported = co_await c.reserve({20, 0});
    c.report_usage({4, 3, 0, 0, 1}, nullptr, std::nullopt, &*reported);
    CHECK_FALSE(reported->held());
    co_return task_output{};
  });
  auto p = plan({of_agent("t", "spends")});
  p.options.budget.run.tokens = 100;
  const auto o = run_of(v, p);
  CHECK(o.result.success());
  CHECK(o.budget.spent == budget_amount{22, 150});
  CHECK(o.budget.reserved.none());
}

TEST_CASE("without a budget nothing is held and nobody waits") {
  virtual_orchestra v;
  v.o.agents().add("spends", [](task_context c) -> awaitable<result<task_output>> {
    auto step = co_await c.reserve({1'000'000'000, 0});
    CHECK(step.has_value());
    CHECK_FALSE(step->held());
    CHECK_FALSE(c.budget_left().tokens);
    step->settle({5, 0});
    co_return task_output{};
  });
  CHECK(run_of(v, plan({of_agent("t", "spends")})).result.success());
}

TEST_CASE("who waits for others gives its slot back, and goes on when they settle") {
  virtual_orchestra v;
  v.o.agents().add("spends", [](task_context c) -> awaitable<result<task_output>> {
    auto step = co_await c.reserve({80, 0});
    if (!step) co_return step.error();
    co_await sleep_for(10s);
    step->settle({20, 0});
    co_return task_output{};
  });
  auto p = plan({of_agent("one", "spends"), of_agent("two", "spends"), of_agent("three", "spends"), task("other")}, 3);
  p.options.budget.run.tokens = 100;
  const auto o = run_of(v, p);
  CHECK(o.result.find("two")->success());
  CHECK(o.result.find("three")->state == task_state::limit_exceeded);
  CHECK(o.result.find("three")->reason == "budget: the run's budget of 100 tokens has 60 left and 80 are needed");
  CHECK(v.start_of("other") == 0);  // in the slot of one that waits
  CHECK(v.time.now() == time_point(20s));
  CHECK(o.budget.spent.tokens == 40);
}

TEST_CASE("[L9] a wait for budget ends with the task's cancellation, its time limit, or a timeout of its own") {
  virtual_orchestra v;
  v.o.agents().add("holds", [](task_context c) -> awaitable<result<task_output>> {
    auto step = co_await c.reserve({100, 0});
    co_await sleep_for(100s);
    co_return task_output{};
  });
  std::string own;
  v.o.agents().add("waits", [&](task_context c) -> awaitable<result<task_output>> {
    if (c.task().id == "own") {
      auto got = co_await timeout<budget_reservation>(3s, "budget", [&] { return c.reserve({50, 0}); });
      own = got.error().message;
      co_return task_output{};
    }
    auto got = co_await c.reserve({50, 0});
    if (!got) co_return got.error();
    co_return task_output{};
  });
  auto late = of_agent("late", "waits");
  late.limits.schedule_to_close = 5s;
  auto p = plan({of_agent("holder", "holds"), of_agent("own", "waits"), of_agent("stopped", "waits"), late,
                 of_agent("last", "waits")});
  p.options.budget.run.tokens = 100;
  auto r = v.o.start(p).value();
  auto all = [&]() -> awaitable<spending_outcome> {
    co_await sleep_for(2s);
    const auto why = co_await r.why("last");
    CHECK(why->at(0).starts_with("'last' is running and waits for budget"));
    co_await r.cancel_task("stopped");
    co_return co_await wait_for(r);
  };
  const auto o = v.time.run(all());
  CHECK(o.result.find("stopped")->state == task_state::cancelled);
  CHECK(o.result.find("late")->state == task_state::timeout);
  CHECK(o.result.find("own")->success());
  CHECK(own.find("budget") != std::string::npos);
  CHECK(o.result.find("last")->success());  // the holder gave all of it back
  CHECK(v.time.now() == time_point(100s));
  CHECK(o.budget.reserved.none());
}

TEST_CASE("steps of one body side by side wait for each other") {
  virtual_orchestra v;
  v.o.agents().add("spends", [](task_context c) -> awaitable<result<task_output>> {
    const auto step = [](task_context context) -> awaitable<result<int>> {
      auto got = co_await context.reserve({40, 0});
      if (!got) co_return got.error();
      co_await sleep_for(1s);
      got->settle({10, 0});
      co_return 1;
    };
    std::vector<std::function<awaitable<result<int>>()>> steps(6, [=] { return step(c); });
    int done = 0;
    for (auto& r : co_await gather<result<int>>(std::move(steps))) done += r ? 1 : 0;
    co_return task_output(done);
  });
  auto p = plan({of_agent("t", "spends")});
  p.options.budget.run.tokens = 100;
  const auto o = run_of(v, p);
  CHECK(o.result.find("t")->output.value == 6);
  CHECK(o.budget.spent.tokens == 60);
}

TEST_CASE("a child's steps count to its ancestors' own budgets, and to the agent's") {
  virtual_orchestra v;
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    int done = 0;
    for (int i = 0; i < 3; ++i) {
      auto r = co_await c.call(of_agent("", "child"));
      done += r && r->success() ? 1 : 0;
    }
    co_return task_output(done);
  });
  v.o.agents().add("child", [](task_context c) -> awaitable<result<task_output>> {
    auto got = co_await c.reserve({30, 0});
    if (!got) co_return got.error();
    got->settle({25, 0});
    co_return task_output{};
  });
  auto t = of_agent("t", "parent");
  t.rules.get_or_emplace().budget.tokens = 70;
  auto p = plan({t});
  p.options.budget.agents["child"].tokens = 1000;
  const auto o = run_of(v, p);
  CHECK(o.result.find("t")->output.value == 2);
  const auto refused = std::find_if(o.result.results.begin(), o.result.results.end(),
                                    [](const task_result& r) { return r.state == task_state::limit_exceeded; });
  REQUIRE(refused != o.result.results.end());
  CHECK(refused->reason == "budget: its parent's own budget of 70 tokens has 20 left and 30 are needed");
}

TEST_CASE("a body that was given up leaves nothing reserved, and its late settlement changes nothing") {
  virtual_orchestra v;
  v.o.agents().add("stuck", [](task_context c) -> awaitable<result<task_output>> {
    auto got = co_await c.reserve({30, 0});
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await sleep_for(100s);
    got->settle({1, 0});
    co_return task_output{};
  });
  auto t = of_agent("t", "stuck");
  t.limits.start_to_close = 1s;
  auto p = plan({t});
  p.options.budget.run.tokens = 100;
  const auto o = run_of(v, p);
  CHECK(o.result.find("t")->state == task_state::timeout);
  CHECK(o.budget.spent.tokens == 30);
  CHECK(o.budget.reserved.none());
  v.time.run(pass(200s));
}

TEST_CASE("a context that is destroyed takes waiting reservations with it") {
  auto v = std::make_unique<virtual_orchestra>();
  v->o.agents().add("spends", [](task_context c) -> awaitable<result<task_output>> {
    auto got = co_await c.reserve({80, 0});
    co_await sleep_for(1000s);
    co_return task_output{};
  });
  auto p = plan(many_of(3, "spends"));
  p.options.budget.run.tokens = 100;
  REQUIRE(v->o.start(p));
  v->time.run(pass(1s));
  v.reset();
  SUCCEED();
}

TEST_CASE(
    "[L30] 64 bodies at once never spend more than their budgets, whatever their steps cost and however they end") {
  REQUIRE(rc::check("64 bodies", [] {
    auto random = std::make_shared<std::mt19937_64>(*rc::gen::arbitrary<std::uint64_t>());
    const auto below = [random](std::int64_t n) {
      return static_cast<std::int64_t>((*random)() % static_cast<std::uint64_t>(n));
    };
    virtual_orchestra v;
    v.o.agents().add("spends", [below](task_context c) -> awaitable<result<task_output>> {
      for (std::int64_t steps = 1 + below(3); steps > 0; --steps) {
        const budget_amount most{1 + below(100), 1 + below(100)};
        auto got = co_await c.reserve(most);
        if (!got) co_return got.error();
        co_await sleep_for(std::chrono::milliseconds(1 + below(50)));
        switch (below(6)) {
          case 0:
            got->settle_all();
            break;
          case 1:
            co_return fail(errc::task_failed, "no");
          case 2:
            throw std::runtime_error("no");
          default:
            got->settle({below(most.tokens + 1), below(most.micro_dollars + 1)});
        }
      }
      co_return task_output{};
    });
    auto calls = many_of(64, "spends");
    for (auto& t : calls) {
      if (below(3) == 0) t.rules.get_or_emplace().budget.tokens = below(150);
      if (below(5) == 0) t.retry = retry_policy{.max_retries = 2, .first_delay = 10ms};
      if (below(8) == 0) t.limits.start_to_close = std::chrono::milliseconds(1 + below(40));
    }
    auto p = plan(calls, 64);
    p.options.budget.run = {below(3000), 500 + below(3000)};
    p.options.budget.agents["spends"].tokens = below(3000);
    if (below(3) == 0) p.options.budget.on_exhausted = on_exhausted::cancel;
    auto r = v.o.start(p).value();
    auto all = [&]() -> awaitable<spending_outcome> {
      if (below(2) == 0) {
        co_await sleep_for(std::chrono::milliseconds(1 + below(60)));
        if (below(2) == 0) {
          co_await r.cancel();
        } else {
          for (int i = 0; i < 8; ++i) co_await r.cancel_task("t" + std::to_string(below(64)));
        }
      }
      co_return co_await wait_for(r);
    };
    const auto o = v.time.run(all());
    RC_ASSERT(o.budget.spent.tokens <= *p.options.budget.run.tokens);
    RC_ASSERT(o.budget.spent.micro_dollars <= *p.options.budget.run.micro_dollars);
    RC_ASSERT(o.budget.reserved.none());
    for (const auto& [_, b] : o.agents) {
      RC_ASSERT(b.reserved.none());
      RC_ASSERT(!b.limit.tokens || b.spent.tokens <= *b.limit.tokens);
    }
  }));
}
