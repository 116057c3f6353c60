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

task_call keyed(task_call c, std::string key) {
  return ruled(std::move(c), [&](task_rules& t) { t.fairness_key = std::move(key); });
}

// Two slots, one of them kept for `heavy` (priority 50) from the 61st second on, because `long` has the other.
hand_run kept_slot(run_options o = {}, std::string key = {}) {
  o.limits.max_concurrent_tasks = 2;
  hand_run r(std::move(o), {call("long", {}, 60), call("gate", {}, 60), keyed(heavy_task("heavy", 2, 50), std::move(key))});
  CHECK(r.start() == ids{"long", "gate"});
  r.pass(61s);
  r.end("gate");
  CHECK(r.start().empty());
  return r;
}

// Many light tasks of some keys, of uneven durations, and a heavy one of a key of its own.
struct crowd {
  std::uint32_t slots = 2, weight = 2;
  int keys = 2, tasks = 300, priority = 10;
  std::map<std::string, double> fairness;
};

double start_of_heavy_among(const crowd& c) {
  auto o = slots(c.slots);
  o.fairness = c.fairness;
  std::vector<task_call> calls;
  std::map<std::string, duration> takes;
  for (int k = 0; k < c.keys; ++k) {
    for (int i = 0; i < c.tasks; ++i) {
      const auto id = "k" + std::to_string(k) + "_" + std::to_string(i);
      takes[id] = 1s + (i * 37 % 11) * 20ms + k * 7ms;
      calls.push_back(keyed(call(id), "K" + std::to_string(k)));
    }
  }
  calls.push_back(keyed(heavy_task("heavy", c.weight, c.priority), "H"));
  hand_run r(o, std::move(calls));
  return r.play(takes).at("heavy");
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

TEST_CASE("an overdue task of several slots gets them although other keys always have work") {
  CHECK(start_of_heavy_among({.keys = 1}) < 70);
  CHECK(start_of_heavy_among({.keys = 2}) < 70);
  CHECK(start_of_heavy_among({.keys = 3}) < 70);
  CHECK(start_of_heavy_among({.slots = 4, .weight = 3}) < 70);
  CHECK(start_of_heavy_among({.slots = 4, .weight = 4, .keys = 3}) < 70);
  CHECK(start_of_heavy_among({.slots = 4, .weight = 4, .keys = 3, .priority = 1000}) < 70);
  CHECK(start_of_heavy_among({.slots = 4, .weight = 4, .keys = 3, .fairness = {{"H", 10.0}}}) < 70);
  CHECK(start_of_heavy_among({.keys = 2, .tasks = 2000}) < 70);
}

TEST_CASE("priority in another key keeps a task of several slots waiting for longer, and not for ever") {
  CHECK(start_of_heavy_among({.priority = 0}) < 110);
  CHECK(start_of_heavy_among({.tasks = 600, .priority = -200}) < 320);
}

TEST_CASE("an overdue task of several slots gets them under orders that put others first") {
  for (const auto order : {start_order::critical_path, start_order::depth_first, start_order::custom}) {
    auto o = slots(3);
    o.order = order;
    o.score = [](const task_call& c) { return c.id == "heavy" ? 0.0 : 1.0; };
    std::vector<task_call> calls{heavy_task("heavy", 3)};
    std::map<std::string, duration> takes;
    for (const std::string chain : {"a", "b"}) {
      for (int i = 0; i < 200; ++i) {
        const auto id = chain + std::to_string(i);
        takes[id] = chain == "a" ? 1000ms : 1300ms;
        calls.push_back(call(id, i == 0 ? ids{} : ids{chain + std::to_string(i - 1)}));
      }
    }
    calls.push_back(call("first", {}, 100));
    hand_run r(o, std::move(calls));
    CHECK(r.play(takes).at("heavy") < 70);
  }
}

TEST_CASE("overdue tasks of several slots leave other keys their share") {
  std::vector<task_call> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(keyed(heavy_task("h" + std::to_string(i), 3), i % 2 == 0 ? "H" : "J"));
  for (int i = 0; i < 600; ++i) calls.push_back(keyed(call("k" + std::to_string(i)), "K"));
  hand_run r(slots(4), std::move(calls));
  std::map<std::string, duration> takes;
  for (int i = 0; i < 600; i += 3) takes["k" + std::to_string(i)] = 1500ms;
  std::map<char, int> begun;  // by kind, over two minutes
  std::map<char, int> of_key;
  for (const auto& [id, at] : r.play(takes)) {
    if (at < 100 || at >= 220) continue;
    ++begun[id[0]];
    if (id[0] == 'h') ++of_key[std::stoi(id.substr(1)) % 2 == 0 ? 'H' : 'J'];
  }
  CHECK(begun['k'] > 90);
  CHECK(of_key['H'] > 20);
  CHECK(of_key['J'] > 20);
}

TEST_CASE("of tasks of several slots a later more urgent one does not keep back an older one for ever") {
  hand_run r(slots(2), {call("small", {}, 20), heavy_task("old", 2, 10)});
  CHECK(r.start() == ids{"small"});
  r.pass(70s);
  REQUIRE(r.s.submit({heavy_task("new", 2, 60)}, r.now));
  CHECK(r.start().empty());
  r.end("small");
  CHECK(r.start() == ids{"old"});
}

TEST_CASE("while slots are kept, one that must wait does not hide a more urgent one") {
  SECTION("of another key") {
    auto r = kept_slot({}, "H");
    REQUIRE(r.s.submit({keyed(call("dull"), "A"), keyed(call("urgent", {}, 500), "B")}, r.now));
    CHECK(r.start() == ids{"urgent"});
  }
  SECTION("by an order that does not look at priorities") {
    run_options o;
    o.order = start_order::fifo;
    auto r = kept_slot(o);
    REQUIRE(r.s.submit({call("dull"), call("urgent", {}, 500)}, r.now));
    CHECK(r.start() == ids{"urgent"});
  }
  SECTION("that becomes so later, by who depends on it") {
    auto r = kept_slot();
    REQUIRE(r.s.submit({call("dull"), call("other")}, r.now));
    CHECK(r.start().empty());
    REQUIRE(r.s.submit({call("urgent", {"other"}, 500)}, r.now));
    CHECK(r.start() == ids{"other"});
  }
  SECTION("that comes later") {
    auto r = kept_slot();
    REQUIRE(r.s.submit({call("dull")}, r.now));
    CHECK(r.start().empty());
    REQUIRE(r.s.submit({call("urgent", {}, 500), call("next")}, r.now));
    CHECK(r.start() == ids{"urgent"});
    r.end("urgent");
    CHECK(r.start().empty());
    r.end("long");
    CHECK(r.start() == ids{"heavy"});
  }
  SECTION("that becomes so later, because a running task waits for it") {
    auto r = kept_slot();
    REQUIRE(r.s.submit({call("dull"), call("other")}, r.now));
    CHECK(r.start().empty());
    REQUIRE(r.s.spawn(r.at("long"), call("child", {"other"}), r.now, true));
    CHECK(r.start() == ids{"other"});
  }
  SECTION("that waits in the same line for a lock") {
    const auto with_db = [](std::string id, int priority) {
      auto c = call(std::move(id), {}, priority);
      c.resources = {{"db"}};
      return c;
    };
    hand_run r(slots(3), {with_db("holder", 70), call("long", {}, 60), heavy_task("heavy", 3, 10)});
    CHECK(r.start() == ids{"holder", "long"});
    r.pass(15s);
    REQUIRE(r.s.submit({with_db("old", 30)}, r.now));
    CHECK(r.start().empty());
    r.pass(35s);
    REQUIRE(r.s.submit({with_db("new", 40)}, r.now));  // first in line, but its age counts less
    CHECK(r.start().empty());
    r.pass(20s);
    r.end("holder");
    CHECK(r.start() == ids{"old"});
  }
}

TEST_CASE("while slots are kept, one that must wait does not hide an attempt that goes on") {
  hand_run r(slots(2), {call("w"), call("long", {}, 60)});
  CHECK(r.start() == ids{"long", "w"});
  r.s.attempt_waits(r.at("w"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.submit({call("gate", {}, 60), heavy_task("heavy", 2, 50)}, r.now));
  CHECK(r.start() == ids{"gate"});
  r.pass(61s);
  REQUIRE(r.s.submit({call("dull", {}, 101)}, r.now));
  r.s.attempt_leaves_wait(r.at("w"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("w"), 1, r.now));
  CHECK(r.why("w")[0] == "'w' has what it waited for and needs a slot again: all 2 are taken");
  r.end("gate");
  CHECK(r.why("w")[0] == "'w' has what it waited for and is about to go on");
  CHECK(r.start().empty());
  CHECK(r.resumed == ids{"w"});
  CHECK(r.why("dull")[0] == "'dull' waits for a slot: 2 of 2 taken by 'long', 'w'");
}

TEST_CASE("an attempt of several slots that goes on says how many are free") {
  hand_run r(slots(2), {heavy_task("w", 2, 90)});
  CHECK(r.start() == ids{"w"});
  r.s.attempt_waits(r.at("w"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.submit({call("long")}, r.now));
  CHECK(r.start() == ids{"long"});
  r.s.attempt_leaves_wait(r.at("w"), 1, wait_reason::rate, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("w"), 1, r.now));
  CHECK(r.start().empty());
  CHECK(r.why("w")[0] == "'w' has what it waited for and needs 2 slots again: 1 of 2 are free");
}

TEST_CASE("who waits because slots are kept starts when they are not any more") {
  auto r = kept_slot();
  REQUIRE(r.s.submit({call("dull"), call("other"), call("gone")}, r.now));
  CHECK(r.start().empty());
  CHECK(r.why("other")[0] == "'other' waits: free slots are kept for 'heavy', which has waited long for 2");
  CHECK(r.s.cancel_task(r.at("gone"), cancel_reason::user, "", r.now) == 1);
  SECTION("because that task is cancelled") {
    CHECK(r.s.cancel_task(r.at("heavy"), cancel_reason::user, "", r.now) == 1);
    CHECK(r.start() == ids{"dull"});
  }
  SECTION("because its agent is paused") {
    REQUIRE(r.s.submit({of_agent("elsewhere", "b")}, r.now));
    r.s.pause("a", r.now);
    CHECK(r.start() == ids{"elsewhere"});
    r.s.resume("a", r.now);
    r.end("elsewhere");
    CHECK(r.start().empty());
  }
  SECTION("because it has started") {
    r.end("long");
    CHECK(r.start() == ids{"heavy"});
    r.end("heavy");
    CHECK(r.start() == ids{"dull", "other"});
  }
}

TEST_CASE("a task of higher priority ages past one that slots are kept for, at its time") {
  auto r = kept_slot();
  REQUIRE(r.s.submit({call("dull"), call("important", {}, 60)}, r.now));
  CHECK(r.start().empty());
  r.pass(80s);  // since the 61st second: 60 + 80 to 50 + 90
  CHECK(r.start().empty());
  CHECK(r.s.next_deadline() == r.now + 1s);
  r.pass(1s);
  CHECK(r.start() == ids{"important"});
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
