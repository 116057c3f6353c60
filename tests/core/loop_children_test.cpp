// Children of loops and of attempts that are tried again: whose is whose.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call loop(std::string id, json until = true) {
  return ruled(call(std::move(id)), [&](task_rules& t) { t.repeat = loop_rule{"", until, 5}; });
}

std::string called(hand_run& r, std::string_view parent, task_call child) {
  const auto t = r.s.spawn(r.at(parent), std::move(child), r.now, true);
  REQUIRE(t);
  return r.s.call(*t).id;
}

}  // namespace

TEST_CASE("a loop's children of a later iteration are others than those of the first") {
  hand_run r({}, {loop("loop")});
  r.start();
  CHECK(called(r, "loop", call("x")) == "loop/x");
  r.start();
  r.end("loop/x", 1);
  r.end("loop", false);
  CHECK(r.start() == ids{"loop"});
  CHECK(called(r, "loop", call("x")) == "loop/x@2");
  CHECK(called(r, "loop", call("")) == "loop/2@2");
  CHECK(r.state("loop/x@2") == task_state::ready);
}

TEST_CASE("children staged in an iteration are committed with it, and outlive those that follow") {
  hand_run r({}, {loop("loop")});
  r.start();
  REQUIRE(r.s.stage(r.at("loop"), 1, call("x")));
  r.end("loop", false);
  CHECK(r.start() == ids{"loop", "loop/x"});
  r.end("loop", false);
  CHECK(r.stopped().empty());
  r.start();
  r.end("loop", true);
  CHECK(r.state("loop/x") == task_state::running);
  r.end("loop/x");
  CHECK(r.s.finished());
  CHECK(r.s.state() == run_state::completed);
}

TEST_CASE("a loop's end is compared as a branch's case is") {
  hand_run r({}, {loop("loop", "yes")});
  r.start();
  r.end("loop", " yes\n");
  CHECK(r.state("loop") == task_state::completed);
}

TEST_CASE("a child of a later attempt has the stable id of the first's") {
  auto parent = call("parent");
  parent.retry = retry_policy{.max_retries = 2, .first_delay = 0s, .jitter = false};
  hand_run r({}, {parent});
  r.start();
  const auto first = called(r, "parent", call("x"));
  r.start();
  r.fail_task("parent/x");
  r.fail_task("parent");
  r.pass(0s);
  r.start();
  const auto second = called(r, "parent", call("x"));
  CHECK(second == "parent/x~2");
  CHECK(r.s.stable_id(r.at(first)) == "parent/x");
  CHECK(r.s.stable_id(r.at(second)) == "parent/x");
  r.start();
  CHECK(r.s.stable_id(r.at(called(r, second, call("y")))) == "parent/x/y");
}
