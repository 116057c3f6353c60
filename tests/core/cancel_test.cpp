// Cancellation of tasks, agents and runs, wherever they are.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

std::size_t cancel(hand_run& r, std::string_view id, std::string_view message = {}) {
  return r.s.cancel_task(r.at(id), cancel_reason::user, message, r.now);
}

}  // namespace

TEST_CASE("[L8] cancelling before the start, during it, twice and after the end") {
  hand_run r(slots(1), {call("t"), call("waits")});
  CHECK(cancel(r, "waits") == 1);
  CHECK(r.state("waits") == task_state::cancelled);
  r.start();
  CHECK(cancel(r, "t") == 1);
  CHECK(cancel(r, "t") == 0);
  CHECK(r.stopped() == ids{"t"});
  r.end("t");
  CHECK(cancel(r, "t") == 0);
  CHECK(r.count(event_type::task_ended, "t") == 1);
  CHECK(r.s.finished());
}

TEST_CASE("[L9] a cancellation reaches a task in whatever it waits for, and the others are served") {
  auto o = slots(6);
  o.resources = {{"api", 1, 60s}};
  o.budget.run.tokens = 10;
  const auto with = [](std::string id, std::string resource) {
    auto c = call(std::move(id));
    c.resources = {{std::move(resource)}};
    return c;
  };
  const auto dear = [](std::string id) {
    return ruled(call(std::move(id)), [](task_rules& r) { r.reserve.tokens = 8; });
  };
  auto flaky = call("backoff");
  flaky.retry = retry_policy{.max_retries = 1, .first_delay = 10s, .jitter = false};
  auto asked = ruled(call("approval"), [](task_rules& r) { r.approval = approval_rule{"Sure?", {}, false}; });
  auto heavy = ruled(call("heavy", {}, 1), [](task_rules& r) { r.weight = 5; });
  hand_run r(o, {with("holds", "db"), with("lock", "db"), with("next", "db"), with("rated", "api"), with("rate", "api"),
                 dear("spends"), dear("budget"), flaky, asked, call("deps", {"holds"}), heavy});
  r.start();
  r.fail_task("backoff");
  const std::map<std::string, wait_reason> where{{"lock", wait_reason::lock},         {"rate", wait_reason::rate},
                                                 {"budget", wait_reason::budget},     {"backoff", wait_reason::backoff},
                                                 {"approval", wait_reason::approval}, {"deps", wait_reason::deps},
                                                 {"heavy", wait_reason::none}};
  for (const auto& [id, reason] : where) {
    INFO(id);
    CHECK(r.waits(id) == reason);
    CHECK(cancel(r, id) == 1);
    CHECK(r.state(id) == task_state::cancelled);
    CHECK(r.result(id).reason == "user");
  }
  r.pass(1h);
  r.end("holds");
  CHECK(r.start() == ids{"next"});
  r.end("next");
  r.end("rated");
  r.end("spends");
  CHECK(r.s.finished());
  CHECK(r.s.slots_in_use() == 0);
}

TEST_CASE("[L10] the first request's reason stays, with its words") {
  hand_run r({}, {call("t")});
  r.start();
  cancel(r, "t", "first");
  r.s.cancel_run(cancel_reason::shutdown, "second", r.now);
  r.end("t");
  CHECK(r.result("t").cancelled == cancel_reason::user);
  CHECK(r.result("t").reason == "user: first");
  CHECK(r.s.cancelled() == cancel_reason::shutdown);
  CHECK(r.s.reason() == "shutdown: second");
}

TEST_CASE("[E13] cancelling an agent counts the tasks that changed or were asked to stop") {
  auto other = call("other");
  other.agent = "b";
  hand_run r(slots(2), {call("runs"), other, call("waits"), call("done")});
  r.start();
  r.end("other");
  CHECK(r.s.cancel_agent("a", "no more", r.now) == 3);
  CHECK(r.s.cancel_agent("a", "no more", r.now) == 0);
  CHECK(r.s.cancel_agent("nobody", "", r.now) == 0);
  r.end("runs");
  CHECK(r.state("other") == task_state::completed);
}

TEST_CASE("nothing starts after the cancellation of a run, not even what waits for any end") {
  auto cleans = ruled(call("cleans", {"t"}), [](task_rules& r) { r.join = join_policy::all_done; });
  hand_run r({}, {call("t"), cleans});
  r.start();
  CHECK(r.s.cancel_run(cancel_reason::user, "", r.now) == 2);
  CHECK(r.start().empty());
  r.end("t");
  CHECK(r.start().empty());
  CHECK(r.s.state() == run_state::cancelled);
  CHECK(r.s.submit({call("late")}, r.now).error().is(errc::not_running));
}

TEST_CASE("a run that is cancelled after everything has completed is completed") {
  auto o = slots(1);
  o.stay_open = true;
  hand_run r(o, {call("t")});
  r.start();
  r.end("t");
  CHECK_FALSE(r.s.finished());
  CHECK(r.s.cancel_run(cancel_reason::user, "", r.now) == 0);
  CHECK(r.s.finished());
  CHECK(r.s.state() == run_state::completed);
}

TEST_CASE("a parent's cancellation reaches its children, with whose it was") {
  hand_run r({}, {call("parent")});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("runs"), r.now, true));
  REQUIRE(r.s.spawn(r.at("parent"), call("waits", {"parent/runs"}), r.now));
  r.start();
  CHECK(cancel(r, "parent") == 3);
  CHECK(r.result("parent/waits").reason == "parent_cancelled: its parent 'parent' was cancelled");
  r.end("parent/runs");
  r.end("parent");
  CHECK(r.result("parent/runs").cancelled == cancel_reason::parent_cancelled);
  CHECK(r.s.finished());
}

TEST_CASE("a cancelled attempt has its grace to clean up, and is given up after it") {
  auto o = slots(1);
  o.limits.cancel_grace = 10s;
  hand_run r(o, {call("t"), call("next")});
  r.start();
  cancel(r, "t");
  r.pass(9s);
  CHECK(r.start().empty());  // it still has its slot
  r.pass(1s);
  CHECK(r.result("t").reason == "user; abandoned: it did not stop within 10.00 s");
  CHECK(r.start() == ids{"next"});
}

TEST_CASE("a cancellation outranks the retry that a time limit would have had") {
  auto t = call("t");
  t.limits.start_to_close = 10s;
  t.retry = retry_policy{.max_retries = 5, .first_delay = 1s, .jitter = false};
  hand_run r({}, {t});
  r.start();
  r.pass(10s);
  cancel(r, "t");
  r.end("t");
  CHECK(r.state("t") == task_state::timeout);
  CHECK(r.s.finished());
}

TEST_CASE("cancelling a task that backs off counts the children from outside that are stopped with it") {
  auto parent = call("parent");
  parent.retry = retry_policy{.max_retries = 1, .first_delay = 5s, .jitter = false};
  hand_run r({}, {parent});
  r.start();
  REQUIRE(r.s.spawn(r.at("parent"), call("runs"), r.now));
  REQUIRE(r.s.spawn(r.at("parent"), call("waits", {"parent/runs"}), r.now));
  CHECK(r.start() == ids{"parent/runs"});
  r.fail_task("parent");
  CHECK(cancel(r, "parent") == 3);
  CHECK(r.stopped() == ids{"parent/runs"});
  CHECK(r.result("parent/waits").reason == "parent_cancelled: its parent 'parent' ended CANCELLED");
}
