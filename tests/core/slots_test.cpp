// Slots: of the run, of an agent, a task type or a key, with weights.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call heavy(std::string id, std::uint32_t weight, int priority = 10) {
  return ruled(call(std::move(id), {}, priority), [&](task_rules& r) { r.weight = weight; });
}

}  // namespace

TEST_CASE("[A6][C1][D27] no more run at once than there are slots, and each end lets one in") {
  for (const std::uint32_t n : {1u, 2u, 3u, 5u}) {
    std::vector<task_call> calls;
    for (int i = 0; i < 8; ++i) calls.push_back(call("t" + std::to_string(i)));
    hand_run r(slots(n), calls);
    CHECK(r.start().size() == n);
    CHECK(r.s.slots_in_use() == n);
    r.end("t0");
    CHECK(r.start().size() == 1);
    CHECK(r.s.slots_in_use() == n);
  }
}

TEST_CASE("[B2] five run at once where five are asked for") {
  std::vector<task_call> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(call("t" + std::to_string(i)));
  hand_run r(slots(5), calls);
  CHECK(r.start().size() == 5);
  CHECK(r.start().empty());
}

TEST_CASE("[E2][X5] ten run at once unless the plan says otherwise") {
  std::vector<task_call> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(call("t" + std::to_string(i)));
  hand_run r({}, calls);
  CHECK(r.start().size() == 10);
}

TEST_CASE("[A42] an agent, a task type and a key have slots of their own, next to the run's") {
  auto o = slots(10);
  o.limits.slots_by_agent["llm"] = 2;
  o.limits.slots_by_task_type["review"] = 1;
  o.limits.slots_by_key["tenant"] = 1;
  const auto typed = [](std::string id) {
    auto c = call(std::move(id));
    c.task_type = "review";
    return c;
  };
  const auto keyed = [](std::string id) {
    return ruled(call(std::move(id)), [](task_rules& r) { r.fairness_key = "tenant"; });
  };
  hand_run r(o, {of_agent("l1", "llm"), of_agent("l2", "llm"), of_agent("l3", "llm"), typed("r1"), typed("r2"),
                 keyed("k1"), keyed("k2"), call("free")});
  auto first = r.start();
  std::sort(first.begin(), first.end());
  CHECK(first == ids{"free", "k1", "l1", "l2", "r1"});
  for (const auto* id : {"l3", "r2", "k2"}) CHECK(r.state(id) == task_state::ready);  // only a slot is missing
  r.end("l2");
  CHECK(r.start() == ids{"l3"});
  r.end("r1");
  CHECK(r.start() == ids{"r2"});
  r.end("k1");
  CHECK(r.start() == ids{"k2"});
}

TEST_CASE("[L5] a waiting parent does not hold its agent's slot, which its child needs") {
  auto o = slots(10);
  o.limits.slots_by_agent["a"] = 1;
  hand_run r(o, {call("parent")});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now, true));
  CHECK(r.start().empty());
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"parent/child"});
  r.s.attempt_leaves_wait(r.at("parent"), 1, wait_reason::child, r.now);
  r.s.attempt_wants_slot(r.at("parent"), 1, r.now);
  r.start();
  CHECK(r.resumed.empty());
  r.end("parent/child");
  r.start();
  CHECK(r.resumed == ids{"parent"});
  CHECK(r.s.slots_in_use() == 1);
}

TEST_CASE("a heavy task takes several slots, and light ones go past it until it has waited for a minute") {
  hand_run r(slots(4), {call("a"), call("b"), heavy("heavy", 4, 50)});
  CHECK(r.start() == ids{"heavy"});
  CHECK(r.s.slots_in_use() == 4);
  r.end("heavy");
  CHECK(r.start() == ids{"a", "b"});
  REQUIRE(r.s.spawn(r.at("a"), heavy("big", 3), r.now));
  CHECK(r.start().empty());
  CHECK(r.state("a/big") == task_state::ready);
  CHECK(r.why("a/big") == ids{"'a/big' needs 3 slots at once, and 2 of 4 are free"});
  REQUIRE(r.s.spawn(r.at("b"), call("light"), r.now));
  CHECK(r.start() == ids{"b/light"});
  r.pass(60s);
  REQUIRE(r.s.spawn(r.at("b"), call("late"), r.now));
  r.end("b/light");
  CHECK(r.start().empty());  // kept for the heavy one
  r.end("a");
  CHECK(r.start() == ids{"a/big"});
}

TEST_CASE("[L6] a weight above the slots of the run or of its pool is refused with the plan") {
  auto o = slots(4);
  o.limits.slots_by_agent["a"] = 2;
  hand_run r(o);
  CHECK(r.s.validate({heavy("t", 2)}));
  CHECK(r.s.validate({heavy("t", 5)}).error().message == "task 't': needs 5 slots, and the run has 4");
  CHECK(r.s.validate({heavy("t", 3)}).error().message == "task 't': needs 3 slots, and 'a' has 2");
  CHECK(r.s.validate({heavy("t", 0)}).error().is(errc::invalid_argument));
}

TEST_CASE("weights count in an agent's slots too") {
  auto o = slots(10);
  o.limits.slots_by_agent["a"] = 3;
  hand_run r(o, {heavy("two", 2), call("one"), heavy("other", 2)});
  CHECK(r.start() == ids{"two", "one"});
  r.end("one");
  CHECK(r.start().empty());
  CHECK(r.why("other") ==
        ids{"'other' waits for a slot of 'agent a', taken by 'two'", "  'two' is running (attempt 1, for 0 ms)"});
  r.end("two");
  CHECK(r.start() == ids{"other"});
}

TEST_CASE("[E35] several instances of one agent run at the same time") {
  hand_run r(slots(8), {of_agent("x", "writer"), of_agent("y", "writer"), of_agent("z", "writer")});
  CHECK(r.start() == ids{"x", "y", "z"});
}

TEST_CASE("[E37] after every kind of end nothing is held") {
  auto o = slots(4);
  o.limits.slots_by_agent["a"] = 4;
  o.resources.push_back({"gpu", 4, {}});
  std::vector<task_call> calls;
  for (const auto* id : {"completes", "fails", "stops", "stuck"}) {
    auto t = call(id);
    t.resources = {{std::string("lock of ") + id}, {"gpu"}};
    calls.push_back(t);
  }
  hand_run r(o, calls);
  CHECK(r.start().size() == 4);
  r.end("completes");
  r.fail_task("fails");
  r.s.cancel_task(r.at("stops"), cancel_reason::user, "", r.now);
  r.end("stops");
  r.s.cancel_task(r.at("stuck"), cancel_reason::user, "", r.now);
  r.pass(5s);
  CHECK(r.s.finished());
  CHECK(r.s.slots_in_use() == 0);
  CHECK_FALSE(r.end_with("stuck", {}));  // ends at last: its locks come back, its result is refused
  for (const auto& l : r.s.locks()) {
    CHECK(l.holders.empty());
    CHECK(l.in_use == 0);
  }
}

TEST_CASE("a child without a key is measured by the slots of its parent's key") {
  auto o = slots(10);
  o.limits.slots_by_key = {{"", 1}, {"k", 5}};
  hand_run r(o, {ruled(call("p"), [](task_rules& t) { t.fairness_key = "k"; })});
  r.start();
  REQUIRE(r.s.spawn(r.at("p"), heavy("three", 3), r.now, true));
  CHECK(r.s.stage(r.at("p"), 1, heavy("five", 5)));
  CHECK(r.s.spawn(r.at("p"), heavy("six", 6), r.now, true).error().message == "task 'p/six': needs 6 slots, and 'k' has 5");
  CHECK(r.s.stage(r.at("p"), 1, heavy("six", 6)).error().message == "task 'p/six': needs 6 slots, and 'k' has 5");
  CHECK(r.start() == ids{"p/three"});
  r.end("p/three");
  r.end("p");
  CHECK(r.start() == ids{"p/five"});
}
