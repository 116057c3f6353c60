// Groups: tasks that stand or fall together, by a failure threshold and a time limit.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call group_member(std::string id, std::vector<std::string> needs = {}) {
  return ruled(call(std::move(id), std::move(needs)), [](task_rules& r) { r.group = "g"; });
}

run_options in_group(group_options g) {
  run_options o;
  o.groups["g"] = g;
  return o;
}

std::vector<task_call> members(int n) {
  std::vector<task_call> all;
  for (int i = 0; i < n; ++i) all.push_back(group_member("m" + std::to_string(i)));
  return all;
}

}  // namespace

TEST_CASE("[L24] a group bears as many failures as max_failed says, one more cancels the rest") {
  auto calls = members(5);
  calls.push_back(call("other"));
  hand_run r(in_group({.max_failed = 2}), calls);
  CHECK(r.start().size() == 6);
  r.fail_task("m0");
  r.fail_task("m1");
  CHECK(r.stopped().empty());
  r.fail_task("m2");
  CHECK(r.stopped() == ids{"m3", "m4"});
  r.end("m3");
  r.end("m4");
  CHECK(r.result("m3").cancelled == cancel_reason::sibling_failed);
  CHECK(r.result("m3").reason == "sibling_failed: group 'g': more than 2 tasks failed");
  CHECK(r.state("other") == task_state::running);
}

TEST_CASE("[L24] the threshold may be a part of the group") {
  hand_run r(in_group({.max_failed_percent = 25}), members(8));
  r.start();
  r.fail_task("m0");
  r.fail_task("m1");
  CHECK(r.stopped().empty());
  r.fail_task("m2");
  CHECK(r.stopped().size() == 5);
  r.end("m3");
  CHECK(r.result("m3").reason == "sibling_failed: group 'g': more than 25 % of 8 tasks failed");
}

TEST_CASE("a threshold of 0 % is fail-fast, one of 100 % never strikes") {
  hand_run strict(in_group({.max_failed_percent = 0}), members(3));
  strict.start();
  strict.fail_task("m0");
  CHECK(strict.stopped() == ids{"m1", "m2"});
  hand_run patient(in_group({.max_failed_percent = 100}), members(2));
  patient.start();
  patient.fail_task("m0");
  patient.fail_task("m1");
  CHECK(patient.stopped().empty());
}

TEST_CASE("[B6] fail_fast of a group cancels its members, those that wait too, and nobody else") {
  hand_run r(in_group({.fail_fast = true}), {group_member("m0"), group_member("m1"), group_member("m2", {"m1"}),
                                             call("other"), call("after", {"m2"})});
  CHECK(r.start() == ids{"m1", "m0", "other"});  // the longest path first
  r.fail_task("m0");
  CHECK(r.stopped() == ids{"m1"});
  CHECK(r.result("m2").reason == "sibling_failed: fail_fast of group 'g': 'm0' ended FAILED");
  CHECK(r.result("after").skipped == skip_cause::upstream_failed);
  r.end("m1");
  r.end("other");
  CHECK(r.state("other") == task_state::completed);
}

TEST_CASE("[B42][L11] without fail_fast the other members go on, and their results are kept") {
  hand_run r(in_group({}), members(3));
  r.start();
  r.fail_task("m0");
  r.end("m1", 1);
  r.end("m2", 2);
  CHECK(r.state("m2") == task_state::completed);
  CHECK(r.result("m1").output.value == 1);
  CHECK(r.result("m2").output.value == 2);
  CHECK(r.s.state() == run_state::failed);
}

TEST_CASE("[B5] a group's time limit ends what is not done, by its name") {
  hand_run r(in_group({.timeout = 300s}),
             {group_member("done"), group_member("slow"), group_member("waits", {"slow"}), call("other")});
  r.start();
  r.pass(100s);
  r.end("done");
  r.pass(200s);
  CHECK(r.stopped() == ids{"slow"});
  CHECK(r.state("waits") == task_state::timeout);
  CHECK(r.result("waits").reason == "timeout of group 'g' (5 m 00 s) passed");
  r.end("slow");
  CHECK(r.state("slow") == task_state::timeout);
  CHECK(r.state("other") == task_state::running);
}

TEST_CASE("a group's time limit is not retried") {
  auto slow = group_member("slow");
  slow.retry = retry_policy{.max_retries = 3, .first_delay = 1s, .jitter = false};
  hand_run r(in_group({.timeout = 10s}), {slow});
  r.start();
  r.pass(10s);
  r.end("slow");
  CHECK(r.state("slow") == task_state::timeout);
  CHECK(r.result("slow").attempts == 1);
}

TEST_CASE("a failure that a retry mends does not count") {
  auto flaky = group_member("m0");
  flaky.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  hand_run r(in_group({.fail_fast = true}), {flaky, group_member("m1")});
  r.start();
  r.fail_task("m0");
  CHECK(r.stopped().empty());
  r.pass(1s);
  CHECK(r.start() == ids{"m0"});
}

TEST_CASE("children belong to their parent's group unless they name another") {
  hand_run r(in_group({.fail_fast = true}), {group_member("parent"), group_member("m1")});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now, true));
  CHECK(r.start() == ids{"parent/child"});
  r.fail_task("m1");
  auto asked = r.stopped();
  std::sort(asked.begin(), asked.end());
  CHECK(asked == ids{"parent", "parent/child"});
}

TEST_CASE("max_failed of the run counts failures of all tasks") {
  run_options o;
  o.max_failed = 1;
  hand_run r(o, {call("a"), call("b"), call("c"), call("d", {"c"})});
  r.start();
  r.fail_task("a");
  CHECK(r.stopped().empty());
  r.fail_task("b");
  CHECK(r.stopped() == ids{"c"});
  CHECK(r.result("d").reason == "sibling_failed: max_failed: more than 1 tasks failed");
}

TEST_CASE("[L21] a task cannot belong to a group that the options do not have") {
  hand_run r;
  const auto refused = r.s.validate({group_member("m")});
  REQUIRE(refused.has_error());
  CHECK(refused.error().message == "task 'm': the run's options have no group 'g'");
}
