// Faults that random worlds and reviews found in the scheduler, each as small as it gets.
#include <catch2/catch_test_macros.hpp>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::call;
using tests::hand_run;
using tests::ruled;
using tests::slots;
using ids = hand_run::ids;

TEST_CASE("[L4] locks kept over a back-off come back when the task is cancelled in it") {
  auto o = slots(2);
  o.retry = {.max_retries = 1, .first_delay = 10s, .jitter = false};
  auto keeper = ruled(call("keeper"), [](task_rules& r) { r.hold_across_waits = true; });
  keeper.resources = {{"db"}};
  auto other = call("other");
  other.resources = {{"db"}};
  hand_run r(o, {keeper, other});
  CHECK(r.start() == ids{"keeper"});
  r.fail_task("keeper");
  CHECK(r.start().empty());
  r.s.cancel_task(r.at("keeper"), cancel_reason::user, "", r.now);
  CHECK(r.start() == ids{"other"});
}

TEST_CASE("a rate is used by every attempt, also by one that kept its locks over a back-off") {
  auto o = slots(2);
  o.resources = {{"calls", 1, 60s}};
  o.retry = {.max_retries = 1, .first_delay = 10s, .jitter = false};
  auto keeper = ruled(call("keeper"), [](task_rules& r) { r.hold_across_waits = true; });
  keeper.resources = {{"db"}, {"calls"}};
  hand_run r(o, {keeper});
  r.start();
  r.fail_task("keeper");
  r.pass(10s);
  CHECK(r.start().empty());
  CHECK(r.s.waiting(r.at("keeper")) == wait_reason::rate);
  r.pass(50s);
  CHECK(r.start() == ids{"keeper"});
  r.end("keeper");
  CHECK(r.s.locks()[0].holders.empty());
}

namespace {
task_call reserving_task(std::string id, std::int64_t tokens) {
  return ruled(call(std::move(id)), [&](task_rules& r) { r.reserve.tokens = tokens; });
}
run_options token_budget(std::int64_t n) {
  auto o = slots(4);
  o.budget.run.tokens = n;
  return o;
}
}  // namespace

TEST_CASE("[L15] when the first that waits for budget never can have it, the next gets its turn") {
  hand_run r(token_budget(100), {reserving_task("first", 90), reserving_task("big", 50), reserving_task("small", 5)});
  CHECK(r.start() == ids{"first", "small"});
  hand_run q(token_budget(100), {reserving_task("first", 96), reserving_task("big", 50), reserving_task("small", 5)});
  CHECK(q.start() == ids{"first"});
  scheduler::attempt_end e;
  e.output.usage.completion_tokens = 60;
  q.end_with("first", e);  // 40 left: too little for `big` for ever
  CHECK(q.start() == ids{"small"});
  CHECK(q.s.state(q.at("big")) == task_state::limit_exceeded);
}

TEST_CASE("[L2] a task whose reserve does not fit yet does not hide one whose reserve does") {
  hand_run r(token_budget(100), {reserving_task("one", 50), reserving_task("two", 45), reserving_task("big", 60),
                                 reserving_task("small", 20)});
  CHECK(r.start() == ids{"one", "two"});
  scheduler::attempt_end e;
  e.output.usage.completion_tokens = 10;
  r.end_with("two", e);  // 50 reserved, 10 spent: 40 free
  CHECK(r.start() == ids{"small"});
}

TEST_CASE("what an abandoned attempt had reserved is there for those that wait for budget") {
  auto o = token_budget(100);
  o.limits.cancel_grace = 1s;
  hand_run r(o, {reserving_task("stuck", 90), reserving_task("next", 10), reserving_task("last", 10)});
  CHECK(r.start() == ids{"stuck", "next"});
  token_usage u;
  u.completion_tokens = 1;
  r.s.model_call(r.at("stuck"), 1, u, nullptr, r.now);
  r.s.cancel_task(r.at("stuck"), cancel_reason::user, "", r.now);
  r.pass(1s);
  CHECK(r.start() == ids{"last"});
}

TEST_CASE(
    "nothing starts while the run is paused: neither what waits for several slots nor what was ready when a failure "
    "paused it") {
  auto o = slots(2);
  o.retry.pause_when_exhausted = true;
  auto two = ruled(call("two slots", {}, 5), [](task_rules& r) { r.weight = 2; });
  hand_run r(o, {call("one"), call("other"), two, call("ready", {}, 1)});
  CHECK(r.start() == ids{"one", "other"});
  r.end("other");
  CHECK(r.start() == ids{"ready"});
  r.end("ready");
  r.fail_task("one");
  CHECK(r.s.paused());
  CHECK(r.start().empty());
  r.s.resume("", r.now);
  CHECK(r.start() == ids{"one"});
  r.end("one");
  CHECK(r.start() == ids{"two slots"});
}

TEST_CASE("[L2] a task that needs more slots than are free does not hide a smaller one of the same kind") {
  const auto weighs = [](std::string id, std::uint32_t n, int priority) {
    return ruled(call(std::move(id), {}, priority), [&](task_rules& r) { r.weight = n; });
  };
  hand_run r(slots(4), {call("a", {}, 90), weighs("b", 3, 90), weighs("four", 4, 20), weighs("two", 2, 10)});
  CHECK(r.start() == ids{"a", "b"});
  r.end("b");
  CHECK(r.start() == ids{"two"});
}

TEST_CASE("a quorum counts a dependency that is listed twice once") {
  const auto quorum = ruled(call("both", {"a", "a"}), [](task_rules& r) {
    r.join = join_policy::quorum;
    r.quorum = 2;
  });
  hand_run r;
  const auto refused = r.s.validate({call("a"), quorum});
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("a quorum of 2 cannot be reached with 1") != std::string::npos);
}

TEST_CASE("tasks without a fairness key are a key of their own, also when no weights are given") {
  std::vector<task_call> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(call("plain " + std::to_string(i)));
  for (int i = 0; i < 2; ++i)
    calls.push_back(ruled(call("keyed " + std::to_string(i)), [](task_rules& r) { r.fairness_key = "k"; }));
  hand_run r(slots(1), calls);
  ids order;
  while (!r.s.finished()) {
    for (const auto& id : r.start()) order.push_back(id), r.end(id);
  }
  CHECK(order == ids{"plain 0", "keyed 0", "plain 1", "keyed 1", "plain 2", "plain 3"});
}

TEST_CASE("the slots of the empty key limit tasks without rules too") {
  auto o = slots(4);
  o.limits.slots_by_key[""] = 1;
  hand_run r(o, {call("one"), call("two")});
  CHECK(r.start() == ids{"one"});
}

TEST_CASE("[L5] mode levels: a task may wait for a child that needs a task of a later level") {
  auto o = slots(4);
  o.mode = scheduling_mode::levels;
  hand_run r(o, {call("a"), call("b"), call("later", {"b"})});
  CHECK(r.start() == ids{"b", "a"});
  REQUIRE(r.s.spawn(r.at("a"), call("child", {"later"}), r.now, true));
  r.s.attempt_waits(r.at("a"), 1, wait_reason::child, r.now);
  r.end("b");
  CHECK(r.start() == ids{"later"});
  r.end("later");
  CHECK(r.start() == ids{"a/child"});
}

TEST_CASE("draining finishes what an awaited child needs, children of its subtree dependencies too") {
  hand_run r(slots(1), {call("plan"), call("asks")});
  CHECK(r.start() == ids{"plan"});
  REQUIRE(r.s.spawn(r.at("plan"), call("part"), r.now));
  r.end("plan");
  CHECK(r.start() == ids{"asks"});
  REQUIRE(r.s.spawn(r.at("asks"), call("child", {"plan/*"}), r.now, true));
  r.s.attempt_waits(r.at("asks"), 1, wait_reason::child, r.now);
  r.s.drain(r.now);
  CHECK(r.start() == ids{"plan/part"});
  r.end("plan/part");
  CHECK(r.start() == ids{"asks/child"});
}

TEST_CASE("an attempt that goes on after a wait is watched for stalls again, with the same patience") {
  auto c = call("quiet");
  c.limits.heartbeat_timeout = 20s;
  hand_run r(slots(1), {c});
  r.start();
  r.pass(8s);
  r.s.heartbeat(0, 1, r.now);
  r.pass(9s);
  CHECK(r.count(event_type::task_stalled) == 0);
  r.pass(2s);
  CHECK(r.count(event_type::task_stalled) == 1);
}

TEST_CASE("a hundred thousand waiters of one lock can be paused, and a child may need the end of a long chain") {
  auto o = slots(2);
  std::vector<task_call> calls{call("holder")};
  calls[0].resources = {{"db"}};
  for (int i = 0; i < 100'000; ++i) {
    calls.push_back(call("w" + std::to_string(i)));
    calls.back().resources = {{"db"}};
  }
  hand_run r(o, calls);
  CHECK(r.start() == ids{"holder"});
  r.s.pause("a", r.now);
  r.end("holder");
  CHECK(r.start().empty());
  r.s.cancel_run(cancel_reason::user, "", r.now);
  CHECK(r.s.finished());

  std::vector<task_call> chain{call("first")};
  for (int i = 0; i < 100'000; ++i)
    chain.push_back(call("c" + std::to_string(i), {i == 0 ? "first" : "c" + std::to_string(i - 1)}));
  chain.push_back(call("spawner", {}, 100));
  hand_run q(slots(1), chain);
  CHECK(q.start() == ids{"spawner"});
  CHECK(q.s.spawn(q.at("spawner"), call("child", {"c99999"}), q.now, true));
}

TEST_CASE(
    "[L5] two parents that hold what the other's awaited child needs: one child ends with the cause, the run goes on") {
  auto a = call("a"), b = call("b"), ca = call("child"), cb = call("child");
  a.resources = {{"x"}};
  b.resources = {{"y"}};
  ca.resources = {{"y"}};
  cb.resources = {{"x"}};
  hand_run r(slots(2), {a, b});
  CHECK(r.start() == ids{"a", "b"});
  REQUIRE(r.s.spawn(r.at("a"), ca, r.now, true));
  r.s.attempt_waits(r.at("a"), 1, wait_reason::child, r.now);
  REQUIRE(r.s.spawn(r.at("b"), cb, r.now, true));
  r.s.attempt_waits(r.at("b"), 1, wait_reason::child, r.now);
  CHECK(r.start().empty());
  CHECK(r.state("a/child") == task_state::failed);
  CHECK(r.result("a/child").reason.find("deadlock") != std::string::npos);
}

TEST_CASE("[L5] an awaited child goes before a writer that waits for its parent") {
  auto parent = call("parent"), writer = call("writer"), child = call("child");
  parent.resources = {{"db", lock_mode::shared}};
  writer.resources = {{"db"}};
  child.resources = {{"db", lock_mode::shared}};
  hand_run r(slots(3), {parent, writer});
  CHECK(r.start() == ids{"parent"});
  r.pass(61s);  // the writer starves, and reserves
  REQUIRE(r.s.spawn(r.at("parent"), child, r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"parent/child"});
}

TEST_CASE("[L5] an awaited child must not need a task that needs what its parent holds") {
  auto parent = call("parent"), other = call("other");
  parent.resources = {{"db"}};
  other.resources = {{"db"}};
  hand_run r(slots(3), {parent, other});
  CHECK(r.start() == ids{"parent"});
  const auto refused = r.s.spawn(r.at("parent"), call("child", {"other"}), r.now, true);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == errc::unreachable_resource);
}

TEST_CASE("a budget that is used up by an attempt that ends cancels its parent, and not twice the task itself") {
  auto o = token_budget(10);
  o.budget.on_exhausted = on_exhausted::cancel;
  hand_run r(o, {call("parent")});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now));
  CHECK(r.start() == ids{"parent/child"});
  scheduler::attempt_end e;
  e.output.usage.completion_tokens = 20;
  r.end_with("parent/child", e);
  CHECK(r.state("parent/child") == task_state::completed);
  CHECK(r.count(event_type::task_ended, "parent/child") == 1);
  CHECK(r.stopped() == ids{"parent"});
}

TEST_CASE("a member that joins a group whose end has come ends with it") {
  auto o = slots(2);
  o.groups["g"].fail_fast = true;
  o.stay_open = true;
  const auto member = [](std::string id) { return ruled(call(std::move(id)), [](task_rules& r) { r.group = "g"; }); };
  hand_run r(o, {member("one")});
  r.start();
  r.fail_task("one");
  REQUIRE(r.s.submit({member("late")}, r.now));
  CHECK(r.s.state(r.at("late")) == task_state::cancelled);
  CHECK(r.s.result_of(r.at("late"))->cancelled == cancel_reason::sibling_failed);
}
