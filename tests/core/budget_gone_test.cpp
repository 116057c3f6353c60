// The run's budget is used up: what could only wait in vain ends at once, what is under way goes on.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

void use_up(hand_run& r, std::string_view by, std::int64_t tokens = 100) {
  token_usage u;
  u.completion_tokens = tokens;
  u.calls = 1;
  r.s.model_call(r.at(by), r.s.attempt(r.at(by)), u, nullptr, r.now);
}

task_call using_(task_call c, std::vector<resource_request> resources) {
  c.resources = std::move(resources);
  return c;
}

}  // namespace

TEST_CASE("what waits for resources, slots, budget or its turn ends with the budget, whatever it waits for") {
  auto o = limited(100);
  o.limits.max_concurrent_tasks = 6;
  o.limits.slots_by_agent = {{"few", 1}};
  o.resources = {{"api", 1, 1h}, {"gpu", 1}};
  const auto heavy = ruled(call("heavy"), [](task_rules& t) { t.weight = 3; });
  const auto dear = ruled(call("dear"), [](task_rules& t) { t.reserve.tokens = 90; });
  const auto dear2 = ruled(call("dear2"), [](task_rules& t) { t.reserve.tokens = 90; });
  hand_run r(o, {using_(call("spends", {}, 90), {{"api"}, {"gpu"}, {"db"}}), of_agent(call("one", {}, 90), "few"),
                 ruled(call("first", {}, 90), [](task_rules& t) { t.reserve.tokens = 90; }), dear, dear2, heavy,
                 using_(call("rated"), {{"api"}}), using_(call("counted"), {{"gpu"}}), using_(call("locked"), {{"db"}}),
                 of_agent("pooled", "few"), call("x", {}, 50), call("y", {}, 50), call("z"), call("queued"), call("after", {"rated"})});
  CHECK(r.start() == ids{"spends", "one", "first", "x", "y", "z"});
  use_up(r, "spends");
  for (const auto* id : {"dear", "dear2", "heavy", "rated", "counted", "locked", "pooled", "queued"}) {
    INFO(id);
    CHECK(r.state(id) == task_state::limit_exceeded);
    CHECK(r.result(id).cancelled == cancel_reason::budget);
    CHECK(r.result(id).reason == "budget: the run's budget of 100 tokens is used up");
  }
  CHECK(r.state("after") == task_state::skipped);
  for (const auto* id : {"spends", "one", "first", "x", "y", "z"}) {
    CHECK(r.state(id) == task_state::running);
    r.end(id);
  }
  CHECK(r.s.finished());
  CHECK(r.s.count(task_state::completed) == 6);
}

TEST_CASE("a back-off ends with the budget, and none begins after it") {
  auto o = limited(100);
  o.retry = retry_policy{.max_retries = 1, .first_delay = 60s, .jitter = false};
  hand_run r(o, {call("backs-off"), call("spends"), call("fails")});
  r.start();
  r.fail_task("backs-off");
  use_up(r, "spends");
  CHECK(r.state("backs-off") == task_state::limit_exceeded);
  r.fail_task("fails");
  CHECK(r.state("fails") == task_state::limit_exceeded);
  r.end("spends");
  CHECK(r.s.finished());
  CHECK(r.seconds() == 0);
}

TEST_CASE("a level that is held ends with the budget") {
  auto o = limited(100);
  o.mode = scheduling_mode::levels;
  hand_run r(o, {call("long"), call("spends"), call("next", {"spends"})});
  r.start();
  r.end("spends");
  CHECK(r.waits("next") == wait_reason::deps);
  use_up(r, "long");
  CHECK(r.state("next") == task_state::limit_exceeded);
}

TEST_CASE("a parent that waits for a child goes on at once when the budget is gone, and gets its slot again") {
  auto o = limited(100);
  o.limits.max_concurrent_tasks = 1;
  hand_run r(o, {call("parent", {}, 20), call("spends")});
  CHECK(r.start() == ids{"parent"});
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"spends"});
  REQUIRE(r.s.spawn(r.at("parent"), call("before"), r.now, true));
  CHECK(r.state("parent/before") == task_state::ready);
  use_up(r, "spends");
  CHECK(r.state("parent/before") == task_state::limit_exceeded);
  REQUIRE(r.s.spawn(r.at("parent"), call("later"), r.now, true));
  CHECK(r.state("parent/later") == task_state::limit_exceeded);
  r.s.attempt_leaves_wait(r.at("parent"), 1, wait_reason::child, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("parent"), 1, r.now));
  r.end("spends");
  CHECK(r.start().empty());
  CHECK(r.resumed == ids{"parent"});
  r.end("parent");
  CHECK(r.s.finished());
  CHECK(r.state("parent") == task_state::completed);
}

TEST_CASE("an iteration that uses up the budget is the last, and the run ends with it") {
  hand_run r(limited(100), {ruled(call("t"), [](task_rules& t) { t.repeat = loop_rule{.until = true, .max_iterations = 9}; })});
  r.start();
  task_output out(false);
  out.usage.completion_tokens = 100;
  out.usage.calls = 1;
  r.end_with("t", {{}, out});
  CHECK(r.state("t") == task_state::limit_exceeded);
  CHECK(r.s.finished());
}

TEST_CASE("what a drained run leaves out stays for a resume when the budget goes") {
  auto asked = ruled(call("asked"), [](task_rules& t) { t.approval = approval_rule{"Sure?", {}, false}; });
  hand_run r(limited(100), {using_(call("spends"), {{"db"}}), using_(call("locked"), {{"db"}}), asked});
  r.start();
  r.s.drain(r.now);
  use_up(r, "spends");
  CHECK(r.waits("locked") == wait_reason::lock);
  CHECK(r.waits("asked") == wait_reason::approval);
  r.end("spends");
  CHECK(r.s.state() == run_state::interrupted);
  CHECK(r.s.unfinished() == 2);
}
