// Draining: what runs is finished, with everything that it waits for; nothing new starts.
#include <catch2/generators/catch_generators.hpp>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

TEST_CASE("[C44] a drained run finishes what runs and ends INTERRUPTED with the rest unfinished") {
  hand_run r(slots(1), {call("runs"), call("waits"), call("after", {"runs"})});
  r.start();
  r.s.drain(r.now);
  CHECK(r.count(event_type::run_draining) == 1);
  CHECK(r.start().empty());
  r.end("runs");
  CHECK(r.s.finished());
  CHECK(r.s.state() == run_state::interrupted);
  CHECK(r.s.unfinished() == 2);
  CHECK(r.state("runs") == task_state::completed);
}

TEST_CASE("draining when only the last task runs changes nothing") {
  hand_run r({}, {call("last")});
  r.start();
  r.s.drain(r.now);
  r.end("last");
  CHECK(r.s.state() == run_state::completed);
}

TEST_CASE("draining twice is draining once, and nothing may be added") {
  hand_run r({}, {call("t")});
  r.start();
  r.s.drain(r.now);
  r.s.drain(r.now);
  CHECK(r.count(event_type::run_draining) == 1);
  CHECK(r.s.submit({call("new")}, r.now).error().is(errc::not_running));
  CHECK(r.s.spawn(r.at("t"), call("child"), r.now).error().is(errc::not_running));
}

TEST_CASE("[L5] what a running task awaits is finished too, with all that it needs") {
  hand_run r(slots(2), {call("parent"), call("other"), call("unrelated")});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("first"), r.now));
  REQUIRE(r.s.spawn(r.at("parent"), call("child", {"parent/first"}), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  r.s.drain(r.now);
  CHECK(r.start() == ids{"parent/first"});
  r.end("other");
  r.end("parent/first");
  CHECK(r.start() == ids{"parent/child"});
  r.end("parent/child");
  r.s.attempt_leaves_wait(r.at("parent"), 1, wait_reason::child, r.now);
  r.s.attempt_wants_slot(r.at("parent"), 1, r.now);
  r.start();
  CHECK(r.resumed == ids{"parent"});
  r.end("parent");
  CHECK(r.s.finished());
  CHECK(r.s.state() == run_state::interrupted);
  CHECK(r.s.unfinished() == 1);
}

TEST_CASE("a failure while draining is tried again only after a resume: the run is interrupted") {
  auto t = call("t");
  t.retry = retry_policy{.max_retries = 3, .first_delay = 1s, .jitter = false};
  hand_run r({}, {t});
  r.start();
  r.s.drain(r.now);
  r.fail_task("t");
  CHECK(r.s.finished());
  CHECK(r.waits("t") == wait_reason::backoff);
  CHECK(r.s.state() == run_state::interrupted);
}

TEST_CASE("a failure while draining that no retry is left for is final") {
  hand_run r({}, {call("t"), call("after", {"t"})});
  r.start();
  r.s.drain(r.now);
  r.fail_task("t");
  CHECK(r.state("t") == task_state::failed);
  CHECK(r.state("after") == task_state::skipped);
}

TEST_CASE("a needed child behind one that is not needed gets its budget") {
  auto o = slots(3);
  o.budget.run.tokens = 100;
  const auto dear = [](std::string id) {
    return ruled(call(std::move(id)), [](task_rules& r) { r.reserve.tokens = 60; });
  };
  auto first = dear("first"), idle = dear("idle");
  first.priority = 100;
  idle.priority = 90;
  hand_run r(o, {first, idle, call("parent", {}, 10)});
  CHECK(r.start() == ids{"first", "parent"});
  REQUIRE(r.s.spawn(r.at("parent"), dear("child"), r.now, true));
  CHECK(r.start().empty());
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  r.s.drain(r.now);
  task_output out;
  out.usage.completion_tokens = 10;
  out.usage.calls = 1;
  r.end_with("first", {{}, out});
  CHECK(r.start() == ids{"parent/child"});
}

TEST_CASE("a shutdown stops what runs and leaves the rest unfinished") {
  hand_run r({}, {call("t"), call("after", {"t"})});
  r.start();
  r.s.drain(r.now);
  CHECK(r.s.cancel_run(cancel_reason::shutdown, "", r.now) == 1);
  CHECK(r.stopped() == ids{"t"});
  r.end("t");
  CHECK(r.s.finished());
  CHECK(r.result("t").cancelled == cancel_reason::shutdown);
  CHECK(r.waits("after") == wait_reason::deps);
  CHECK(r.s.state() == run_state::interrupted);
}

TEST_CASE("a drained run can still be cancelled by its user, with what has not started") {
  hand_run r({}, {call("t"), call("after", {"t"})});
  r.start();
  r.s.drain(r.now);
  CHECK(r.s.cancel_run(cancel_reason::user, "", r.now) == 2);
  r.end("t");
  CHECK(r.s.finished());
  CHECK(r.result("after").cancelled == cancel_reason::user);
}

TEST_CASE("a running attempt may still call children while draining, and what they need is finished too") {
  auto other = call("other");
  other.priority = 1;
  hand_run r(slots(1), {call("parent", {}, 50), other});
  CHECK(r.start() == ids{"parent"});
  r.s.drain(r.now);
  REQUIRE(r.s.spawn(r.at("parent"), call("child", {"other"}), r.now, true));
  CHECK(r.s.spawn(r.at("parent"), call("late"), r.now).error().is(errc::not_running));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"other"});
  r.end("other");
  CHECK(r.start() == ids{"parent/child"});
}

TEST_CASE("draining a paused run lifts the pause for what running attempts wait for") {
  hand_run r(slots(2), {call("parent")});
  r.start();
  r.s.pause("", r.now);
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start().empty());
  CHECK(r.waits("parent/child") == wait_reason::paused);
  r.s.drain(r.now);
  CHECK(r.start() == ids{"parent/child"});
  r.end("parent/child");
  r.s.attempt_leaves_wait(r.at("parent"), 1, wait_reason::child, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("parent"), 1, r.now));
  r.start();
  r.end("parent");
  CHECK(r.s.finished());
}

TEST_CASE("a child that is committed while the run drains, under what is needed already, is finished too") {
  hand_run r(slots(2), {call("plan"), call("asks"), call("unrelated")});
  CHECK(r.start() == ids{"plan", "asks"});
  REQUIRE(r.s.spawn(r.at("asks"), call("child", {"plan/*"}), r.now, true));
  REQUIRE(r.s.stage(r.at("plan"), 1, call("part")));
  r.s.attempt_waits(r.at("asks"), 1, wait_reason::child, r.now);
  r.s.drain(r.now);
  r.end("plan");
  CHECK(r.start() == ids{"plan/part"});
  r.end("plan/part");
  CHECK(r.start() == ids{"asks/child"});
}

TEST_CASE("nothing starts any more once a shutdown has cancelled what a drained run was finishing") {
  auto again = call("again");
  again.retry = retry_policy{.max_retries = 1, .first_delay = 2s, .jitter = false};
  hand_run r(slots(2), {call("parent", {}, 20), again, call("other", {}, 5)});
  CHECK(r.start() == ids{"parent", "again"});
  r.fail_task("again");
  REQUIRE(r.s.spawn(r.at("parent"), call("child", {"again", "other"}), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  r.s.drain(r.now);  // both are needed
  r.s.cancel_run(cancel_reason::shutdown, "", r.now);
  CHECK(r.start().empty());
  r.pass(3s);  // the back-off is over
  CHECK(r.start().empty());
  CHECK(r.why("other") == ids{"'other' will not start: the run is being drained"});
  r.end("parent");
  CHECK(r.s.finished());
  CHECK(r.s.state() == run_state::interrupted);
  CHECK(r.s.unfinished() == 2);
}

TEST_CASE("[I1] a drained run leaves no lock held by a task that keeps it over a back-off") {
  auto keeps = ruled(call("keeps"), [](task_rules& t) { t.hold_across_waits = true; });
  keeps.resources = {{"db"}};
  keeps.retry = retry_policy{.max_retries = 1, .first_delay = 5s, .jitter = false};
  auto waits = call("waits");
  waits.resources = {{"db"}};
  hand_run r({}, {keeps, waits, call("other")});
  r.start();
  r.fail_task("keeps");
  REQUIRE(r.s.locks().at(0).holders == ids{"keeps"});
  const auto changes = r.count(event_type::task_state_changed, "waits");
  r.s.drain(r.now);
  r.end("other");
  REQUIRE(r.s.finished());
  CHECK(r.s.unfinished() == 2);
  for (const auto& l : r.s.locks()) CHECK(l.holders.empty());
  CHECK(r.count(event_type::task_state_changed, "waits") == changes + 1);  // the lock is there, only the run is not
}

TEST_CASE("a drained run asks nobody about what it will not start, but about what it finishes") {
  const auto asks = [](std::string id, std::vector<std::string> needs) {
    return ruled(call(std::move(id), std::move(needs)), [](task_rules& r) { r.approval = approval_rule{"Sure?", {}, false}; });
  };
  hand_run r(slots(3), {call("first"), asks("left", {"first"}), asks("needed", {"first"}), call("parent")});
  CHECK(r.start() == ids{"first", "parent"});
  r.s.drain(r.now);
  r.end("first");
  CHECK(r.count(event_type::approval_requested) == 0);
  CHECK(r.s.answer(r.at("left"), true, "", r.now).error().is(errc::invalid_argument));
  CHECK(r.why("left") == ids{"'left' will not start: the run is being drained"});
  REQUIRE(r.s.spawn(r.at("parent"), call("child", {"needed"}), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.count(event_type::approval_requested) == 1);
  REQUIRE(r.s.answer(r.at("needed"), true, "", r.now));
  CHECK(r.start() == ids{"needed"});
  r.end("needed");
  CHECK(r.start() == ids{"parent/child"});
  r.end("parent/child");
  r.end("parent");
  CHECK(r.s.state() == run_state::interrupted);
  CHECK(r.s.unfinished() == 1);
}

TEST_CASE("what has not ended names the task that spawned it, whatever its id looks like") {
  hand_run r(slots(1), {call("a"), call("a/b", {"a"})});
  r.start();
  REQUIRE(r.s.spawn(r.at("a"), call("c"), r.now));
  r.s.drain(r.now);
  r.end("a");
  std::map<std::string, std::string> parents;
  for (const auto& t : r.s.take_results()) parents[t.id] = t.parent;
  CHECK(parents == std::map<std::string, std::string>{{"a", ""}, {"a/b", ""}, {"a/c", "a"}});
}

TEST_CASE("a run that completes in spite of a drain or a spent budget gives no reason") {
  auto o = limited(100);
  for (const bool drained : {true, false}) {
    hand_run r(o, {call("t")});
    r.start();
    if (drained) r.s.drain(r.now);
    task_output out;
    out.usage.completion_tokens = drained ? 1 : 100;
    out.usage.calls = 1;
    r.end_with("t", {{}, out});
    CHECK(r.s.state() == run_state::completed);
    CHECK(r.s.reason().empty());
  }
}

TEST_CASE("a task that a drained run leaves out keeps no lock over its back-off from those that it finishes") {
  const bool before = GENERATE(true, false);  // the failure, or the drain
  auto keeper = call("keeper");
  keeper.resources = {{"db"}};
  keeper.rules.get_or_emplace().hold_across_waits = true;
  keeper.retry = retry_policy{.max_retries = 1, .first_delay = 5s, .jitter = false};
  hand_run r(slots(3), {keeper, call("parent")});
  CHECK(r.start() == ids{"keeper", "parent"});
  if (before) r.fail_task("keeper");
  r.s.drain(r.now);
  if (!before) r.fail_task("keeper");
  auto child = call("child");
  child.resources = {{"db"}};
  REQUIRE(r.s.spawn(r.at("parent"), child, r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"parent/child"});
}

TEST_CASE("a drained run holds no lock of a task that will not start") {
  const bool parked = GENERATE(false, true);  // on something else, or ready
  auto keeper = ruled(call("keeper", {}, 20), [](task_rules& t) { t.hold_across_waits = true; });
  keeper.resources = {{"db"}, {"calls"}};
  keeper.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  auto o = slots(2);
  o.resources = {{"calls", 1, parked ? 1h : 1s}};
  hand_run r(o, {keeper, call("parent"), call("other")});
  CHECK(r.start() == ids{"keeper", "parent"});
  r.fail_task("keeper");
  CHECK(r.start() == ids{"other"});
  r.pass(1s);
  if (parked) r.end("other");
  CHECK(r.start().empty());
  CHECK(r.state("keeper") == (parked ? task_state::waiting : task_state::ready));
  REQUIRE(r.s.fence(r.at("keeper"), "db") != 0);
  r.s.drain(r.now);
  CHECK(r.s.fence(r.at("keeper"), "db") == 0);
  auto child = call("child");
  child.resources = {{"db"}};
  REQUIRE(r.s.spawn(r.at("parent"), child, r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"parent/child"});
}
