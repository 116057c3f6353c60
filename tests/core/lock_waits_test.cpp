// Who goes on when tasks that wait for locks are themselves in the way of others.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call lock_taker(std::string id, std::vector<std::string> locks, int priority = 10) {
  auto c = call(std::move(id), {}, priority);
  for (auto& l : locks) c.resources.push_back({std::move(l)});
  return c;
}

/// One slot of the agent for two of the run, and a task that keeps `db` over its back-off.
run_options one_slot_of_the_agent() {
  auto o = slots(2);
  o.limits.slots_by_agent["a"] = 1;
  return o;
}
task_call keeper(duration delay) {
  auto c = ruled(lock_taker("keeper", {"db"}), [](task_rules& r) { r.hold_across_waits = true; });
  c.retry = retry_policy{.max_retries = 1, .first_delay = delay, .max_delay = delay, .jitter = false};
  return c;
}

}  // namespace

TEST_CASE(
    "[L5] a task that kept its locks over a back-off gets its agent's slot, though one that starves reserves it") {
  hand_run r(one_slot_of_the_agent(), {keeper(70s), lock_taker("starves", {"db"})});
  CHECK(r.start() == ids{"keeper"});
  r.fail_task("keeper");
  CHECK(r.start().empty());
  r.pass(69s);  // `starves` reserves all that it needs: the lock and the agent's slot
  CHECK(r.start().empty());
  r.pass(1s);
  CHECK(r.start() == ids{"keeper"});
  r.end("keeper");
  CHECK(r.start() == ids{"starves"});
}

TEST_CASE(
    "[L5] a task that kept its locks and waits for its agent's slot is not kept out by one that begins to starve") {
  auto o = one_slot_of_the_agent();
  o.stay_open = true;
  const auto stranger = [](std::string id) {
    auto c = call(std::move(id), {}, 1);
    c.agent = "b";
    return c;
  };
  hand_run r(o, {keeper(1s), lock_taker("starves", {"db"}), call("other", {}, 5)});
  CHECK(r.start() == ids{"keeper"});
  r.fail_task("keeper");
  CHECK(r.start() == ids{"other"});
  r.pass(1s);
  CHECK(r.start().empty());
  REQUIRE(r.s.submit({stranger("one"), stranger("two")}, r.now));
  CHECK(r.start() == ids{"one"});
  r.pass(60s);
  r.end("other");
  CHECK(r.start() == ids{"keeper"});
  r.end("keeper");
  CHECK(r.start() == ids{"starves"});
}

TEST_CASE("a task that kept its locks goes before a more urgent one in the line for its agent's slot") {
  auto o = one_slot_of_the_agent();
  o.stay_open = true;
  hand_run r(o, {keeper(1s), call("other", {}, 5)});
  CHECK(r.start() == ids{"keeper"});
  r.fail_task("keeper");
  CHECK(r.start() == ids{"other"});
  r.pass(1s);
  REQUIRE(r.s.submit({call("urgent", {}, 90)}, r.now));
  CHECK(r.start().empty());
  r.end("other");
  CHECK(r.start() == ids{"keeper"});
}

TEST_CASE("[L20] a woken task that is cancelled before it takes its lock passes its turn on") {
  hand_run r(slots(3), {lock_taker("holder", {"db"}), lock_taker("first", {"db"}), lock_taker("second", {"db"})});
  CHECK(r.start() == ids{"holder"});
  r.end("holder");
  REQUIRE(r.state("first") == task_state::ready);
  r.s.cancel_task(r.at("first"), cancel_reason::user, "", r.now);
  CHECK(r.start() == ids{"second"});
}

TEST_CASE("[L20] a woken task that has to wait again, twice in one moment, passes its first turn on") {
  auto o = slots(8);
  o.stay_open = true;
  hand_run r(o, {lock_taker("A", {"a"}, 20), lock_taker("starves", {"b", "d"}), lock_taker("C", {"c"}, 20),
                 lock_taker("D", {"d"}, 20), call("parent")});
  CHECK(r.start() == ids{"A", "C", "D", "parent"});
  r.pass(30s);
  REQUIRE(r.s.spawn(r.at("parent"), lock_taker("child", {"a", "b", "c"}), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start().empty());
  REQUIRE(r.s.submit({lock_taker("next", {"a"})}, r.now));
  CHECK(r.start().empty());
  r.pass(31s);  // `starves` reserves `b`
  CHECK(r.start().empty());
  // The child is woken by `a`, meets the reservation of `b`, which gives way to it, and then finds `c` held.
  r.end("A");
  CHECK(r.start() == ids{"next"});
  CHECK(r.why("parent/child").front() == "'parent/child' waits for 'c', held by 'C'");
}

TEST_CASE("a task inherits from those who were parked for its locks before it took them") {
  auto o = slots(2);
  o.stay_open = true;
  hand_run r(o, {lock_taker("holder", {"db"}), lock_taker("starves", {"db"})});
  CHECK(r.start() == ids{"holder"});
  r.pass(50s);
  REQUIRE(r.s.submit({lock_taker("urgent", {"db"}, 90)}, r.now));
  CHECK(r.start().empty());
  r.pass(10s);
  REQUIRE(r.s.submit({call("filler", {}, 95)}, r.now));
  CHECK(r.start() == ids{"filler"});
  r.end("holder");
  CHECK(r.start() == ids{"starves"});
  REQUIRE(r.s.submit({call("middle", {}, 50)}, r.now));
  REQUIRE(r.s.spawn(r.at("starves"), call("child"), r.now, true));
  r.s.attempt_waits(r.at("starves"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"starves/child"});
}

TEST_CASE("who waits for a lock that an abandoned body still has does not reserve what others could use meanwhile") {
  auto o = slots(3);
  o.limits.cancel_grace = 1s;
  o.stay_open = true;
  hand_run r(o, {lock_taker("stuck", {"db"}), lock_taker("waits", {"db", "x"})});
  CHECK(r.start() == ids{"stuck"});
  r.s.cancel_task(r.at("stuck"), cancel_reason::user, "", r.now);
  r.pass(70s);
  CHECK(r.start().empty());
  REQUIRE(r.s.submit({lock_taker("other", {"x"})}, r.now));
  CHECK(r.start() == ids{"other"});
  r.end("other");
  r.end("stuck");
  CHECK(r.start() == ids{"waits"});
}
