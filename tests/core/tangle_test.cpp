// Parents that hold locks while they wait for children: what the children need goes on, or a deadlock is told.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call locking(std::string id, std::string lock, lock_mode mode = lock_mode::exclusive) {
  auto c = call(std::move(id));
  c.resources = {{std::move(lock), mode}};
  return c;
}

void await_child(hand_run& r, const std::string& parent, task_call child) {
  REQUIRE(r.s.spawn(r.at(parent), std::move(child), r.now, true));
  r.s.attempt_waits(r.at(parent), 1, wait_reason::child, r.now);
}

}  // namespace

TEST_CASE("[L5] a task in back-off that a drained run leaves out does not hide a deadlock") {
  auto flaky = call("flaky");
  flaky.retry = retry_policy{.max_retries = 1, .first_delay = 10s, .jitter = false};
  hand_run r(slots(3), {locking("one", "x"), locking("two", "y"), flaky});
  CHECK(r.start() == ids{"one", "two", "flaky"});
  await_child(r, "one", locking("child", "y"));
  await_child(r, "two", locking("child", "x"));
  r.fail_task("flaky");
  r.s.drain(r.now);
  CHECK(r.start().empty());
  CHECK(r.waits("flaky") == wait_reason::backoff);
  CHECK(r.result("one/child").reason.find("deadlock") != std::string::npos);
}

TEST_CASE("[L5] what a child needs that is committed under an awaited subtree goes before those who starve") {
  auto o = slots(2);
  o.stay_open = true;
  auto starves = locking("starves", "db");
  starves.resources.push_back({"x"});
  hand_run r(o, {locking("parent", "x"), starves});
  CHECK(r.start() == ids{"parent"});
  r.pass(61s);
  REQUIRE(r.s.submit({locking("need", "db"), call("busy", {}, 5)}, r.now));
  CHECK(r.start() == ids{"busy"});  // `starves` has reserved `db`, and waits for what the parent holds
  REQUIRE(r.s.spawn(r.at("parent"), call("plan"), r.now));
  await_child(r, "parent", call("last", {"parent/plan/*"}));
  CHECK(r.start() == ids{"parent/plan"});
  REQUIRE(r.s.submit({call("other", {}, 5)}, r.now));
  REQUIRE(r.s.stage(r.at("parent/plan"), 1, call("part", {"need"})));
  r.end("parent/plan");
  CHECK(r.start() == ids{"need"});
}

TEST_CASE("[L5] what a child needs that is spawned by an awaited one goes before others in the line for a lock") {
  auto first = locking("first", "db");
  first.priority = 50;
  hand_run r(slots(4), {first, call("parent"), locking("holder", "db"), locking("need", "db")});
  CHECK(r.start() == ids{"first", "parent"});
  await_child(r, "parent", call("child"));
  CHECK(r.start() == ids{"parent/child"});
  REQUIRE(r.s.spawn(r.at("parent/child"), call("part", {"need"}), r.now));
  r.end("first");
  CHECK(r.start() == ids{"need"});
}

TEST_CASE("a child that a pause holds when a deadlock is untangled is left alone until the resume") {
  hand_run r(slots(3), {locking("parent", "db", lock_mode::shared), locking("writer", "db"), call("busy")});
  CHECK(r.start() == ids{"parent", "busy"});
  r.pass(61s);  // the writer reserves
  r.s.pause("other", r.now);
  await_child(r, "parent", of_agent(locking("child", "db", lock_mode::shared), "other"));
  CHECK(r.start().empty());
  r.end("busy");
  CHECK(r.start().empty());
  CHECK(r.waits("parent/child") == wait_reason::paused);
  r.s.resume("other", r.now);
  CHECK(r.start() == ids{"parent/child"});
}

TEST_CASE("two children that a pause holds when a deadlock is untangled are left alone until the resume") {
  hand_run r(slots(5), {locking("outer", "x", lock_mode::shared), locking("parent", "y", lock_mode::shared),
                        locking("writes x", "x"), locking("writes y", "y"), call("busy")});
  CHECK(r.start() == ids{"outer", "parent", "busy"});
  await_child(r, "outer", call("inner"));
  CHECK(r.start() == ids{"outer/inner"});
  r.pass(61s);  // the writers reserve
  r.s.pause("other", r.now);
  await_child(r, "parent", of_agent(locking("child", "y", lock_mode::shared), "other"));
  await_child(r, "outer/inner", of_agent(locking("deep", "x", lock_mode::shared), "other"));
  CHECK(r.start().empty());
  r.end("busy");
  CHECK(r.start().empty());
  CHECK(r.waits("parent/child") == wait_reason::paused);
  CHECK(r.waits("outer/inner/deep") == wait_reason::paused);
  r.s.resume("other", r.now);
  CHECK(r.start() == ids{"parent/child", "outer/inner/deep"});
}

TEST_CASE("[L5] a circle of locks is broken at once, whatever else runs or waits for a person") {
  auto asks = call("asks");
  asks.rules.get_or_emplace().approval = approval_rule{.message = "go?"};
  hand_run r(slots(4), {locking("one", "x"), locking("two", "y"), call("busy"), asks});
  CHECK(r.start() == ids{"one", "two", "busy"});
  await_child(r, "one", locking("child", "y"));
  CHECK(r.start().empty());
  CHECK(r.waits("one/child") == wait_reason::lock);  // `two` may still give it back
  await_child(r, "two", locking("child", "x"));
  CHECK(r.start().empty());
  CHECK(r.result("one/child").reason.find("deadlock") != std::string::npos);
  CHECK(r.waits("two/child") == wait_reason::lock);
  r.s.attempt_leaves_wait(r.at("one"), 1, wait_reason::child, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("one"), 1, r.now));
  CHECK(r.start().empty());
  CHECK(r.resumed == ids{"one"});
  r.end("one");
  CHECK(r.start() == ids{"two/child"});
}

TEST_CASE("[L5] a circle of locks through what a child needs is broken at once") {
  hand_run r(slots(5), {locking("one", "x"), locking("two", "y"), locking("need", "y"), call("busy")});
  CHECK(r.start() == ids{"one", "two", "busy"});
  await_child(r, "one", call("child", {"need"}));
  await_child(r, "two", locking("child", "x"));
  CHECK(r.start().empty());
  const bool broken = r.s.state(r.at("need")) == task_state::failed || r.s.state(r.at("two/child")) == task_state::failed;
  CHECK(broken);
}

TEST_CASE("[L5] a parent that may go on without its child is in no circle") {
  hand_run r(slots(5), {locking("one", "x"), locking("two", "y"), call("busy")});
  CHECK(r.start() == ids{"one", "two", "busy"});
  await_child(r, "one", locking("child", "y"));
  r.s.attempt_waits(r.at("one"), 1, wait_reason::rate, r.now);  // and then it may end
  await_child(r, "two", locking("child", "x"));
  CHECK(r.start().empty());
  CHECK(r.waits("one/child") == wait_reason::lock);
  CHECK(r.waits("two/child") == wait_reason::lock);
  r.s.attempt_leaves_wait(r.at("one"), 1, wait_reason::rate, r.now);
  CHECK(r.start().empty());
  CHECK(r.result("one/child").reason.find("deadlock") != std::string::npos);
}

TEST_CASE("an abandoned body that holds no lock hides no deadlock of budgets") {
  auto o = slots(3);
  o.limits.cancel_grace = 1s;
  o.budget.run.tokens = 100;
  auto parent = call("parent");
  parent.rules.get_or_emplace().reserve.tokens = 60;
  hand_run r(o, {parent, call("deaf")});
  CHECK(r.start() == ids{"parent", "deaf"});
  r.s.cancel_task(r.at("deaf"), cancel_reason::user, "", r.now);
  r.pass(2s);
  CHECK(r.s.state(r.at("deaf")) == task_state::cancelled);
  auto child = call("child");
  child.rules.get_or_emplace().reserve.tokens = 60;
  await_child(r, "parent", child);
  CHECK(r.start().empty());
  CHECK(r.s.state(r.at("parent/child")) == task_state::limit_exceeded);
}

TEST_CASE("[L5] who reserves what the child of a lock's holder needs gives way, though others come and go") {
  auto o = slots(4);
  o.stay_open = true;
  o.resources = {{"calls", 1}};
  auto starves = locking("starves", "db");
  starves.resources.push_back({"calls"});
  hand_run r(o, {locking("parent", "db"), starves, call("asks", {}, 50)});
  CHECK(r.start() == ids{"asks", "parent"});
  await_child(r, "asks", call("child", {"starves"}));  // so `starves` is as urgent as the other child
  r.pass(61s);
  CHECK(r.start().empty());
  auto child = call("child");
  child.resources = {{"calls"}};
  await_child(r, "parent", child);
  REQUIRE(r.s.submit({call("busy")}, r.now));
  CHECK(r.start() == ids{"parent/child", "busy"});
}

TEST_CASE("[L5] a circle through a counter that several hold is broken at once, whatever else runs") {
  auto o = slots(6);
  o.stay_open = true;
  o.resources = {{"calls", 1}, {"gpu", 2}};
  auto starves = locking("starves", "gpu"), child = call("child");
  for (auto* c : {&starves, &child}) c->resources.push_back({"calls"});
  hand_run r(o, {locking("one", "gpu"), locking("other", "gpu"), starves, call("asks", {}, 50)});
  CHECK(r.start() == ids{"asks", "one", "other"});
  await_child(r, "asks", call("child", {"starves"}));
  r.pass(61s);
  CHECK(r.start().empty());  // it reserves the call, and waits for one of two
  REQUIRE(r.s.submit({call("busy")}, r.now));
  CHECK(r.start() == ids{"busy"});
  await_child(r, "one", child);
  await_child(r, "other", call("child", {"one/child"}));
  CHECK(r.start() == ids{"one/child"});
}

TEST_CASE("[L5] who reserves a rate that the child of a lock's holder needs gives way, though the rate is used up for now") {
  auto o = slots(4);
  o.stay_open = true;
  o.resources = {{"calls", 1, 1000s}};
  auto uses = call("uses", {}, 50), starves = locking("starves", "db"), child = call("child");
  for (auto* c : {&uses, &starves, &child}) c->resources.push_back({"calls"});
  hand_run r(o, {uses, locking("parent", "db"), starves, call("asks", {}, 50)});
  CHECK(r.start() == ids{"uses", "asks", "parent"});
  r.end("uses");
  await_child(r, "asks", call("child", {"starves"}));
  r.pass(61s);
  CHECK(r.start().empty());
  await_child(r, "parent", child);
  REQUIRE(r.s.submit({call("busy")}, r.now));
  CHECK(r.start() == ids{"busy"});
  r.pass(940s);
  CHECK(r.start() == ids{"parent/child"});
}

TEST_CASE("a child is not kept out by who reserves what its parent holds, whatever else runs") {
  hand_run r(slots(3), {locking("parent", "db", lock_mode::shared), locking("writer", "db"), call("busy")});
  CHECK(r.start() == ids{"parent", "busy"});
  r.pass(61s);  // the writer reserves
  await_child(r, "parent", locking("child", "db", lock_mode::shared));
  CHECK(r.start() == ids{"parent/child"});
}
