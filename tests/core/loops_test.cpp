// Bounded loops: a task runs again until its output says enough.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {
task_call looped(std::uint32_t most, std::string pointer = "/done") {
  return ruled(call("loop"), [&](task_rules& r) { r.repeat = loop_rule{std::move(pointer), true, most}; });
}
}  // namespace

TEST_CASE("a loop runs until the value says so, each iteration with the last output at hand") {
  hand_run r({}, {looped(5), call("after", {"loop"})});
  CHECK(r.start() == ids{"loop"});
  CHECK(r.s.iteration(r.at("loop")) == 1);
  CHECK(r.s.previous_output(r.at("loop")) == nullptr);
  r.end("loop", {{"done", false}, {"n", 1}});
  CHECK(r.state("loop") == task_state::ready);
  CHECK(r.state("after") == task_state::waiting);
  CHECK(r.start() == ids{"loop"});
  CHECK(r.s.iteration(r.at("loop")) == 2);
  REQUIRE(r.s.previous_output(r.at("loop")) != nullptr);
  CHECK((*r.s.previous_output(r.at("loop")))["n"] == 1);
  r.end("loop", {{"done", true}, {"n", 2}});
  CHECK(r.state("loop") == task_state::completed);
  CHECK(r.result("loop").output.value["n"] == 2);
  CHECK(r.result("loop").iterations == 2);
  CHECK(r.result("loop").attempts == 2);
  CHECK(r.start() == ids{"after"});
}

TEST_CASE("[L12] a loop that does not end within its bound is LIMIT_EXCEEDED, never a success") {
  hand_run r({}, {looped(3), call("after", {"loop"})});
  for (int i = 1; i <= 3; ++i) {
    CHECK(r.start() == ids{"loop"});
    r.end("loop", {{"done", "not yet"}});
  }
  CHECK(r.state("loop") == task_state::limit_exceeded);
  CHECK(r.result("loop").reason == "the loop did not end within 3 iterations: /done is \"not yet\", not true");
  CHECK(r.result("loop").error->is(errc::limit_exceeded));
  CHECK(r.state("after") == task_state::skipped);
  CHECK(r.s.state() == run_state::failed);
}

TEST_CASE("a value that is missing does not end a loop") {
  hand_run r({}, {looped(2)});
  r.start();
  r.end("loop", {{"other", true}});
  CHECK(r.state("loop") == task_state::ready);
  r.start();
  r.end("loop");
  CHECK(r.result("loop").reason == "the loop did not end within 2 iterations: /done is missing, not true");
}

TEST_CASE("a loop takes its turn anew: others go between its iterations") {
  hand_run r(slots(1), {looped(3), call("other")});
  CHECK(r.start() == ids{"loop"});
  r.pass(5s);
  r.end("loop", {{"done", false}});
  CHECK(r.start() == ids{"other"});
}

TEST_CASE("every iteration has its own retries") {
  auto t = looped(3);
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  hand_run r({}, {t});
  for (int i = 1; i <= 3; ++i) {
    CHECK(r.start() == ids{"loop"});
    r.fail_task("loop");
    CHECK(r.waits("loop") == wait_reason::backoff);
    r.pass(1s);
    CHECK(r.start() == ids{"loop"});
    CHECK(r.s.iteration(r.at("loop")) == static_cast<std::uint32_t>(i));
    r.end("loop", {{"done", i == 3}});
  }
  CHECK(r.state("loop") == task_state::completed);
  CHECK(r.result("loop").attempts == 6);
}

TEST_CASE("a cancelled loop does not run again") {
  hand_run r({}, {looped(3)});
  r.start();
  r.s.cancel_task(r.at("loop"), cancel_reason::user, "", r.now);
  r.end("loop", {{"done", false}});
  CHECK(r.state("loop") == task_state::cancelled);
}

TEST_CASE("[L6] a loop's bound is from 1 to the run's") {
  auto o = slots(1);
  o.limits.max_iterations = 4;
  hand_run r(o);
  CHECK(r.s.validate({looped(4)}));
  for (const std::uint32_t n : {0u, 5u}) {
    const auto refused = r.s.validate({looped(n)});
    REQUIRE(refused.has_error());
    CHECK(refused.error().message == "task 'loop': max_iterations must be from 1 to 4");
  }
}

TEST_CASE("locks are free between a loop's iterations") {
  auto t = looped(2);
  t.resources = {{"db"}};
  auto other = call("other", {}, 100);
  other.resources = {{"db"}};
  auto o = slots(4);
  o.stay_open = true;
  hand_run open(o, {t});
  open.start();
  REQUIRE(open.s.submit({other}, open.now));
  CHECK(open.start().empty());
  open.end("loop", {{"done", false}});
  CHECK(open.start() == ids{"other"});
  CHECK(open.waits("loop") == wait_reason::lock);
}
