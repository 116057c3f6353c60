// Children that start after their parent, and the caps on them.
#include <catch2/generators/catch_generators.hpp>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using ids = hand_run::ids;

TEST_CASE("an id that is staged is taken, for another staged child and for one that is called") {
  hand_run r({}, {call("plan")});
  r.start();
  const auto plan = r.at("plan");
  REQUIRE(r.s.stage(plan, 1, call("x")));
  CHECK(r.s.stage(plan, 1, call("x")).error().is(errc::duplicate_task));
  CHECK(r.s.spawn(plan, call("x"), r.now, true).error().is(errc::duplicate_task));
  REQUIRE(r.s.stage(plan, 1, call("y", {"plan/x"})));
  r.end("plan");
  CHECK(r.start() == ids{"plan/x"});
}

TEST_CASE("a plan that can no longer be committed fails its attempt") {
  hand_run r({}, {call("plan")});
  r.start();
  REQUIRE(r.s.stage(r.at("plan"), 1, call("x")));
  REQUIRE(r.s.submit({call("plan/x")}, r.now));
  r.end("plan");
  CHECK(r.state("plan") == task_state::failed);
  CHECK(r.result("plan").error->is(errc::duplicate_task));
}

TEST_CASE("[L12] an attempt that hit a cap on children does not complete, whatever it makes of it") {
  run_options o;
  o.limits.max_children_per_task = 1;
  hand_run r(o, {call("plan"), call("after", {"plan"})});
  r.start();
  REQUIRE(r.s.stage(r.at("plan"), 1, call("")));
  CHECK(r.s.stage(r.at("plan"), 1, call("")).error().is(errc::limit_exceeded));
  r.end("plan");
  CHECK(r.state("plan") == task_state::limit_exceeded);
  CHECK(r.state("after") == task_state::skipped);
  CHECK(r.s.find("plan/1") == no_task);
}

TEST_CASE("[L12] an attempt that fails for a limit ends LIMIT_EXCEEDED") {
  hand_run r({}, {call("t")});
  r.start();
  r.fail_task("t", fail(errc::limit_exceeded, "too much", retry_class::terminal));
  CHECK(r.state("t") == task_state::limit_exceeded);
}

TEST_CASE("cancelling what is left under a completed task reaches its children") {
  hand_run r(slots(1), {call("top"), call("other")});
  r.start();
  REQUIRE(r.s.stage(r.at("top"), 1, call("x")));
  r.end("top");
  CHECK(r.s.cancel_task(r.at("top"), cancel_reason::user, "", r.now) == 1);
  CHECK(r.state("top/x") == task_state::cancelled);
  CHECK(r.s.cancel_task(r.at("top"), cancel_reason::user, "", r.now) == 0);
}

TEST_CASE("cancelling a running task reaches the running grandchildren of a completed child") {
  hand_run r({}, {call("top")});
  r.start();
  REQUIRE(r.s.spawn(r.at("top"), call("x"), r.now, true));
  r.start();
  REQUIRE(r.s.stage(r.at("top/x"), 1, call("y")));
  r.end("top/x");
  r.start();
  CHECK(r.s.cancel_task(r.at("top"), cancel_reason::user, "", r.now) == 2);
  CHECK(r.stopped() == ids{"top", "top/x/y"});
}

TEST_CASE("a child has its parent's fairness key") {
  auto o = slots(4);
  o.limits.slots_by_key["k"] = 1;
  hand_run r(o, {ruled(call("plan"), [](task_rules& t) { t.fairness_key = "k"; })});
  r.start();
  REQUIRE(r.s.stage(r.at("plan"), 1, call("x")));
  REQUIRE(r.s.stage(r.at("plan"), 1, call("y")));
  r.end("plan");
  CHECK(r.start() == ids{"plan/x"});
}

TEST_CASE("keep_results::failed: what a staged child needs is not forgotten before the child is there") {
  auto o = slots(10);
  o.keep = keep_results::failed;
  o.stay_open = true;
  const bool succeeds = GENERATE(true, false);
  hand_run r(o, {call("need"), call("left", {"need"}), call("plan")});
  CHECK(r.start() == ids{"need", "plan"});
  REQUIRE(r.s.stage(r.at("plan"), 1, call("child", {"need", "left/*"})));
  r.end("need", 1);
  r.start();
  r.end("left");
  CHECK(r.s.find("need") != no_task);
  if (succeeds) {
    r.end("plan");
    CHECK(r.start() == ids{"plan/child"});
    r.end("plan/child");
    CHECK(r.s.find("plan") == no_task);
  } else {
    r.fail_task("plan");
  }
  CHECK(r.s.find("need") == no_task);
  CHECK(r.s.find("left") == no_task);
}

TEST_CASE("keep_results::failed: a task whose children ended in the moment they were committed is forgotten") {
  auto o = slots(10);
  o.keep = keep_results::failed;
  o.stay_open = true;
  auto router = ruled(call("router"), [](task_rules& t) { t.branch = branch_rule{"", {{"a", {"yes"}}}, {"no"}}; });
  auto keeper = ruled(call("keeper", {"no", "yes"}), [](task_rules& t) { t.join = join_policy::all_done; });
  hand_run r(o, {router, call("yes", {"router"}), call("no", {"router"}), keeper, call("plan")});
  r.start();
  r.end("router", "a");
  r.start();
  REQUIRE(r.s.stage(r.at("plan"), 1, call("child", {"no"})));
  r.end("plan");
  CHECK(r.s.find("plan/child") == no_task);  // no was not taken
  CHECK(r.s.find("plan") == no_task);
}
