// Scheduling modes: automatic, sequential, levels, parallel.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

run_options in_mode(scheduling_mode m, std::uint32_t n = 10) {
  auto o = slots(n);
  o.mode = m;
  return o;
}

/// Two chains of unequal pace.
std::vector<task_call> chains() { return {call("a1"), call("b1"), call("a2", {"a1"}), call("b2", {"b1"})}; }
const std::map<std::string, duration> paces{{"a1", 1s}, {"b1", 10s}, {"a2", 10s}, {"b2", 1s}};

}  // namespace

TEST_CASE("[X8][D14] levels are a mode with barriers, the engine itself has none") {
  hand_run levels(in_mode(scheduling_mode::levels), chains());
  auto begun = levels.play(paces);
  CHECK(begun["a2"] == 10);
  CHECK(levels.seconds() == 20);
  hand_run reactive(in_mode(scheduling_mode::automatic), chains());
  begun = reactive.play(paces);
  CHECK(begun["a2"] == 1);
  CHECK(reactive.seconds() == 11);
}

TEST_CASE("a task of a later level says that it waits for its level") {
  hand_run r(in_mode(scheduling_mode::levels), chains());
  r.start();
  r.end("a1");
  CHECK(r.start().empty());
  CHECK(r.waits("a2") == wait_reason::deps);
  CHECK(r.why("a2") == ids{"'a2' waits for level 0 to end (mode levels)"});
  r.fail_task("b1");
  CHECK(r.start() == ids{"a2"});
}

TEST_CASE("a child belongs to its parent's level, so that its parent can wait for it") {
  hand_run r(in_mode(scheduling_mode::levels), {call("a"), call("b", {"a"})});
  r.start();
  REQUIRE(r.s.spawn(r.at("a"), call("child"), r.now, true));
  CHECK(r.start() == ids{"a/child"});
  r.end("a");
  CHECK(r.start().empty());
  r.end("a/child");
  CHECK(r.start() == ids{"b"});
}

TEST_CASE("[X7][A29] the mode parallel is refused unless it is confirmed") {
  hand_run r(in_mode(scheduling_mode::parallel));
  const auto no = r.s.validate(chains());
  REQUIRE(no.has_error());
  CHECK(no.error().message ==
        "mode parallel ignores dependencies, which gives wrong results unless they are not real: confirm it with "
        "unsafe_ignore_dependencies, or use mode auto");
}

TEST_CASE("[X7] once confirmed, it starts everything, warns, and marks the run") {
  auto o = in_mode(scheduling_mode::parallel);
  o.unsafe_ignore_dependencies = true;
  hand_run r(o, chains());
  CHECK(r.start() == ids{"a1", "b1", "a2", "b2"});
  CHECK(r.of(event_type::run_started).at(0).data["unsafe"] == true);
  CHECK(r.count(event_type::warning) == 1);
}

TEST_CASE("even the mode parallel refuses a plan that is no graph") {
  auto o = in_mode(scheduling_mode::parallel);
  o.unsafe_ignore_dependencies = true;
  hand_run r(o);
  CHECK(r.s.validate({call("a", {"ghost"})}).error().is(errc::unknown_task));
}

TEST_CASE("the same plan ends the same one at a time, only later") {
  hand_run one(in_mode(scheduling_mode::sequential), chains());
  hand_run many(in_mode(scheduling_mode::automatic), chains());
  one.play(paces);
  many.play(paces);
  CHECK(one.seconds() == 22);
  CHECK(many.seconds() == 11);
  for (const auto* id : {"a1", "b1", "a2", "b2"}) CHECK(one.result(id).state == many.result(id).state);
}

TEST_CASE("[L1] each branch goes on at its own pace, to its end, while others are at their first task") {
  std::vector<task_call> calls;
  std::map<std::string, duration> takes;
  for (const std::string branch : {"slow", "middling", "fast"}) {
    for (int i = 0; i < 3; ++i) {
      const auto id = branch + std::to_string(i);
      calls.push_back(call(id, i == 0 ? ids{} : ids{branch + std::to_string(i - 1)}));
      takes[id] = branch == "slow" ? 100s : branch == "middling" ? 10s : 1s;
    }
  }
  hand_run r({}, calls);
  const auto begun = r.play(takes);
  for (int i = 0; i < 3; ++i) {
    CHECK(begun.at("fast" + std::to_string(i)) == i * 1);
    CHECK(begun.at("middling" + std::to_string(i)) == i * 10);
    CHECK(begun.at("slow" + std::to_string(i)) == i * 100);
  }
}

TEST_CASE("[A27][A7] automatic is the default: what is independent runs together, what depends waits") {
  CHECK(run_options().mode == scheduling_mode::automatic);
  hand_run r({}, chains());
  CHECK(r.start() == ids{"a1", "b1"});
}

TEST_CASE("[L5] mode levels: a child may wait for all that is under a task of a later level") {
  hand_run r(in_mode(scheduling_mode::levels), {call("p"), call("z"), call("d", {"z"})});
  CHECK(r.start() == ids{"z", "p"});
  REQUIRE(r.s.spawn(r.at("d"), call("x"), r.now));
  REQUIRE(r.s.spawn(r.at("p"), call("c", {"d/*"}), r.now, true));
  r.s.attempt_waits(r.at("p"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"d/x"});
  REQUIRE(r.s.spawn(r.at("d/x"), call("y"), r.now));
  r.end("z");
  CHECK(r.start() == ids{"d", "d/x/y"});
  r.end("d");
  r.end("d/x");
  r.end("d/x/y");
  CHECK(r.start() == ids{"p/c"});
}
