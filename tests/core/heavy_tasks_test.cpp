// Tasks of several slots among others: priority, fairness, patience.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call heavy_task(std::string id, std::uint32_t weight, int priority = 10) {
  return ruled(call(std::move(id), {}, priority), [&](task_rules& t) { t.weight = weight; });
}

}  // namespace

TEST_CASE("a task of several slots that fits again still comes after those of higher priority") {
  hand_run r(slots(2), {call("first", {}, 50), heavy_task("big", 2, 20), call("later", {"first"}, 90)});
  CHECK(r.start() == ids{"first"});
  CHECK(r.start().empty());
  r.end("first");
  CHECK(r.start() == ids{"later"});
  r.end("later");
  CHECK(r.start() == ids{"big"});
}

TEST_CASE("slots are kept for one overdue task of several only, and not from what is more urgent or goes on") {
  hand_run r(slots(3),
             {call("long", {}, 60), heavy_task("big", 3, 50), call("small", {"gate"}, 10), call("gate", {}, 55)});
  CHECK(r.start() == ids{"long", "gate"});
  r.pass(61s);
  r.end("gate");
  CHECK(r.start().empty());  // small waits for big, which waits for long
  CHECK(r.why("small")[0] == "'small' waits: free slots are kept for 'big', which has waited long for 3");
  REQUIRE(r.s.submit({call("urgent", {}, 1000)}, r.now));
  CHECK(r.start() == ids{"urgent"});
  r.end("urgent");
  r.end("long");
  CHECK(r.start() == ids{"big"});
}

TEST_CASE("slots are not kept for a task whose agent is paused") {
  auto big = heavy_task("big", 2, 50);
  big.agent = "b";
  hand_run r(slots(2), {call("long", {}, 60), big, call("small", {"gate"}, 10), call("gate", {}, 55)});
  CHECK(r.start() == ids{"long", "gate"});
  r.s.pause("b", r.now);
  CHECK(r.waits("big") == wait_reason::paused);
  r.pass(61s);
  r.end("gate");
  CHECK(r.start() == ids{"small"});
}

TEST_CASE("mode sequential runs a task of several slots as one of one") {
  run_options o;
  o.mode = scheduling_mode::sequential;
  hand_run r(o, {heavy_task("big", 3), call("small")});
  CHECK(r.start() == ids{"big"});
  r.end("big");
  CHECK(r.start() == ids{"small"});
}

TEST_CASE("an attempt that goes on is started before its equals of a greater rank") {
  hand_run r(slots(1), {call("a")});
  r.start();
  r.s.attempt_waits(r.at("a"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.submit({call("busy")}, r.now));
  CHECK(r.start() == ids{"busy"});
  REQUIRE(r.s.submit({call("b"), call("c", {"b"})}, r.now));
  r.s.attempt_leaves_wait(r.at("a"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("a"), 1, r.now));
  r.end("busy");
  CHECK(r.start().empty());
  CHECK(r.resumed == ids{"a"});
}

TEST_CASE("aging counts from when an attempt began to wait, over pauses and raised priorities") {
  hand_run r(slots(1), {call("busy", {}, 100), call("old", {}, 10)});
  r.start();
  r.pass(30s);
  REQUIRE(r.s.submit({call("new", {}, 35), call("needs", {"old"}, 20)}, r.now));  // old: 20, and 30 for its age
  r.end("busy");
  CHECK(r.start() == ids{"old"});
}

TEST_CASE("waiters for a lock are served in order of parking, and a later reader does not overtake a writer") {
  const auto with = [](std::string id, lock_mode m, std::vector<std::string> needs = {}) {
    auto c = call(std::move(id), std::move(needs));
    c.resources = {{"db", m}};
    return c;
  };
  // The reader has the lowest number, and comes last.
  hand_run r({}, {with("reader", lock_mode::shared, {"gate"}), with("holder", lock_mode::shared),
                  with("writer", lock_mode::exclusive), call("gate")});
  CHECK(r.start() == ids{"gate", "holder"});
  r.end("gate");
  CHECK(r.start().empty());
  r.end("holder");
  CHECK(r.start() == ids{"writer"});
  r.end("writer");
  CHECK(r.start() == ids{"reader"});
}

TEST_CASE("raising a task that waits for a lock raises the lock's holder") {
  auto parent = call("parent", {}, 20), waiter = call("waiter", {}, 10);
  parent.resources = waiter.resources = {{"db"}};
  hand_run r(slots(1), {parent, waiter});
  CHECK(r.start() == ids{"parent"});
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::rate, r.now);
  CHECK(r.start().empty());
  REQUIRE(r.s.submit({call("busy", {}, 60)}, r.now));
  CHECK(r.start() == ids{"busy"});
  REQUIRE(r.s.submit({call("urgent", {"waiter"}, 90), call("rival", {}, 70)}, r.now));
  r.s.attempt_leaves_wait(r.at("parent"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("parent"), 1, r.now));
  r.end("busy");
  CHECK(r.start().empty());
  CHECK(r.resumed == ids{"parent"});
}

TEST_CASE("a completed task with an open subtree passes priority on to its children") {
  hand_run r(slots(1), {call("plan"), call("busy", {}, 100)});
  CHECK(r.start() == ids{"busy"});
  r.end("busy");
  r.start();
  REQUIRE(r.s.stage(r.at("plan"), 1, call("x")));
  REQUIRE(r.s.submit({call("first", {}, 90)}, r.now));
  r.end("plan");
  CHECK(r.start() == ids{"first"});
  REQUIRE(r.s.submit({call("rival", {}, 50), call("urgent", {"plan/*"}, 80)}, r.now));
  r.end("first");
  CHECK(r.start() == ids{"plan/x"});
}
