// Time: back-offs over pauses, the retry budget, approvals, progress, what is learnt.
#include <corchestra/core/run_metrics.hpp>

#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

TEST_CASE("[L14] a failure while the run is paused keeps its back-off") {
  auto t = call("t");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  hand_run r({}, {t});
  r.start();
  r.s.pause("", r.now);
  auto e = fail(errc::rate_limited, "later");
  e.retry_after = 20s;
  r.fail_task("t", e);
  CHECK(r.waits("t") == wait_reason::backoff);
  r.s.resume("", r.now);
  CHECK(r.start().empty());
  r.pass(20s);
  CHECK(r.start() == ids{"t"});
}

TEST_CASE("a retry that the retry budget does not allow is given up after 60 s") {
  run_options o = slots(100);
  o.retry_budget = 0.0;
  o.retry = retry_policy{.max_retries = 1000, .first_delay = 1s, .factor = 1, .jitter = false};
  std::vector<task_call> calls;
  for (int i = 0; i < 12; ++i) calls.push_back(call("t" + std::to_string(i)));
  hand_run r(o, calls);
  int given_up = 0;
  for (int s = 0; s < 200 && given_up == 0; ++s) {
    for (const auto& id : r.start()) r.fail_task(id);
    r.pass(1s);
    for (int i = 0; i < 12; ++i) given_up += r.state("t" + std::to_string(i)) == task_state::failed ? 1 : 0;
  }
  REQUIRE(given_up > 0);
  for (int i = 0; i < 12; ++i) {
    const auto id = "t" + std::to_string(i);
    if (r.state(id) == task_state::failed)
      CHECK(r.result(id).reason == "retry_budget: no retry was allowed within 1 m 00 s; the last try failed: no");
  }
}

TEST_CASE("an approval whose time passes with refusal as default ends TIMEOUT and names the limit") {
  hand_run r({}, {ruled(call("t"), [](task_rules& t) { t.approval = approval_rule{"may I?", 5s, false}; })});
  r.pass(5s);
  CHECK(r.state("t") == task_state::timeout);
  CHECK(r.result("t").reason.starts_with("approval: no answer within 5"));
}

TEST_CASE("queued tasks of a paused agent wait for the resume at once, others keep their place") {
  auto other = call("other");
  other.agent = "b";
  hand_run r(slots(1), {call("first", {}, 50), call("t"), other});
  r.start();
  r.s.pause("a", r.now);
  CHECK(r.waits("t") == wait_reason::paused);
  r.end("first");
  CHECK(r.start() == ids{"other"});
  r.s.resume("a", r.now);
  r.end("other");
  CHECK(r.start() == ids{"t"});
}

TEST_CASE("the run's retry policy is checked like a task's own") {
  run_options o;
  o.retry.factor = 0.5;
  scheduler s("run", o, {});
  CHECK(s.validate({call("t")}).error().is(errc::invalid_argument));
}

TEST_CASE("start_to_close can be switched off, and limits beyond the end of time are no limits") {
  run_options o;
  o.limits.default_start_to_close.reset();
  auto far = call("far");
  far.limits.schedule_to_close = far.limits.start_to_close = far.limits.schedule_to_start =
      far.limits.heartbeat_timeout = duration::max();
  hand_run r(o, {call("t"), far});
  r.start();
  r.pass(24h * 3650);
  CHECK(r.state("t") == task_state::running);
  CHECK(r.state("far") == task_state::running);
}

TEST_CASE("the last of several quick progress reports is published without another one") {
  hand_run r({}, {call("t")});
  r.start();
  r.s.progress(r.at("t"), 1, 0.1, "", r.now);
  r.s.progress(r.at("t"), 1, 0.2, "", r.now);
  r.s.progress(r.at("t"), 1, 0.3, "end", r.now);
  CHECK(r.count(event_type::task_progress) == 1);
  r.pass(100ms);
  REQUIRE(r.count(event_type::task_progress) == 2);
  CHECK(r.of(event_type::task_progress)[1].data.at("message") == "end");
}

TEST_CASE("a new attempt begins its progress anew, and says so") {
  auto t = call("t");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 0s, .jitter = false};
  hand_run r({}, {t});
  r.start();
  r.s.progress(r.at("t"), 1, 0.5, "", r.now);
  r.fail_task("t");
  r.pass(0s);
  r.start();
  const auto told = r.of(event_type::task_progress);
  REQUIRE(told.size() == 2);
  CHECK(told[1].data == json{{"reset", true}});
  CHECK(r.s.progress(r.at("t")) == 0);
}

TEST_CASE("what is learnt of a task leaves out the time it waited inside") {
  hand_run r({}, {call("t")});
  r.start();
  r.pass(2s);
  r.s.attempt_waits(r.at("t"), 1, wait_reason::approval, r.now);
  r.pass(100s);
  r.s.attempt_leaves_wait(r.at("t"), 1, wait_reason::approval, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("t"), 1, r.now));
  r.start();
  r.pass(1s);
  r.end("t");
  CHECK(*r.s.durations().expected("", "a") == duration(3s));
}

TEST_CASE("an attempt without a time limit tells, too, when it works again after a wait") {
  auto o = slots(1);
  o.limits.default_start_to_close = std::nullopt;
  hand_run r(o, {call("t")});
  r.start();
  r.s.attempt_waits(r.at("t"), 1, wait_reason::approval, r.now);
  const auto before = r.count(event_type::task_state_changed);
  r.pass(5s);
  r.s.attempt_leaves_wait(r.at("t"), 1, wait_reason::approval, r.now);
  REQUIRE(r.s.attempt_wants_slot(r.at("t"), 1, r.now));
  r.start();
  CHECK(r.count(event_type::task_state_changed) == before + 1);
  CHECK(r.s.waiting(r.at("t")) == wait_reason::none);
  r.pass(2s);
  r.end("t");
  CHECK(r.s.metrics(r.now).sequential == duration(2s));
}

TEST_CASE("two agents of one task type teach the same entry") {
  auto a = call("x"), b = call("y");
  b.agent = "b";
  a.task_type = b.task_type = "write";
  hand_run r({}, {a, b});
  r.start();
  r.pass(2s);
  r.end("x");
  r.end("y");
  CHECK(r.s.durations().find("write", "a")->samples == 2);
}

TEST_CASE("tasks of one type are learnt of together, however many types there are") {
  for (const int types : {3, 12}) {
    std::vector<task_call> calls;
    for (int i = 0; i < types; ++i) {
      calls.push_back(of_agent("t" + std::to_string(i), "one"));
      calls.back().task_type = "type" + std::to_string(i);
    }
    calls.push_back(of_agent("again", "two"));
    calls.back().task_type = "type1";
    hand_run r(slots(20), std::move(calls));
    r.play({{"t1", 10s}, {"again", 10s}});
    INFO(types);
    CHECK(r.s.durations().find("type1", "")->samples == 2);
  }
}

TEST_CASE("the metrics count all iterations of a loop, and of a retried attempt the last try") {
  metrics_fold metrics;
  auto t = ruled(call("t"), [](task_rules& x) { x.repeat = loop_rule{"", true, 5}; });
  t.retry = retry_policy{.max_retries = 1, .first_delay = 0s, .jitter = false};
  time_point now{};
  scheduler s("run", {}, [&](const event& e) { metrics(e); });
  s.begin({t}, now);
  const auto end = [&](scheduler::attempt_end e, duration took) {
    const auto c = s.next_start(now);
    REQUIRE(c);
    now += took;
    s.attempt_ended(c->task, c->attempt, std::move(e), now);
    s.advance(now);
  };
  end({{}, task_output(false)}, 3s);
  end({fail(errc::task_failed, "no"), {}}, 10s);
  end({{}, task_output(true)}, 2s);
  CHECK(s.finished());
  CHECK(metrics.value().sequential == duration(5s));
}

TEST_CASE("alarms of tasks that have ended do not pile up") {
  auto o = slots(1);
  o.stay_open = true;
  hand_run r(o, {});
  for (int i = 0; i < 2000; ++i) {
    auto t = call("t" + std::to_string(i));
    t.limits.schedule_to_close = 24h;
    REQUIRE(r.s.submit({t}, r.now));
    r.start();
    r.end(t.id);
  }
  r.s.close(r.now);
  CHECK(r.s.finished());
}

TEST_CASE("a failure is the cause of a skip rather than a branch, whichever comes first") {
  auto fork = ruled(call("fork"),
                    [](task_rules& t) { t.branch = branch_rule{"", {{"left", {"l"}}, {"right", {"r", "all"}}}, {}}; });
  const auto all = ruled(call("all", {"fork", "bad"}), [](task_rules& t) { t.join = join_policy::all_done; });
  for (const bool branch_first : {true, false}) {
    hand_run r({}, {fork, call("bad"), call("l", {"fork"}), call("r", {"fork", "bad"}), all});
    r.start();
    if (branch_first) r.end("fork", "left");
    r.fail_task("bad");
    if (!branch_first) r.end("fork", "left");
    CHECK(r.result("r").skipped == skip_cause::upstream_failed);
    CHECK(r.result("all").skipped == skip_cause::branch_not_taken);
    CHECK(r.start() == ids{"l"});
  }
}

TEST_CASE("the run's fail_fast does not mind what was cancelled") {
  run_options o;
  o.fail_fast = true;
  hand_run r(o, {call("a"), call("b")});
  r.start();
  r.s.cancel_task(r.at("a"), cancel_reason::user, "", r.now);
  r.end("a");
  CHECK(r.state("a") == task_state::cancelled);
  CHECK(r.state("b") == task_state::running);
  CHECK(r.stopped() == ids{"a"});
}

TEST_CASE("nobody is ended for a deadlock while a parent's child has ended and it has not been told yet") {
  auto o = slots(2);
  o.budget.run.tokens = 100;
  const auto dear = [](std::string id, std::int64_t tokens) {
    return ruled(call(std::move(id)), [&](task_rules& t) { t.reserve.tokens = tokens; });
  };
  hand_run r(o, {dear("parent", 60), dear("other", 60)});
  CHECK(r.start() == ids{"parent"});
  REQUIRE(r.s.spawn(r.at("parent"), call("child"), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start() == ids{"parent/child"});
  r.end("parent/child");
  CHECK(r.start().empty());
  CHECK(r.waits("other") == wait_reason::budget);
}

TEST_CASE("a deadlock of budget ends what the waiting parents need, and no other") {
  auto o = slots(2);
  o.budget.run.tokens = 100;
  const auto dear = [](std::string id, int priority) {
    return ruled(call(std::move(id), {}, priority), [&](task_rules& t) { t.reserve.tokens = 60; });
  };
  hand_run r(o, {dear("parent", 50)});
  CHECK(r.start() == ids{"parent"});
  REQUIRE(r.s.submit({dear("other", 90)}, r.now));
  REQUIRE(r.s.spawn(r.at("parent"), dear("child", 10), r.now, true));
  r.s.attempt_waits(r.at("parent"), 1, wait_reason::child, r.now);
  CHECK(r.start().empty());
  CHECK(r.state("parent/child") == task_state::limit_exceeded);
  CHECK(r.waits("other") == wait_reason::budget);
}
