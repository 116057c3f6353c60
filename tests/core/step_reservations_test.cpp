// Reservations of running attempts: for one step each, out of every budget that counts it.
#include <rapidcheck.h>

#include <random>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

result<scheduler::reservation> take(hand_run& r, std::string_view id, std::int64_t tokens, bool may_wait = true) {
  return r.s.reserve(r.at(id), r.s.attempt(r.at(id)), {tokens, 0}, may_wait, r.now);
}

/// A step that stands in line, as a body would wait for it.
std::uint64_t stand_in_line(hand_run& r, std::string_view id, std::int64_t tokens) {
  const auto got = take(r, id, tokens);
  REQUIRE(got);
  REQUIRE(got->waits);
  r.s.attempt_waits(r.at(id), r.s.attempt(r.at(id)), wait_reason::budget, r.now);
  return got->id;
}

struct granted {
  std::uint64_t id;
  std::string refused;
  friend bool operator==(const granted&, const granted&) = default;
};

std::vector<granted> grants(hand_run& r) {
  r.start();
  std::vector<granted> out;
  for (const auto& g : r.s.take_grants()) out.push_back({g.reservation, g.refused ? g.refused->message : ""});
  return out;
}

}  // namespace

TEST_CASE("[L15] a step is reserved in every budget before it, and settled in them after it") {
  auto o = limited(100);
  o.budget.agents["a"].tokens = 90;
  hand_run r(o, {ruled(call("t"), [](task_rules& t) { t.budget.tokens = 80; })});
  r.start();
  CHECK(r.s.budget_left(r.at("t")).tokens == 80);
  const auto step = take(r, "t", 50);
  REQUIRE(step);
  CHECK_FALSE(step->waits);
  CHECK(r.s.budget().reserved.tokens == 50);
  CHECK(r.s.budget_left(r.at("t")).tokens == 30);
  r.s.settle(step->id, budget_amount{20, 0}, r.now);
  CHECK(r.s.budget().spent.tokens == 20);
  CHECK(r.s.budget().reserved.none());
  CHECK(r.s.agent_budgets().at(0).second.spent.tokens == 20);
  const auto other = take(r, "t", 60);
  REQUIRE(other);
  r.s.settle(other->id, std::nullopt, r.now);
  CHECK(r.s.budget().spent.tokens == 20);
  r.s.settle(other->id, budget_amount{99, 0}, r.now);  // of one that has ended
  CHECK(r.s.budget().spent.tokens == 20);
  const auto refused = take(r, "t", 61);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().is(errc::limit_exceeded));
  CHECK(refused.error().message == "budget: the task's own budget of 80 tokens has 60 left and 61 are needed");
}

TEST_CASE("without a budget there is nothing to reserve") {
  hand_run r({}, {call("t")});
  r.start();
  const auto step = take(r, "t", 1'000'000);
  REQUIRE(step);
  CHECK(step->id == 0);
  CHECK_FALSE(r.s.budget_left(r.at("t")).tokens);
}

TEST_CASE("a step that does not fit because of others waits until they settle for less, and only then is refused") {
  hand_run r(limited(100), {call("a"), call("b"), call("c")});
  r.start();
  const auto a = take(r, "a", 60)->id;
  const auto b = stand_in_line(r, "b", 70), c = stand_in_line(r, "c", 90);
  CHECK(r.why("b")[0] == "'b' is running and waits for budget (attempt 1, for 0 ms)");
  r.s.settle(a, budget_amount{20, 0}, r.now);
  CHECK(grants(r) ==
        std::vector<granted>{{b, ""}, {c, "budget: the run's budget of 100 tokens has 80 left and 90 are needed"}});
}

TEST_CASE("the line goes by priority, then by who asked first, and nobody overtakes") {
  hand_run r(limited(100), {call("holds"), call("big"), call("small"), call("urgent", {}, 50)});
  r.start();
  const auto held = take(r, "holds", 50)->id;
  const auto big = stand_in_line(r, "big", 80), small = stand_in_line(r, "small", 40),
             urgent = stand_in_line(r, "urgent", 60);
  CHECK_FALSE(take(r, "holds", 10, false));  // though ten are left
  r.s.settle(held, std::nullopt, r.now);
  CHECK(grants(r) == std::vector<granted>{{urgent, ""}});
  r.s.settle(urgent, budget_amount{10, 0}, r.now);
  CHECK(grants(r) == std::vector<granted>{{big, ""}});
  r.s.settle(big, budget_amount{10, 0}, r.now);
  CHECK(grants(r) == std::vector<granted>{{small, ""}});
}

TEST_CASE("who waits for an agent's budget does not keep other agents waiting") {
  auto o = limited(1000);
  o.budget.agents["a"].tokens = 50;
  auto other = call("other");
  other.agent = "b";
  hand_run r(o, {call("first"), call("second"), call("third"), other});
  r.start();
  const auto first = take(r, "first", 40)->id;
  const auto second = stand_in_line(r, "second", 30);
  REQUIRE(stand_in_line(r, "third", 5));  // of the same agent: behind the second
  CHECK_FALSE(take(r, "other", 500)->waits);
  r.s.settle(first, budget_amount{15, 0}, r.now);
  CHECK(grants(r).at(0) == granted{second, ""});
}

TEST_CASE("what a task has reserved before its start pays for its steps first") {
  hand_run r(limited(100), {ruled(call("t"), [](task_rules& t) { t.reserve.tokens = 60; }), call("u")});
  r.start();
  const auto step = take(r, "t", 50)->id;
  CHECK(r.s.budget().reserved.tokens == 60);
  const auto more = take(r, "t", 30)->id;  // ten of them beside it
  CHECK(r.s.budget().reserved.tokens == 80);
  CHECK(r.s.budget_left(r.at("u")).tokens == 20);
  r.s.settle(step, budget_amount{20, 0}, r.now);
  CHECK(r.s.budget().spent.tokens == 20);
  CHECK(r.s.budget().reserved.tokens == 60);
  r.s.settle(more, budget_amount{30, 0}, r.now);
  CHECK(r.s.budget().reserved.tokens == 10);
  r.end("t");
  CHECK(r.s.budget().reserved.none());
  CHECK(r.s.budget().spent.tokens == 50);
}

TEST_CASE("steps that nobody has settled count as spent when their attempt ends, and the event says so") {
  auto o = limited(100);
  o.limits.cancel_grace = 5s;
  hand_run r(o, {call("ends"), call("stuck")});
  r.start();
  REQUIRE(take(r, "ends", 30));
  const auto late = take(r, "stuck", 20)->id;
  r.end("ends");
  CHECK(r.s.budget().spent.tokens == 30);
  CHECK(r.of(event_type::attempt_ended, "ends").at(0).data.at("estimated") == json{{"tokens", 30}});
  r.s.cancel_task(r.at("stuck"), cancel_reason::user, "", r.now);
  r.pass(5s);
  CHECK(r.s.budget().spent.tokens == 50);
  CHECK(r.s.budget().reserved.none());
  r.s.settle(late, budget_amount{1, 0}, r.now);
  CHECK(r.s.budget().spent.tokens == 50);
}

TEST_CASE("a task that is asked to stop gets nothing more, and leaves the line") {
  hand_run r(limited(100), {call("holds"), call("waits"), call("next")});
  r.start();
  const auto held = take(r, "holds", 90)->id;
  const auto waits = stand_in_line(r, "waits", 80), next = stand_in_line(r, "next", 70);
  r.s.cancel_task(r.at("waits"), cancel_reason::user, "enough", r.now);
  CHECK(grants(r) == std::vector<granted>{{waits, "user: enough"}});
  CHECK(take(r, "waits", 1).error().is(errc::cancelled));
  r.end("waits");
  CHECK(take(r, "holds", 1, false).error().is(errc::limit_exceeded));
  r.s.settle(held, std::nullopt, r.now);
  CHECK(grants(r) == std::vector<granted>{{next, ""}});
}

TEST_CASE(
    "on_exhausted stop: what a step cannot have ends its task alone; cancel: what spends from the same budget too") {
  for (const auto policy : {on_exhausted::stop, on_exhausted::cancel}) {
    auto o = limited(100);
    o.budget.on_exhausted = policy;
    hand_run r(o, {call("asks"), call("runs"), call("later", {"runs"})});
    r.start();
    r.s.model_call(r.at("runs"), 1, {90, 0, 0, 0, 1}, nullptr, r.now);
    CHECK_FALSE(take(r, "asks", 11));
    if (policy == on_exhausted::stop) {
      CHECK(r.stopped().empty());
      r.end("runs");
      CHECK(r.start() == ids{"later"});
    } else {
      CHECK(r.stopped() == ids{"runs", "asks"});
      r.end("asks");
      r.end("runs");
      CHECK(r.result("runs").reason == "budget: the run's budget of 100 tokens has 10 left and 11 are needed");
      CHECK(r.state("later") == task_state::skipped);
    }
  }
}

TEST_CASE("cancel of an agent's or a task's own budget reaches no further") {
  run_options o;
  o.budget.on_exhausted = on_exhausted::cancel;
  o.budget.agents["a"].tokens = 10;
  auto other = ruled(call("other"), [](task_rules& t) { t.budget.tokens = 5; });
  other.agent = "b";
  auto third = call("third");
  third.agent = "b";
  hand_run r(o, {call("t"), call("u"), other, third});
  r.start();
  CHECK_FALSE(take(r, "t", 11));
  CHECK(r.stopped() == ids{"t", "u"});
  CHECK_FALSE(take(r, "other", 6));
  CHECK(r.stopped() == ids{"other"});
  CHECK(r.state("third") == task_state::running);
}

TEST_CASE("[L5] a step that waits for what its waiting parent has reserved is refused: nobody else would give way") {
  hand_run r(limited(100), {ruled(call("parent"), [](task_rules& t) { t.reserve.tokens = 60; })});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  r.start();
  const auto step = stand_in_line(r, "parent/child", 50);
  CHECK(grants(r) == std::vector<granted>{{step, "budget: the rest is reserved by tasks that wait as well"}});
}

TEST_CASE("[L5] two steps that wait for what the other's task has reserved: one is refused, the other goes on") {
  const auto reserving = [](std::string id) {
    return ruled(call(std::move(id)), [](task_rules& t) { t.reserve.tokens = 50; });
  };
  hand_run r(limited(100), {reserving("a"), reserving("b")});
  r.start();
  const auto a = stand_in_line(r, "a", 60), b = stand_in_line(r, "b", 60);
  const auto first = grants(r);
  REQUIRE(first.size() == 1);
  CHECK(first[0].id == a);
  CHECK_FALSE(first[0].refused.empty());
  r.s.attempt_leaves_wait(r.at("a"), 1, wait_reason::budget, r.now);
  r.s.attempt_wants_slot(r.at("a"), 1, r.now);
  CHECK(grants(r).empty());
  r.s.model_call(r.at("a"), 1, {1, 0, 0, 0, 1}, nullptr, r.now);
  r.end_with("a", {fail(errc::limit_exceeded, first[0].refused), {}});
  CHECK(r.state("a") == task_state::limit_exceeded);
  CHECK(grants(r) == std::vector<granted>{{b, ""}});
  CHECK(r.s.budget().spent.tokens == 1);
}

TEST_CASE("however steps are taken, settled, dropped and cancelled, no budget is passed and none is left reserved") {
  REQUIRE(rc::check("steps", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto below = [&random](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    run_options o;
    o.limits.max_concurrent_tasks = 64;
    o.budget.run = {50 + below(300), 50 + below(300)};
    o.budget.agents["a"].tokens = 30 + below(200);
    o.budget.on_exhausted = below(4) == 0 ? on_exhausted::cancel : on_exhausted::stop;
    std::vector<task_call> calls;
    for (int i = 0; i < 24; ++i) {
      calls.push_back(ruled(call("t" + std::to_string(i), {}, static_cast<int>(below(3))), [&](task_rules& t) {
        if (below(3) == 0) t.budget.micro_dollars = 20 + below(100);
        if (below(4) == 0) t.reserve.tokens = below(5);
      }));
      if (below(2) == 0) calls.back().agent = "b";
    }
    hand_run r(o);
    r.s.begin(calls, r.now);
    struct step {
      std::string task;
      budget_amount most;
      bool waits;
    };
    std::map<std::uint64_t, step> open;
    const auto drop_of = [&](const std::string& task) {
      std::erase_if(open, [&](const auto& s) { return s.second.task == task; });
    };
    const auto check = [&] {
      const auto within = [](const budget_status& b) {
        return (!b.limit.tokens || b.spent.tokens + b.reserved.tokens <= *b.limit.tokens) &&
               (!b.limit.micro_dollars || b.spent.micro_dollars + b.reserved.micro_dollars <= *b.limit.micro_dollars);
      };
      RC_ASSERT(within(r.s.budget()));
      for (const auto& [_, b] : r.s.agent_budgets()) RC_ASSERT(within(b));
    };
    const auto hear = [&] {
      r.start();
      for (const auto& id : r.stopped()) {
        drop_of(id);
        r.end(id);
      }
      for (const auto& g : r.s.take_grants()) {
        const auto it = open.find(g.reservation);
        if (it == open.end()) continue;
        if (g.refused) {
          open.erase(it);
        } else {
          it->second.waits = false;
        }
      }
      check();
    };
    hear();
    for (int i = 0; i < 300 && !r.s.finished(); ++i) {
      const auto& running = r.s.running();
      if (running.empty()) {
        hear();
        if (r.s.running().empty()) break;
        continue;
      }
      const std::string id =
          r.s.call(running[static_cast<std::size_t>(below(static_cast<std::int64_t>(running.size())))]).id;
      switch (below(8)) {
        case 0:
          drop_of(id);
          r.end(id);
          break;
        case 1:
          if (below(6) == 0) r.s.cancel_task(r.at(id), cancel_reason::user, "", r.now);
          break;
        case 2:
        case 3:
        case 4: {
          const budget_amount most{below(40), below(40)};
          const auto got = r.s.reserve(r.at(id), r.s.attempt(r.at(id)), most, below(4) > 0, r.now);
          if (got) open[got->id] = {id, most, got->waits};
          break;
        }
        default: {
          if (open.empty()) break;
          auto it = open.begin();
          std::advance(it, below(static_cast<std::int64_t>(open.size())));
          const auto& [number, s] = *it;
          std::optional<budget_amount> spent;
          if (!s.waits && below(4) > 0) spent = {below(s.most.tokens + 1), below(s.most.micro_dollars + 1)};
          r.s.settle(number, spent, r.now);
          open.erase(it);
        }
      }
      hear();
    }
    for (int i = 0; i < 1000 && !r.s.finished(); ++i) {
      hear();
      if (r.s.running().empty()) break;
      const std::string id = r.s.call(r.s.running().front()).id;
      drop_of(id);
      r.end(id);
      hear();
    }
    RC_ASSERT(r.s.finished());
    RC_ASSERT(r.s.budget().reserved.none());
    for (const auto& [_, b] : r.s.agent_budgets()) RC_ASSERT(b.reserved.none());
  }));
}
