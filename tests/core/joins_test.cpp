// Join policies: when a task starts, by how those it depends on have ended.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using ids = hand_run::ids;

namespace {

task_call joined(join_policy policy, std::vector<std::string> needs, std::uint32_t quorum = 1) {
  return ruled(call("join", std::move(needs)), [&](task_rules& r) {
    r.join = policy;
    r.quorum = quorum;
  });
}

/// Three sources and one that joins them.
hand_run three(join_policy policy, std::uint32_t quorum = 1) {
  return hand_run({}, {call("a"), call("b"), call("c"), joined(policy, {"a", "b", "c"}, quorum)});
}

}  // namespace

TEST_CASE("[C20] all_success waits for all, and one failure skips it at once with the culprit's name") {
  auto r = three(join_policy::all_success);
  CHECK(r.start() == ids{"a", "b", "c"});
  CHECK(r.waits("join") == wait_reason::deps);
  r.end("a");
  r.fail_task("b");
  CHECK(r.state("join") == task_state::skipped);
  CHECK(r.result("join").skipped == skip_cause::upstream_failed);
  CHECK(r.result("join").reason == "upstream_failed: it needs 'b', which ended FAILED");
  r.end("c");
  CHECK(r.s.state() == run_state::failed);
}

TEST_CASE("all_success starts when the last of them has completed") {
  auto r = three(join_policy::all_success);
  r.start();
  r.end("c");
  r.end("a");
  CHECK(r.start().empty());
  r.end("b");
  CHECK(r.start() == ids{"join"});
}

TEST_CASE("all_done starts after every end, however it was") {
  auto r = three(join_policy::all_done);
  r.start();
  r.fail_task("a");
  r.s.cancel_task(r.at("b"), cancel_reason::user, "", r.now);
  r.end("b");
  CHECK(r.start().empty());
  r.end("c");
  CHECK(r.start() == ids{"join"});
  r.end("join");
  CHECK(r.state("join") == task_state::completed);
}

TEST_CASE("all_done counts those that were skipped") {
  hand_run r({}, {call("a"), call("b", {"a"}), joined(join_policy::all_done, {"b"})});
  r.start();
  r.fail_task("a");
  CHECK(r.state("b") == task_state::skipped);
  CHECK(r.start() == ids{"join"});
}

TEST_CASE("[L1] one_success starts with the first success and does not wait for the others") {
  auto r = three(join_policy::one_success);
  r.start();
  r.fail_task("a");
  CHECK(r.start().empty());
  r.end("b");
  CHECK(r.start() == ids{"join"});
  CHECK(r.state("c") == task_state::running);
  r.fail_task("c");
  CHECK(r.state("join") == task_state::running);
}

TEST_CASE("one_success is skipped when none succeeds") {
  auto r = three(join_policy::one_success);
  r.start();
  for (const auto* id : {"a", "b", "c"}) r.fail_task(id);
  CHECK(r.result("join").skipped == skip_cause::upstream_failed);
  CHECK(r.result("join").reason == "upstream_failed: it needs 'c', which ended FAILED");
}

TEST_CASE("a quorum starts with the k-th success") {
  auto r = three(join_policy::quorum, 2);
  r.start();
  r.end("a");
  CHECK(r.start().empty());
  r.fail_task("b");
  CHECK(r.start().empty());
  r.end("c");
  CHECK(r.start() == ids{"join"});
}

TEST_CASE("a quorum that can no longer be reached skips at once") {
  auto r = three(join_policy::quorum, 2);
  r.start();
  r.fail_task("a");
  CHECK(r.state("join") == task_state::waiting);
  r.fail_task("b");
  CHECK(r.state("join") == task_state::skipped);
  CHECK(r.state("c") == task_state::running);
}

TEST_CASE("[L6] a quorum above the number of dependencies is refused with the plan") {
  hand_run r;
  const auto refused = r.s.validate({call("a"), joined(join_policy::quorum, {"a"}, 2)});
  REQUIRE(refused.has_error());
  CHECK(refused.error().message == "task 'join': a quorum of 2 cannot be reached with 1 dependencies");
  CHECK(r.s.validate({call("a"), joined(join_policy::quorum, {"a"}, 0)}).has_error());
}

TEST_CASE("none_failed_min_one_success passes over branches not taken, and needs one success") {
  const auto plan = [](json route) {
    auto choose = ruled(call("choose"), [](task_rules& r) {
      r.branch = branch_rule{"", {{"left", {"left"}}, {"right", {"right"}}}, {}};
    });
    hand_run r({}, {choose, call("left", {"choose"}), call("right", {"choose"}),
                    joined(join_policy::none_failed_min_one_success, {"left", "right"})});
    r.start();
    r.end("choose", std::move(route));
    return r;
  };
  SECTION("one branch") {
    auto r = plan("left");
    CHECK(r.start() == ids{"left"});
    CHECK(r.state("right") == task_state::skipped);
    r.end("left");
    CHECK(r.start() == ids{"join"});
    r.end("join");
    CHECK(r.s.state() == run_state::completed);
  }
  SECTION("the branch fails") {
    auto r = plan("left");
    r.start();
    r.fail_task("left");
    CHECK(r.result("join").skipped == skip_cause::upstream_failed);
    CHECK(r.s.state() == run_state::failed);
  }
  SECTION("no branch") {
    auto r = plan("neither");
    CHECK(r.state("join") == task_state::skipped);
    CHECK(r.result("join").skipped == skip_cause::branch_not_taken);
    CHECK(r.s.state() == run_state::completed);
  }
}

TEST_CASE("a task submitted after what it needs has ended counts those ends") {
  auto o = slots(4);
  o.stay_open = true;
  hand_run r(o, {call("a"), call("b")});
  r.start();
  r.end("a");
  r.fail_task("b");
  REQUIRE(r.s.submit({joined(join_policy::one_success, {"a", "b"}), call("none", {"b"}), call("fine", {"a"})}, r.now));
  CHECK(r.start() == ids{"join", "fine"});
  CHECK(r.state("none") == task_state::skipped);
}

TEST_CASE("a skip passes its own cause on, through any number of tasks") {
  auto choose = ruled(call("choose"), [](task_rules& r) { r.branch = branch_rule{"", {{true, {"x"}}}, {}}; });
  hand_run r({}, {choose, call("x", {"choose"}), call("y", {"x"}), call("z", {"y"})});
  r.start();
  r.end("choose", false);
  CHECK(r.result("z").skipped == skip_cause::branch_not_taken);
  CHECK(r.s.state() == run_state::completed);
}
