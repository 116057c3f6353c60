// What comes from an attempt that is over counts for nothing.
#include <cmath>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call twice(std::string id) {
  auto t = call(std::move(id));
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  return t;
}

/// `t` in its second attempt.
hand_run second_attempt() {
  hand_run r({}, {twice("t")});
  r.start();
  r.fail_task("t");
  r.pass(1s);
  r.start();
  return r;
}

}  // namespace

TEST_CASE("[L7] a result of an earlier attempt is refused, and the current one goes on") {
  auto r = second_attempt();
  CHECK_FALSE(r.s.attempt_ended(r.at("t"), 1, {{}, task_output("late")}, r.now));
  CHECK(r.state("t") == task_state::running);
  r.end("t", "in time");
  CHECK(r.result("t").output.value == "in time");
}

TEST_CASE("[L7] a result is recorded once: the second end of an attempt is refused") {
  hand_run r({}, {call("t")});
  r.start();
  CHECK(r.end_with("t", {{}, task_output(1)}));
  CHECK_FALSE(r.end_with("t", {{}, task_output(2)}));
  CHECK(r.result("t").output.value == 1);
  CHECK(r.count(event_type::task_ended, "t") == 1);
}

TEST_CASE("signs of life, costs, warnings, questions and children of an earlier attempt are refused") {
  auto r = second_attempt();
  const auto t = r.at("t");
  r.s.progress(t, 1, 0.9, "", r.now);
  r.s.model_call(t, 1, {}, nullptr, r.now);
  r.s.tool_call(t, 1, event_type::tool_started, nullptr, r.now);
  r.s.warn(t, 1, "late", r.now);
  r.s.attempt_waits(t, 1, wait_reason::rate, r.now);
  CHECK(r.s.progress(t) == 0);
  CHECK(r.count(event_type::model_call) == 0);
  CHECK(r.count(event_type::tool_started) == 0);
  CHECK(r.count(event_type::warning) == 0);
  CHECK(r.s.slots_in_use() == 1);
  CHECK(r.s.ask(t, 1, {"Late?", {}, false}, r.now).error().is(errc::not_running));
  CHECK(r.s.stage(t, 1, call("child")).error().is(errc::not_running));
  CHECK(r.s.replan(t, 1, r.now).error().is(errc::not_running));
}

TEST_CASE("[L7] an abandoned body's result is refused, its locks come back when it ends") {
  auto t = call("t"), next = call("next");
  t.resources = next.resources = {{"db"}};
  hand_run r(slots(1), {t, next});
  r.start();
  r.s.cancel_task(r.at("t"), cancel_reason::user, "", r.now);
  r.pass(5s);
  CHECK(r.result("t").cancelled == cancel_reason::abandoned);
  CHECK(r.s.slots_in_use() == 0);
  CHECK(r.start().empty());
  CHECK(r.s.locks().at(0).quarantined);
  r.pass(1h);
  CHECK_FALSE(r.end_with("t", {{}, task_output("late")}));
  CHECK(r.state("t") == task_state::cancelled);
  CHECK(r.start() == ids{"next"});
}

TEST_CASE("a result that was recorded before the cancellation stays, one that comes after it does not count") {
  hand_run r({}, {call("before"), call("after")});
  r.start();
  r.end("before", 1);
  CHECK(r.s.cancel_run(cancel_reason::user, "", r.now) == 1);
  r.end("after", 2);
  CHECK(r.state("before") == task_state::completed);
  CHECK(r.state("after") == task_state::cancelled);
  CHECK(r.result("after").output.value == nullptr);
}

TEST_CASE("progress never falls within an attempt, is clamped, and begins anew with the next") {
  hand_run r({}, {twice("t")});
  r.start();
  const auto t = r.at("t");
  for (const double p : {0.5, 0.2, -1.0, std::nan("")}) {
    r.s.progress(t, 1, p, "", r.now);
    CHECK(r.s.progress(t) == 0.5);
  }
  r.s.progress(t, 1, 7, "", r.now);
  CHECK(r.s.progress(t) == 1);
  r.fail_task("t");
  r.pass(1s);
  r.start();
  CHECK(r.s.progress(t) == 0);
}

TEST_CASE("a body that ends after the run has left its locks to nobody") {
  auto o = slots(1);
  o.limits.cancel_grace = 1s;
  auto holds = call("holds"), waits = call("waits");
  holds.resources = waits.resources = {{"db"}};
  o.limits.max_concurrent_tasks = 2;
  hand_run r(o, {holds, waits});
  r.start();
  REQUIRE(r.waits("waits") == wait_reason::lock);
  r.s.cancel_run(cancel_reason::shutdown, "", r.now);
  r.pass(2s);
  REQUIRE(r.s.finished());
  CHECK_FALSE(r.s.attempt_ended(r.at("holds"), 1, {}, r.now));
  CHECK(r.waits("waits") == wait_reason::lock);
  CHECK(r.s.count(task_state::ready) == 0);
  CHECK(r.s.locks().at(0).holders.empty());
}
