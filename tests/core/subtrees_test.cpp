// What waits for a task and everything under it (`plan/*`): which children count.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

TEST_CASE("children that ended with a failed attempt of their parent do not spoil what waits for its subtree") {
  auto plan = call("plan");
  plan.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  hand_run r(slots(4), {plan, call("after", {"plan/*"})});
  CHECK(r.start() == ids{"plan"});
  REQUIRE(r.s.spawn(r.at("plan"), call("part"), r.now, true));
  REQUIRE(r.s.spawn(r.at("plan/part"), call("x"), r.now));
  CHECK(r.start() == ids{"plan/part", "plan/part/x"});
  r.fail_task("plan");
  CHECK(r.stopped() == ids{"plan/part", "plan/part/x"});
  r.end("plan/part");
  r.end("plan/part/x");
  CHECK(r.result("plan/part/x").cancelled == cancel_reason::parent_cancelled);
  r.pass(1s);
  CHECK(r.start() == ids{"plan"});
  REQUIRE(r.s.spawn(r.at("plan"), call("part"), r.now));
  r.end("plan");
  CHECK(r.start() == ids{"plan/part~2"});
  r.end("plan/part~2");
  CHECK(r.start() == ids{"after"});
}

TEST_CASE("children that a new plan replaces do not spoil what waits for their parent's subtree") {
  hand_run r(slots(1), {call("plan"), call("after", {"plan/*"})});
  CHECK(r.start() == ids{"plan"});
  REQUIRE(r.s.spawn(r.at("plan"), call("old"), r.now));
  REQUIRE(r.s.replan(r.at("plan"), 1, r.now));
  CHECK(r.result("plan/old").cancelled == cancel_reason::superseded);
  REQUIRE(r.s.spawn(r.at("plan"), call("new"), r.now));
  r.end("plan");
  CHECK(r.start() == ids{"plan/new"});
  r.end("plan/new");
  CHECK(r.start() == ids{"after"});
}

TEST_CASE("an awaited child that failed is its parent's affair, and so are the children it had not finished") {
  hand_run r(slots(2), {call("plan"), call("after", {"plan/*"})});
  CHECK(r.start() == ids{"plan"});
  REQUIRE(r.s.spawn(r.at("plan"), call("try"), r.now, true));
  CHECK(r.start() == ids{"plan/try"});
  REQUIRE(r.s.spawn(r.at("plan/try"), call("part"), r.now));
  r.fail_task("plan/try");
  CHECK(r.result("plan/try/part").cancelled == cancel_reason::parent_cancelled);
  r.end("plan");
  CHECK(r.start() == ids{"after"});
}

TEST_CASE("a child that failed, or that somebody cancelled, does spoil it") {
  for (const bool fails : {true, false}) {
    hand_run r(slots(2), {call("plan"), call("after", {"plan/*"})});
    CHECK(r.start() == ids{"plan"});
    REQUIRE(r.s.spawn(r.at("plan"), call("part"), r.now));
    CHECK(r.start() == ids{"plan/part"});
    r.end("plan");
    if (!fails) r.s.cancel_task(r.at("plan/part"), cancel_reason::user, "", r.now);
    r.fail_task("plan/part");
    CHECK(r.state("after") == task_state::skipped);
  }
}
