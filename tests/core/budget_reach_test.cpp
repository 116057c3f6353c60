// How far budgets reach: measures apart, children, questions, agents.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call with_reserve(std::string id, std::int64_t tokens, std::int64_t money = 0) {
  return ruled(call(std::move(id)), [&](task_rules& t) { t.reserve = {tokens, money}; });
}

void spend(hand_run& r, std::string_view id, std::int64_t tokens) {
  token_usage u;
  u.completion_tokens = tokens;
  r.s.model_call(r.at(id), r.s.attempt(r.at(id)), u, nullptr, r.now);
}

}  // namespace

TEST_CASE("[L15] money that nobody told of counts as its reserve, though the tokens were told") {
  run_options o;
  o.budget.run = {1000, 1000};
  hand_run r(o, {with_reserve("a", 100, 400)});
  r.start();
  spend(r, "a", 10);
  r.end("a");
  CHECK(r.s.budget().spent == budget_amount{10, 400});
  const auto ended = r.of(event_type::attempt_ended, "a");
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].data.at("estimated") == json{{"micro_dollars", 400}});
}

TEST_CASE("once the run's budget is gone nobody is asked, and what is held ends") {
  auto o = slots(1);
  o.budget.run.tokens = 100;
  auto ask = ruled(call("ask", {"spender"}), [](task_rules& t) { t.approval = approval_rule{"may I?", {}, false}; });
  hand_run r(o, {call("spender"), ask, call("held")});
  CHECK(r.start() == ids{"spender"});
  r.s.pause("", r.now);
  CHECK(r.waits("held") == wait_reason::paused);
  spend(r, "spender", 100);
  CHECK(r.state("held") == task_state::limit_exceeded);
  r.end("spender");
  CHECK(r.state("ask") == task_state::limit_exceeded);
  CHECK(r.s.finished());
}

TEST_CASE("children spend their ancestors' own budgets") {
  hand_run r({}, {ruled(call("plan"), [](task_rules& t) { t.budget.tokens = 100; })});
  r.start();
  REQUIRE(r.s.stage(r.at("plan"), 1, with_reserve("x", 60)));
  REQUIRE(r.s.stage(r.at("plan"), 1, with_reserve("y", 60)));
  r.end("plan");
  CHECK(r.start() == ids{"plan/x"});
  CHECK(r.waits("plan/y") == wait_reason::budget);
  spend(r, "plan/x", 50);
  r.end("plan/x");
  CHECK(r.start().empty());
  CHECK(r.state("plan/y") == task_state::limit_exceeded);
  CHECK(r.result("plan/y").reason == "budget: its parent's own budget of 100 tokens has 50 left and 60 are needed");
}

TEST_CASE("the alert of a task's own budget names the task, and `cancel` stops it") {
  run_options o;
  o.budget.on_exhausted = on_exhausted::cancel;
  hand_run r(o, {ruled(call("t"), [](task_rules& t) { t.budget.tokens = 10; }), call("other")});
  r.start();
  spend(r, "t", 10);
  const auto alerts = r.of(event_type::budget_alert);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].data.at("budget") == "task t");
  CHECK(r.stopped() == ids{"t"});
  r.end("t");
  CHECK(r.result("t").cancelled == cancel_reason::budget);
  CHECK(r.state("other") == task_state::running);
}

TEST_CASE("`cancel` of an agent's budget stops what runs of that agent") {
  run_options o;
  o.budget.agents["a"].tokens = 10;
  o.budget.on_exhausted = on_exhausted::cancel;
  auto other = call("other");
  other.agent = "b";
  hand_run r(o, {call("t"), call("u"), other});
  r.start();
  spend(r, "t", 10);
  auto stopped = r.stopped();
  std::sort(stopped.begin(), stopped.end());
  CHECK(stopped == ids{"t", "u"});
}

TEST_CASE("why names who has reserved the budget, and the pool an attempt needs again") {
  auto o = slots(4);
  o.budget.run.tokens = 100;
  o.limits.slots_by_agent["a"] = 1;
  auto b = with_reserve("b", 60);
  b.agent = "b";
  hand_run r(o, {with_reserve("a", 60), b, call("c")});
  r.start();
  CHECK(r.why("b")[0] == "'b' waits for budget that running tasks have reserved and may not need: 'a'");
  r.s.attempt_waits(r.at("a"), 1, wait_reason::rate, r.now);
  CHECK(r.start() == ids{"c"});
  r.s.attempt_leaves_wait(r.at("a"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("a"), 1, r.now));
  CHECK(r.start().empty());
  CHECK(r.why("a")[0] == "'a' has what it waited for and needs a slot of 'agent a' again, taken by 'c'");
  CHECK(r.waits("a") == wait_reason::slot);
}

TEST_CASE("what a given-up attempt is thought to have spent is told, and uses the budget up") {
  auto o = limited(100);
  o.limits.cancel_grace = 1s;
  o.budget.on_exhausted = on_exhausted::cancel;
  hand_run r(o, {with_reserve("stuck", 100), call("other")});
  r.start();
  r.s.cancel_task(r.at("stuck"), cancel_reason::user, "", r.now);
  r.stopped();
  r.pass(1s);
  const auto ended = r.of(event_type::attempt_ended, "stuck");
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].data == json{{"outcome", "abandoned"}, {"estimated", {{"tokens", 100}}}});
  CHECK(r.count(event_type::budget_alert) == 1);
  CHECK(r.stopped() == ids{"other"});
  r.end("other");
  CHECK(r.result("other").cancelled == cancel_reason::budget);
}

TEST_CASE("the alert of the last attempt that is given up comes before the end of the run") {
  auto o = limited(100);
  o.limits.cancel_grace = 1s;
  hand_run r(o, {with_reserve("stuck", 100)});
  r.start();
  r.s.cancel_task(r.at("stuck"), cancel_reason::user, "", r.now);
  r.pass(1s);
  REQUIRE(r.s.finished());
  CHECK(r.count(event_type::budget_alert) == 1);
}

TEST_CASE("a task's own budget counts its children from outside before it has started") {
  const auto has = [](std::string id, std::int64_t tokens, ids needs) {
    return ruled(call(std::move(id), std::move(needs)), [&](task_rules& t) { t.budget.tokens = tokens; });
  };
  hand_run r(slots(10), {call("first"), has("p", 100, {"first"})});
  r.start();
  REQUIRE(r.s.spawn(r.at("p"), with_reserve("little", 60), r.now));
  REQUIRE(r.s.spawn(r.at("p"), has("child", 200, {}), r.now));
  REQUIRE(r.s.spawn(r.at("p/child"), with_reserve("much", 150), r.now));
  CHECK(r.start() == ids{"p/little", "p/child"});
  CHECK(r.state("p/child/much") == task_state::limit_exceeded);
  spend(r, "p/little", 60);
  r.end("p/little");
  CHECK(r.s.budget_left(r.at("p")).tokens == 40);
}

TEST_CASE("steps that an attempt has left open are thought to be spent, however much they are together") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  run_options o;
  o.budget.run.micro_dollars = 100;
  hand_run r(o, {call("a")});
  r.start();
  for (int i = 0; i < 2; ++i) REQUIRE(r.s.reserve(r.at("a"), 1, {most, 1}, false, r.now));
  r.end("a");
  CHECK(r.of(event_type::attempt_ended, "a").at(0).data.at("estimated") == json{{"tokens", most}, {"micro_dollars", 2}});
  CHECK(r.s.budget().spent == budget_amount{most, 2});
}

TEST_CASE("of those that wait for budget the one with the lowest priority there is comes last") {
  auto least = with_reserve("least", 60), other = with_reserve("other", 60);
  least.priority = std::numeric_limits<int>::min();
  hand_run r(limited(100), {with_reserve("first", 60), least, other});
  CHECK(r.start() == ids{"first"});
  spend(r, "first", 1);
  r.end("first");
  CHECK(r.start() == ids{"other"});
}
