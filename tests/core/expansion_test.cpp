// Plans that grow while they run: children, subtrees, caps, new plans.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

std::string spawned(hand_run& r, std::string_view parent, task_call child, bool awaited = false) {
  const auto t = r.s.spawn(r.at(parent), std::move(child), r.now, awaited);
  REQUIRE(t);
  return r.s.call(*t).id;
}

std::string staged(hand_run& r, std::string_view parent, task_call child) {
  const auto id = r.s.stage(r.at(parent), r.s.attempt(r.at(parent)), std::move(child));
  REQUIRE(id);
  return *id;
}

error refused(hand_run& r, std::string_view parent, task_call child, bool awaited = false) {
  const auto t = r.s.spawn(r.at(parent), std::move(child), r.now, awaited);
  REQUIRE(t.has_error());
  return t.error();
}

}  // namespace

TEST_CASE("[C32][C36] staged children are committed with their parent's success, and start after it") {
  hand_run r({}, {call("plan")});
  r.start();
  CHECK(staged(r, "plan", call("left")) == "plan/left");
  CHECK(staged(r, "plan", call("right", {"plan/left"})) == "plan/right");
  CHECK(r.s.size() == 1);
  CHECK(r.start().empty());
  r.end("plan");
  CHECK(r.start() == ids{"plan/left"});
  r.end("plan/left");
  CHECK(r.start() == ids{"plan/right"});
  r.end("plan/right");
  CHECK(r.result("plan/right").parent == "plan");
  CHECK(r.s.state() == run_state::completed);
}

TEST_CASE("staged children are dropped with their attempt's failure, and its retry stages its own") {
  auto plan = call("plan");
  plan.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  hand_run r({}, {plan});
  r.start();
  staged(r, "plan", call("old"));
  r.fail_task("plan");
  CHECK(r.s.size() == 1);
  r.pass(1s);
  r.start();
  CHECK(staged(r, "plan", call("")) == "plan/1");
  r.end("plan");
  CHECK(r.start() == ids{"plan/1"});
  CHECK(r.s.find("plan/old") == no_task);
}

TEST_CASE("children's ids are the same in every run: a name, or the ordinal within the attempt") {
  for (int run = 0; run < 2; ++run) {
    hand_run r({}, {call("plan")});
    r.start();
    CHECK(staged(r, "plan", call("")) == "plan/1");
    CHECK(staged(r, "plan", call("named")) == "plan/named");
    CHECK(staged(r, "plan", call("")) == "plan/3");
    CHECK(staged(r, "plan", call("plan/full")) == "plan/full");
  }
}

TEST_CASE("a subtree dependency waits for the task and for everything spawned under it, at any depth") {
  hand_run r({}, {call("plan"), call("after", {"plan/*"}), call("beside", {"plan"})});
  r.start();
  staged(r, "plan", call("a"));
  r.end("plan");
  CHECK(r.start() == ids{"beside", "plan/a"});
  staged(r, "plan/a", call("deep"));
  r.end("plan/a");
  CHECK(r.start() == ids{"plan/a/deep"});
  CHECK(r.waits("after") == wait_reason::deps);
  CHECK(r.why("after") == ids{"'after' waits for 'plan/*'", "  'plan/a/deep' is running (attempt 1, for 0 ms)"});
  r.end("plan/a/deep");
  CHECK(r.start() == ids{"after"});
}

TEST_CASE("a failure under a task fails its subtree for those who need it, unless the parent awaited it") {
  SECTION("staged") {
    hand_run r({}, {call("plan"), call("after", {"plan/*"})});
    r.start();
    staged(r, "plan", call("a"));
    r.end("plan");
    r.start();
    r.fail_task("plan/a");
    CHECK(r.state("after") == task_state::skipped);
  }
  SECTION("awaited") {
    hand_run r({}, {call("plan"), call("after", {"plan/*"})});
    r.start();
    spawned(r, "plan", call("a"), true);
    r.start();
    r.fail_task("plan/a");
    r.end("plan");
    CHECK(r.start() == ids{"after"});
  }
}

TEST_CASE("[C48] a child that would wait for its own ancestor's subtree is refused with the cycle named") {
  hand_run r({}, {call("plan"), call("after", {"plan/*"}), call("last", {"after"})});
  r.start();
  CHECK(refused(r, "plan", call("direct", {"plan/*"})).message ==
        "task plan/direct depends on its own ancestor 'plan', which waits for it");
  const auto e = refused(r, "plan", call("child", {"last"}));
  CHECK(e.is(errc::dependency_cycle));
  CHECK(e.message == "task plan/child -> last -> after depends on its own ancestor 'plan', which waits for it");
}

TEST_CASE("[L5] a child that its parent awaits may not wait for that parent, not even indirectly") {
  hand_run r({}, {call("plan"), call("after", {"plan"})});
  r.start();
  CHECK(refused(r, "plan", call("child", {"plan"}), true).is(errc::dependency_cycle));
  CHECK(refused(r, "plan", call("child", {"after"}), true).is(errc::dependency_cycle));
  spawned(r, "plan", call("free", {"after"}));  // nobody waits for this one
}

TEST_CASE("[L5] an awaited child may not need a lock that an ancestor holds while it waits") {
  auto plan = call("plan");
  plan.resources = {{"db"}};
  auto child = call("child");
  child.resources = {{"db"}};
  hand_run r({}, {plan});
  r.start();
  const auto e = refused(r, "plan", child, true);
  CHECK(e.is(errc::unreachable_resource));
  CHECK(e.message == "task 'plan/child' needs 'db', which its ancestor 'plan' holds while it waits for it");
  child.resources = {{"other"}};
  spawned(r, "plan", child, true);
}

TEST_CASE("[L12][C39] caps on children, spawned tasks and depth are errors that name the limit") {
  run_options o;
  o.limits.max_children_per_task = 2;
  o.limits.max_spawned_tasks = 5;  // those that are only staged count too
  o.limits.max_depth = 2;
  hand_run r(o, {call("a"), call("b")});
  r.start();
  spawned(r, "a", call(""));
  staged(r, "a", call(""));
  const auto e = refused(r, "a", call(""));
  CHECK(e.is(errc::limit_exceeded));
  CHECK(e.message == "task 'a': the limit of 2 children a task is reached");
  r.start();
  spawned(r, "a/outside-1", call(""));
  r.start();
  CHECK(refused(r, "a/outside-1/outside-1", call("")).message == "task 'a/outside-1/outside-1': the limit of 2 levels of children is reached");
  spawned(r, "b", call(""));
  spawned(r, "b", call(""));
  CHECK(refused(r, "a/outside-1", call("")).message == "task 'a/outside-1': the limit of 5 spawned tasks a run is reached");
}

TEST_CASE("a child that completed is given back as it is") {
  hand_run r({}, {call("plan")});
  r.start();
  spawned(r, "plan", call("child"), true);
  r.start();
  r.end("plan/child", 42);
  const auto again = r.s.spawn(r.at("plan"), call("child"), r.now, true);
  REQUIRE(again);
  CHECK(*again == r.at("plan/child"));
  CHECK(r.s.size() == 2);
}

TEST_CASE("children inherit deadline and priority, and are cancelled with their parent") {
  auto plan = call("plan", {}, 70);
  plan.limits.schedule_to_close = 10s;
  hand_run r(slots(1), {plan, call("other", {}, 50)});
  r.start();
  spawned(r, "plan", call("child"), true);
  r.s.attempt_waits(r.at("plan"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"plan/child"});
  r.pass(10s);
  auto asked = r.stopped();
  CHECK(asked.size() == 2);
  r.end("plan/child");
  r.end("plan");
  CHECK(r.result("plan/child").reason == "schedule_to_close of 10.00 s of 'plan' passed");
}

TEST_CASE("[D61] a new plan drops what was staged and cancels children that have not started, once") {
  hand_run r(slots(2), {call("plan")});
  r.start();
  spawned(r, "plan", call("runs"));
  r.start();
  spawned(r, "plan", call("waits", {"plan/runs"}));
  staged(r, "plan", call("staged"));
  REQUIRE(r.s.replan(r.at("plan"), 1, r.now));
  CHECK(r.result("plan/waits").cancelled == cancel_reason::superseded);
  CHECK(r.result("plan/waits").reason == "superseded: 'plan' made a new plan");
  CHECK(r.state("plan/runs") == task_state::running);
  staged(r, "plan", call("better"));
  const auto again = r.s.replan(r.at("plan"), 1, r.now);
  REQUIRE(again.has_error());
  CHECK(again.error().message == "task 'plan': the limit of 1 new plans is reached");
  r.end("plan");
  r.end("plan/runs");
  CHECK(r.start() == ids{"plan/better"});
  CHECK(r.s.find("plan/staged") == no_task);
}

TEST_CASE("a task that has ended has no more children") {
  hand_run r({}, {call("plan"), call("other")});
  r.start();
  r.end("plan");
  CHECK(refused(r, "plan", call("late")).is(errc::not_running));
  CHECK(r.s.stage(r.at("plan"), 1, call("late")).error().is(errc::not_running));
  CHECK(r.s.replan(r.at("plan"), 1, r.now).error().is(errc::not_running));
}

TEST_CASE("[C33] an agent decides from what it found how the tree grows, depth first") {
  auto o = slots(1);
  o.order = start_order::depth_first;
  hand_run r(o, {call("root")});
  ids order;
  for (int step = 0; !r.s.finished(); ++step) {
    REQUIRE(step < 20);
    const auto now = r.start();
    REQUIRE(now.size() == 1);
    order.push_back(now[0]);
    const auto depth = std::count(now[0].begin(), now[0].end(), '/');
    for (int i = depth; i < 2; ++i) staged(r, now[0], call(""));
    r.end(now[0]);
  }
  CHECK(order == ids{"root", "root/1", "root/1/1", "root/2", "root/2/1"});
}

TEST_CASE("a completed task that is no child of the parent is not given back as one, whatever its id") {
  hand_run r({}, {call("parent"), call("parent/child")});
  CHECK(r.start() == ids{"parent", "parent/child"});
  r.end("parent/child");
  const auto refused = r.s.spawn(r.at("parent"), call("child"), r.now, true);
  REQUIRE(refused.has_error());
  CHECK(refused.error().is(errc::duplicate_task));
}

TEST_CASE("a new plan leaves alone what has started: what a child left behind, and one that is about to be tried again") {
  auto again = call("again");
  again.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  hand_run r({}, {call("plan")});
  r.start();
  spawned(r, "plan", call("done"), true);
  spawned(r, "plan", again, true);
  r.start();
  staged(r, "plan/done", call("left"));
  r.end("plan/done");
  r.fail_task("plan/again");
  CHECK(r.start() == ids{"plan/done/left"});
  REQUIRE(r.s.replan(r.at("plan"), 1, r.now));
  CHECK(r.stopped().empty());
  CHECK(r.waits("plan/again") == wait_reason::backoff);
}
