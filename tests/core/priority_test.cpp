// Which of the tasks that could start goes first.
#include "core/hand_run.hpp"

#include <set>

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call lasting(std::string id, duration d, std::vector<std::string> needs = {}, int priority = 10) {
  return ruled(call(std::move(id), std::move(needs), priority), [&](task_rules& r) { r.expected_duration = d; });
}

run_options ordered(start_order order, std::uint32_t n = 1) {
  auto o = slots(n);
  o.order = order;
  return o;
}

/// The order in which one slot takes them, each lasting a moment.
ids order_of(hand_run& r) {
  ids all;
  while (!r.s.finished()) {
    const auto some = r.start();
    REQUIRE_FALSE(some.empty());
    for (const auto& id : some) {
      all.push_back(id);
      r.end(id);
    }
  }
  return all;
}

task_call keyed(std::string id, std::string key) {
  return ruled(call(std::move(id)), [&](task_rules& r) { r.fairness_key = std::move(key); });
}

}  // namespace

TEST_CASE("[C6] higher priorities start first, equals in listing order") {
  hand_run r(slots(1), {call("optional", {}, 5), call("normal"), call("critical", {}, 100), call("normal too")});
  CHECK(order_of(r) == ids{"critical", "normal", "normal too", "optional"});
}

TEST_CASE("[C60] a call's priority may be changed until it is submitted") {
  auto t = call("t");
  t.priority = 100;
  hand_run r(slots(1), {call("other", {}, 50), t});
  CHECK(order_of(r) == ids{"t", "other"});
}

TEST_CASE("a task gains 1 a second while it waits, at most 90: critical stays critical") {
  auto o = slots(1);
  o.stay_open = true;
  hand_run r(o, {call("busy"), call("old")});
  CHECK(r.start() == ids{"busy"});
  r.pass(30s);
  REQUIRE(r.s.submit({call("young", {}, 35)}, r.now));
  r.end("busy");
  CHECK(r.start() == ids{"old"});
  r.end("old");
  REQUIRE(r.s.submit({call("ages", {}, 9)}, r.now));
  CHECK(r.start() == ids{"young"});
  r.pass(24h);
  REQUIRE(r.s.submit({call("critical", {}, 100)}, r.now));
  r.end("young");
  CHECK(r.start() == ids{"critical"});
}

TEST_CASE("among equals the one with the longest expected path to the end goes first") {
  hand_run r(slots(1), {lasting("short", 1s), lasting("long", 1s), lasting("after", 100s, {"long"})});
  CHECK(r.start() == ids{"long"});
}

TEST_CASE("[C52][E52] durations learnt before rank what starts") {
  duration_book book;
  for (const auto& [type, seconds] : {std::pair{"quick", 1.0}, {"slow", 60.0}}) {
    duration_book::entry e;
    e.samples = 10;
    e.mean_seconds = seconds;
    book.set(type, "a", e);
  }
  auto o = slots(1);
  o.durations = std::make_shared<const duration_book>(book);
  auto quick = call("quick one"), slow = call("slow one");
  quick.task_type = "quick";
  slow.task_type = "slow";
  hand_run r(o, {quick, slow});
  CHECK(order_of(r) == ids{"slow one", "quick one"});
}

TEST_CASE("what a run learns of durations is in its book") {
  hand_run r(slots(1), {call("t")});
  r.start();
  r.pass(4s);
  r.end("t");
  const auto book = r.s.durations();
  REQUIRE(book.find("", "a") != nullptr);
  CHECK(book.find("", "a")->mean_seconds == 4);
}

TEST_CASE("[C37] critical_path puts the expected path before the priority") {
  const std::vector<task_call> calls{lasting("urgent", 1s, {}, 100), lasting("long", 50s)};
  hand_run by_path(ordered(start_order::critical_path), calls);
  CHECK(order_of(by_path) == ids{"long", "urgent"});
  hand_run by_priority(ordered(start_order::priority), calls);
  CHECK(order_of(by_priority) == ids{"urgent", "long"});
}

TEST_CASE("[C34] depth_first finishes a branch before it opens the next, breadth_first opens all first") {
  const std::vector<task_call> calls{call("a"), call("b"), call("a1", {"a"}), call("b1", {"b"}), call("a2", {"a1"})};
  hand_run deep(ordered(start_order::depth_first), calls);
  CHECK(order_of(deep) == ids{"a", "a1", "a2", "b", "b1"});
  hand_run broad(ordered(start_order::breadth_first), calls);
  CHECK(order_of(broad) == ids{"a", "b", "a1", "b1", "a2"});
}

TEST_CASE("fifo goes by the moment of becoming ready, whatever the priority") {
  hand_run r(ordered(start_order::fifo), {call("first"), call("second", {}, 100)});
  CHECK(order_of(r) == ids{"first", "second"});
}

TEST_CASE("[E55] a score function decides, highest first") {
  auto o = ordered(start_order::custom);
  o.score = [](const task_call& c) { return static_cast<double>(c.id.size()); };
  hand_run r(o, {call("a"), call("ccc", {}, 0), call("bb", {}, 100)});
  CHECK(order_of(r) == ids{"ccc", "bb", "a"});
  hand_run without(ordered(start_order::custom));
  CHECK(without.s.validate({call("t")}).error().message == "order custom needs a score function");
}

TEST_CASE("what an urgent task needs becomes as urgent, through any number of tasks") {
  hand_run r(slots(1), {call("other", {}, 50), call("far"), call("near", {"far"}), call("urgent", {"near"}, 100)});
  CHECK(order_of(r) == ids{"far", "near", "urgent", "other"});
}

TEST_CASE("[X14] who holds a lock that an urgent task waits for is raised, with what it awaits") {
  auto o = slots(2);
  o.stay_open = true;
  auto holder = call("holder");
  holder.resources = {{"db"}};
  hand_run r(o, {holder});
  r.start();
  REQUIRE(r.s.spawn(r.at("holder"), call("child"), r.now, true));
  auto urgent = call("urgent", {}, 100);
  urgent.resources = {{"db"}};
  REQUIRE(r.s.submit({call("other", {}, 50), call("busy", {}, 200), urgent}, r.now));
  CHECK(r.start() == ids{"busy"});
  r.s.attempt_waits(r.at("holder"), 1, wait_reason::child, r.now);
  // `urgent` is tried, waits for the lock, and raises the child of its holder above `other`.
  CHECK(r.start() == ids{"holder/child"});
}

TEST_CASE("children are at least as urgent as their parent") {
  hand_run r(slots(2), {call("parent", {}, 80), call("other", {}, 50), call("third", {}, 50)});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("child", {}, 1), r.now));
  r.end("other");
  CHECK(r.start() == ids{"parent/child"});
}

TEST_CASE("fairness keys share the slots evenly, however many tasks each has") {
  std::vector<task_call> calls;
  for (int i = 0; i < 9; ++i) calls.push_back(keyed("many" + std::to_string(i), "many"));
  for (int i = 0; i < 3; ++i) calls.push_back(keyed("few" + std::to_string(i), "few"));
  hand_run r(slots(1), calls);
  const auto order = order_of(r);
  const ids first(order.begin(), order.begin() + 6);
  CHECK(std::count_if(first.begin(), first.end(), [](const auto& id) { return id.starts_with("few"); }) == 3);
}

TEST_CASE("weights of keys decide their shares") {
  auto o = slots(1);
  o.fairness = {{"gold", 3.0}, {"iron", 1.0}};
  std::vector<task_call> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(keyed("iron" + std::to_string(i), "iron"));
    calls.push_back(keyed("gold" + std::to_string(i), "gold"));
  }
  hand_run r(o, calls);
  const auto order = order_of(r);
  const ids first(order.begin(), order.begin() + 16);
  const auto gold = std::count_if(first.begin(), first.end(), [](const auto& id) { return id.starts_with("gold"); });
  CHECK(gold == 12);
}

TEST_CASE("priority counts within a key, not between keys") {
  auto urgent = keyed("a-urgent", "a");
  urgent.priority = 100;
  hand_run r(slots(1), {keyed("a-normal", "a"), urgent, keyed("b-normal", "b")});
  const auto order = order_of(r);
  CHECK(std::find(order.begin(), order.end(), "a-urgent") < std::find(order.begin(), order.end(), "a-normal"));
  CHECK(std::find(order.begin(), order.end(), "b-normal") - order.begin() <= 1);
}

TEST_CASE("a key's weight must be above zero") {
  run_options o;
  o.fairness["k"] = 0;
  hand_run r(o);
  CHECK(r.s.validate({call("t")}).error().message == "fairness key 'k': the weight must be above 0");
}
