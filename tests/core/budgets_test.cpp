// Budgets: reserved before a task starts, settled when it ends.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call costing(std::string id, std::int64_t reserve, std::vector<std::string> needs = {}) {
  return ruled(call(std::move(id), std::move(needs)), [&](task_rules& r) { r.reserve.tokens = reserve; });
}

token_usage used(std::int64_t tokens) {
  token_usage u;
  u.completion_tokens = tokens;
  u.calls = 1;
  return u;
}

void end_used(hand_run& r, std::string_view id, std::int64_t tokens) {
  task_output out;
  out.usage = used(tokens);
  r.end_with(id, {{}, out});
}

}  // namespace

TEST_CASE("[L15] a budget is reserved before the call and settled after it") {
  hand_run r(limited(100), {costing("a", 60), costing("b", 60)});
  CHECK(r.start() == ids{"a"});
  CHECK(r.s.budget().reserved.tokens == 60);
  CHECK(r.waits("b") == wait_reason::budget);
  CHECK(r.why("b")[0] == "'b' waits for budget that running tasks have reserved and may not need: 'a'");
  end_used(r, "a", 30);
  CHECK(r.s.budget().spent.tokens == 30);
  CHECK(r.start() == ids{"b"});
}

TEST_CASE("what does not say its usage is settled at the reserve") {
  hand_run r(limited(100), {costing("a", 60)});
  r.start();
  r.end("a");
  CHECK(r.s.budget().spent.tokens == 60);
  CHECK(r.s.budget().reserved.tokens == 0);
}

TEST_CASE("[L12] what can no longer be afforded ends LIMIT_EXCEEDED and says how much is missing") {
  auto first = costing("a", 60);
  first.priority = 100;
  hand_run r(limited(100), {first, costing("b", 60), call("after", {"b"})});
  CHECK(r.start() == ids{"a"});
  end_used(r, "a", 60);
  r.start();
  CHECK(r.state("b") == task_state::limit_exceeded);
  CHECK(r.result("b").cancelled == cancel_reason::budget);
  CHECK(r.result("b").reason == "budget: the run's budget of 100 tokens has 40 left and 60 are needed");
  CHECK(r.state("after") == task_state::skipped);
  CHECK(r.s.finished());
  CHECK(r.s.state() == run_state::failed);
}

TEST_CASE("[L30] 64 tasks at once at a nearly empty budget never exceed it") {
  std::vector<task_call> calls;
  for (int i = 0; i < 64; ++i) calls.push_back(costing("t" + std::to_string(i), 10));
  hand_run r(limited(95), calls);
  const auto first = r.start();
  CHECK(first.size() == 9);
  for (const auto& id : first) end_used(r, id, 10);
  r.start();
  CHECK(r.s.budget().spent.tokens == 90);
  CHECK(r.s.count(task_state::completed) == 9);
  CHECK(r.s.count(task_state::limit_exceeded) == 55);
  CHECK(r.s.finished());
}

TEST_CASE("an exhausted budget stops what is new and lets running calls finish") {
  hand_run r(limited(100), {call("a"), call("b"), call("c", {"a"})});
  r.start();
  r.s.model_call(r.at("a"), 1, used(120), nullptr, r.now);
  CHECK(r.stopped().empty());
  r.end("a");
  r.end("b");
  CHECK(r.state("b") == task_state::completed);
  r.start();
  CHECK(r.state("c") == task_state::limit_exceeded);
  CHECK(r.result("c").reason == "budget: the run's budget of 100 tokens is used up (120 were spent)");
}

TEST_CASE("a question that nobody has answered ends with the budget") {
  auto asked = ruled(call("asked"), [](task_rules& r) { r.approval = approval_rule{"Sure?", {}, false}; });
  hand_run r(limited(100), {call("a"), asked, call("after", {"asked"})});
  r.start();
  r.s.model_call(r.at("a"), 1, used(100), nullptr, r.now);
  CHECK(r.result("asked").reason == "budget: the run's budget of 100 tokens is used up");
  CHECK(r.state("after") == task_state::skipped);
  CHECK(r.s.approvals().empty());
  r.end("a");
  CHECK(r.s.finished());
}

TEST_CASE("on_exhausted cancel stops running tasks too, with the reason budget") {
  auto o = limited(100);
  o.budget.on_exhausted = on_exhausted::cancel;
  hand_run r(o, {call("a"), call("b")});
  r.start();
  r.s.model_call(r.at("a"), 1, used(100), nullptr, r.now);
  CHECK(r.stopped() == ids{"a", "b"});
  r.end("a");
  r.end("b");
  CHECK(r.result("b").cancelled == cancel_reason::budget);
  CHECK(r.result("b").reason == "budget: the run's budget is used up");
}

TEST_CASE("a budget alerts once at 80 % and once when it is used up") {
  hand_run r(limited(100), {call("a")});
  r.start();
  r.s.model_call(r.at("a"), 1, used(79), nullptr, r.now);
  CHECK(r.count(event_type::budget_alert) == 0);
  r.s.model_call(r.at("a"), 1, used(1), nullptr, r.now);
  r.s.model_call(r.at("a"), 1, used(5), nullptr, r.now);
  REQUIRE(r.count(event_type::budget_alert) == 1);
  const auto alert = r.of(event_type::budget_alert).at(0).data;
  CHECK(alert["budget"] == "run");
  CHECK(alert["exhausted"] == false);
  CHECK(alert["spent"]["tokens"] == 80);
  CHECK(alert["limit"] == json{{"tokens", 100}});
  r.s.model_call(r.at("a"), 1, used(50), nullptr, r.now);
  REQUIRE(r.count(event_type::budget_alert) == 2);
  CHECK(r.of(event_type::budget_alert).at(1).data["exhausted"] == true);
}

TEST_CASE("money is counted exactly, in micro-dollars") {
  run_options o;
  o.budget.run.micro_dollars = 1'000'000;
  hand_run r(o, {call("a"), call("b", {"a"})});
  r.start();
  for (int i = 0; i < 10; ++i) r.s.model_call(r.at("a"), 1, used(1), nullptr, r.now, budget_amount{0, 100'000});
  CHECK(r.s.budget().spent.micro_dollars == 1'000'000);
  r.end("a");
  r.start();
  CHECK(r.state("b") == task_state::limit_exceeded);
}

TEST_CASE("an agent has a budget of its own, and the others are not concerned") {
  run_options o;
  o.budget.agents["a"].tokens = 10;
  auto other = call("other", {"first"});
  other.agent = "b";
  hand_run r(o, {call("first"), call("second", {"first"}), other});
  r.start();
  end_used(r, "first", 10);
  CHECK(r.start() == ids{"other"});
  CHECK(r.state("second") == task_state::limit_exceeded);
  CHECK(r.s.agent_budgets().at(0).second.spent.tokens == 10);
}

TEST_CASE("a task's own budget bounds its retries") {
  auto t = ruled(call("t"), [](task_rules& r) { r.budget.tokens = 10; });
  t.retry = retry_policy{.max_retries = 5, .first_delay = 1s, .jitter = false};
  hand_run r({}, {t});
  r.start();
  r.s.model_call(r.at("t"), 1, used(10), nullptr, r.now);
  r.fail_task("t");
  r.pass(1s);
  CHECK(r.start().empty());
  CHECK(r.state("t") == task_state::limit_exceeded);
  CHECK(r.result("t").attempts == 1);
}

TEST_CASE("[L6] reserving more than a budget has is an error at submission") {
  hand_run r(limited(100));
  const auto refused = r.s.validate({costing("a", 101)});
  REQUIRE(refused.has_error());
  CHECK(refused.error().is(errc::unreachable_resource));
  CHECK(refused.error().message == "task 'a': reserves more than its budget has");
}

TEST_CASE("who was woken for budget and ends without it lets the next have it") {
  auto first = costing("first", 60);
  first.priority = 100;
  hand_run r(limited(100), {first, costing("b", 60), costing("c", 60)});
  CHECK(r.start() == ids{"first"});
  end_used(r, "first", 10);
  r.s.cancel_task(r.at("b"), cancel_reason::user, "", r.now);
  CHECK(r.start() == ids{"c"});
}

TEST_CASE("who was woken for budget and is held by a pause lets the next have it") {
  auto first = costing("first", 60), other = costing("other", 60);
  first.priority = 100;
  first.agent = other.agent = "b";
  hand_run r(limited(100), {first, costing("paused", 60), other});
  CHECK(r.start() == ids{"first"});
  r.s.pause("a", r.now);
  end_used(r, "first", 10);
  CHECK(r.start() == ids{"other"});
}

TEST_CASE("a cheap task goes ahead while a dear one waits for budget") {
  hand_run r(limited(100), {costing("running", 80), costing("dear", 60), costing("cheap", 10)});
  CHECK(r.start() == ids{"running", "cheap"});
  CHECK(r.waits("dear") == wait_reason::budget);
}

TEST_CASE("a failed, a cancelled and an abandoned attempt give their reserve back") {
  hand_run r(limited(100), {costing("fails", 30), costing("stops", 30), costing("stuck", 30)});
  r.start();
  CHECK(r.s.budget().reserved.tokens == 90);
  r.s.model_call(r.at("fails"), 1, used(5), nullptr, r.now);
  r.fail_task("fails");
  for (const auto* id : {"stops", "stuck"}) {
    r.s.model_call(r.at(id), 1, used(5), nullptr, r.now);
    r.s.cancel_task(r.at(id), cancel_reason::user, "", r.now);
  }
  r.end("stops");
  r.pass(5s);
  CHECK(r.state("stuck") == task_state::cancelled);
  CHECK(r.s.budget().reserved.tokens == 0);
  CHECK(r.s.budget().spent.tokens == 15);
}
