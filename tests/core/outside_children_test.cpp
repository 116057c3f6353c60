// Children that somebody else than their parent's attempt has spawned: the attempt answers for none of it.
#include <catch2/generators/catch_generators.hpp>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call retried_parent() {
  auto t = call("p");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  return t;
}

}  // namespace

TEST_CASE("an id of a completed child is taken for a child from outside, and its parent's own call finds it") {
  hand_run r({}, {call("p")});
  r.start();
  const auto x = r.s.spawn(r.at("p"), call("x"), r.now);
  REQUIRE(x);
  r.start();
  CHECK(r.s.spawn(r.at("p"), call("x"), r.now).error().is(errc::duplicate_task));
  r.end("p/x");
  const auto again = r.s.spawn(r.at("p"), call("x"), r.now);
  REQUIRE(again.has_error());
  CHECK(again.error().is(errc::duplicate_task));
  CHECK(again.error().message == "task 'p/x': the run already has a task of this id");
  const auto own = r.s.spawn(r.at("p"), call("x"), r.now, true);
  REQUIRE(own);
  CHECK(*own == *x);
}

TEST_CASE("[L12] a cap that refuses a child from outside leaves the parent alone, one that refuses its own does not") {
  for (const bool own : {false, true}) {
    run_options o;
    o.limits.max_children_per_task = 1;
    hand_run r(o, {call("p")});
    r.start();
    REQUIRE(r.s.spawn(r.at("p"), call("x"), r.now));
    CHECK(r.s.spawn(r.at("p"), call("y"), r.now, own).error().is(errc::limit_exceeded));
    r.start();
    r.end("p/x");
    r.end("p");
    CHECK(r.state("p") == (own ? task_state::limit_exceeded : task_state::completed));
  }
}

TEST_CASE("a child from outside outlives an attempt of its parent that fails or runs out of its time, and ends with the parent") {
  for (const bool out_of_time : {false, true}) {
    CAPTURE(out_of_time);
    auto t = retried_parent();
    t.limits.start_to_close = 5s;
    hand_run r({}, {t});
    r.start();
    REQUIRE(r.s.spawn(r.at("p"), call("outside"), r.now));
    REQUIRE(r.s.spawn(r.at("p"), call("own"), r.now, true));
    CHECK(r.start() == ids{"p/outside", "p/own"});
    if (out_of_time) r.pass(5s);
    if (out_of_time) CHECK(r.stopped() == ids{"p", "p/own"});
    r.fail_task("p");
    if (!out_of_time) CHECK(r.stopped() == ids{"p/own"});
    r.end("p/own");
    CHECK(r.state("p/own") == task_state::cancelled);
    CHECK(r.state("p/outside") == task_state::running);
    r.pass(1s);
    CHECK(r.start() == ids{"p"});
    r.fail_task("p");
    CHECK(r.state("p") == task_state::failed);
    CHECK(r.stopped() == ids{"p/outside"});
    r.end("p/outside");
    CHECK(r.result("p/outside").cancelled == cancel_reason::parent_cancelled);
    CHECK(r.s.finished());
  }
}

TEST_CASE("a child from outside goes on in the next iteration of its parent") {
  hand_run r({}, {ruled(call("p"), [](task_rules& t) { t.repeat = loop_rule{"", true, 3}; })});
  r.start();
  REQUIRE(r.s.spawn(r.at("p"), call("x"), r.now));
  r.start();
  r.end("p", false);
  CHECK(r.stopped().empty());
  r.end("p/x");
  CHECK(r.state("p/x") == task_state::completed);
}

TEST_CASE("children from outside are numbered by themselves, and leave the ordinals of an attempt alone") {
  hand_run r({}, {call("q"), call("p", {"q"})});
  r.start();
  const auto outside = r.s.spawn(r.at("p"), call(""), r.now);
  REQUIRE(outside);
  CHECK(r.s.call(*outside).id == "p/outside-1");
  CHECK(r.start() == ids{"p/outside-1"});
  r.end("p/outside-1", "of the other");
  r.end("q");
  CHECK(r.start() == ids{"p"});
  REQUIRE(r.s.spawn(r.at("p"), call(""), r.now));
  REQUIRE(r.s.spawn(r.at("p"), call("named"), r.now));
  const auto own = r.s.spawn(r.at("p"), call(""), r.now, true);
  REQUIRE(own);
  CHECK(r.s.call(*own).id == "p/1");
  CHECK(r.s.stage(r.at("p"), 1, call("")).value() == "p/2");
  CHECK(r.start() == ids{"p/outside-2", "p/named", "p/1"});
}

TEST_CASE("an attempt that calls a child without an id never gets one from outside, whatever that is called") {
  const bool completed = GENERATE(true, false);
  hand_run r({}, {retried_parent()});
  r.start();
  REQUIRE(r.s.spawn(r.at("p"), call("1"), r.now));
  r.start();
  if (completed) r.end("p/1", "of the other");
  r.fail_task("p");
  r.pass(1s);
  CHECK(r.start() == ids{"p"});
  const auto own = r.s.spawn(r.at("p"), call(""), r.now, true);
  REQUIRE(own);
  CHECK(r.s.call(*own).id == "p/2");
}

TEST_CASE("a number that a child from outside was given before is not given again") {
  run_options o;
  o.keep = keep_results::failed;
  hand_run r(o, {call("p")});
  r.start();
  REQUIRE(r.s.spawn(r.at("p"), call("outside-2"), r.now));
  REQUIRE(r.s.spawn(r.at("p"), call(""), r.now));
  CHECK(r.start() == ids{"p/outside-2", "p/outside-1"});
  r.end("p/outside-1");
  REQUIRE(r.s.find("p/outside-1") == no_task);
  REQUIRE(r.s.spawn(r.at("p"), call(""), r.now));
  CHECK(r.start() == ids{"p/outside-3"});
}
