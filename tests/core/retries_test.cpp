// Retries: which failures are tried again, when, how often, and who decides.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

task_call retried(int most, duration first = 5s, bool jitter = false) {
  auto t = call("t");
  t.retry = retry_policy{.max_retries = most, .first_delay = first, .jitter = jitter};
  return t;
}

error asking(std::chrono::milliseconds after) {
  auto e = fail(errc::rate_limited, "slow down", retry_class::transient);
  e.retry_after = after;
  return e;
}

/// The delay before the next try after one failure.
duration delay_of(hand_run& r, error e) {
  r.start();
  r.fail_task("t", std::move(e));
  return *r.of(event_type::attempt_ended, "t").back().retry_in;
}

run_options handled(error_handler h) {
  run_options o;
  o.on_error = std::move(h);
  return o;
}

}  // namespace

TEST_CASE("[C8] delays begin with 5 s, double, and stop at a minute") {
  hand_run r({}, {retried(6)});
  std::vector<double> delays;
  for (int i = 0; i < 6; ++i) {
    const auto d = delay_of(r, fail(errc::task_failed, "no"));
    delays.push_back(to_seconds(d));
    CHECK(r.waits("t") == wait_reason::backoff);
    r.pass(d);
  }
  CHECK(delays == std::vector<double>{5, 10, 20, 40, 60, 60});
}

TEST_CASE("delays stay what they are where doubling has no end") {
  const int tries = 1'100;  // 2 to that many is no number any more
  hand_run none({}, {retried(tries, 0s)});
  for (int i = 0; i < tries; ++i) {
    REQUIRE(delay_of(none, fail(errc::task_failed, "no")) == 0s);
    none.pass(0s);
  }
  auto steep = retried(2);
  steep.retry->factor = 1e10;
  steep.retry->max_delay = duration::max();
  hand_run r({}, {steep});
  CHECK(delay_of(r, fail(errc::task_failed, "no")) == 5s);
  r.pass(5s);
  CHECK(delay_of(r, fail(errc::task_failed, "no")) == duration::max());
  CHECK(r.waits("t") == wait_reason::backoff);
  r.pass(24h * 365);
  CHECK(r.waits("t") == wait_reason::backoff);
}

TEST_CASE("[C8] a policy without a delay of its own has 5 s, twice as long each time, and spread below that") {
  const retry_policy standard{};
  CHECK(standard.first_delay == 5s);
  CHECK(standard.factor == 2);
  CHECK(standard.max_delay == 60s);
  auto t = call("t");
  t.retry = retry_policy{.max_retries = 3};
  hand_run r({}, {t});
  for (const duration most : {5s, 10s, 20s}) {
    const auto d = delay_of(r, fail(errc::task_failed, "no"));
    CHECK(d >= 0s);
    CHECK(d <= most);
    r.pass(d);
  }
}

TEST_CASE("[X9] tasks are not retried unless the plan says so") {
  hand_run r({}, {call("t")});
  r.start();
  r.fail_task("t", fail(errc::connection_lost, "gone", retry_class::transient));
  CHECK(r.state("t") == task_state::failed);
  CHECK(r.result("t").attempts == 1);
}

TEST_CASE("the run's policy is for tasks without their own") {
  run_options o;
  o.retry = retry_policy{.max_retries = 1, .jitter = false};
  hand_run r(o, {call("common"), retried(0)});
  r.start();
  r.fail_task("common");
  r.fail_task("t");
  CHECK(r.waits("common") == wait_reason::backoff);
  CHECK(r.state("t") == task_state::failed);
}

TEST_CASE("terminal errors are not tried again, transient and unspecified ones are") {
  for (const auto& [what, again] :
       {std::pair{retry_class::terminal, false}, {retry_class::transient, true}, {retry_class::unspecified, true}}) {
    hand_run r({}, {retried(1)});
    r.start();
    r.fail_task("t", fail(errc::task_failed, "no", what));
    CHECK((r.state("t") == task_state::waiting) == again);
  }
}

TEST_CASE("[L14] a transport failure waits a full jitter, from nothing to the whole delay") {
  duration least = 1h, most{};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    run_options o;
    o.seed = seed;
    hand_run r(o, {retried(1, 10s, true)});
    const auto d = delay_of(r, fail(errc::connection_lost, "gone", retry_class::transient));
    least = std::min(least, d);
    most = std::max(most, d);
  }
  CHECK(least < 1s);
  CHECK(most > 9s);
  CHECK(most <= 10s);
}

TEST_CASE("[L14] who asks for patience gets an equal jitter and never less than what was asked for") {
  duration least = 1h, most{};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    run_options o;
    o.seed = seed;
    hand_run r(o, {retried(1, 10s, true)});
    const auto d = delay_of(r, asking(2s));
    least = std::min(least, d);
    most = std::max(most, d);
  }
  CHECK(least >= 5s);
  CHECK(most > 9s);
  CHECK(most <= 10s);
  hand_run longer({}, {retried(1, 1s, true)});
  CHECK(delay_of(longer, asking(90s)) == 90s);
}

TEST_CASE("a wait beyond the deadline fails now, with that reason") {
  auto t = retried(3, 20s);
  t.limits.schedule_to_close = 15s;
  hand_run r({}, {t});
  r.start();
  r.pass(1s);
  r.fail_task("t");
  CHECK(r.state("t") == task_state::failed);
  CHECK(r.result("t").reason == "no; the next try in 20.00 s would be after the schedule_to_close of 15.00 s");
}

TEST_CASE("[E42] a task whose effects must not happen twice is never tried again") {
  auto t = ruled(retried(5), [](task_rules& r) { r.effect = effect_class::at_most_once; });
  t.limits.start_to_close = 10s;
  hand_run r({}, {t});
  r.start();
  r.pass(10s);
  r.end("t");
  CHECK(r.state("t") == task_state::timeout);
  CHECK(r.result("t").attempts == 1);
}

TEST_CASE("an attempt that ran out of time is tried again, a deadline is not") {
  auto t = retried(1);
  t.limits.start_to_close = 10s;
  t.limits.schedule_to_close = 25s;
  hand_run r({}, {t});
  r.start();
  r.pass(10s);
  r.end("t");
  CHECK(r.waits("t") == wait_reason::backoff);
  r.pass(5s);
  CHECK(r.start() == ids{"t"});
  r.pass(10s);
  CHECK(r.stopped() == ids{"t", "t"});
  r.end("t");
  CHECK(r.state("t") == task_state::timeout);
  CHECK(r.result("t").attempts == 2);
}

TEST_CASE("the retry budget makes retries wait, uses no attempt for it, and leaves ten a minute") {
  run_options o = slots(20);
  o.retry_budget = 0.2;
  o.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  std::vector<task_call> calls;
  for (int i = 0; i < 15; ++i) calls.push_back(call("t" + std::to_string(i)));
  hand_run r(o, calls);
  for (const auto& id : r.start()) r.fail_task(id);
  r.pass(1s);
  CHECK(r.start().size() == 10);
  r.pass(58s);
  CHECK(r.start().empty());
  r.pass(2s);
  const auto late = r.start();
  CHECK(late.size() == 5);
  for (const auto& id : late) CHECK(r.s.attempt(r.at(id)) == 2);
}

TEST_CASE("[L20] a retry that the retry budget has refused is tried as soon as attempts enough have begun") {
  run_options o = slots(20);
  o.stay_open = true;
  o.retry_budget = 0.2;
  o.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  std::vector<task_call> calls;
  for (int i = 0; i < 12; ++i) calls.push_back(call("t" + std::to_string(i)));
  hand_run r(o, calls);
  for (const auto& id : r.start()) r.fail_task(id);
  r.pass(1s);
  const auto first = r.start();
  CHECK(first.size() == 10);
  for (const auto& id : first) r.end(id);
  int begun = 22;  // attempts; 10 retries are less than a fifth of 51, 11 of 56
  for (; r.s.attempt(r.at("t10")) == 1 && begun < 100; ++begun) {
    REQUIRE(r.s.submit({call("n" + std::to_string(begun))}, r.now));
    for (const auto& id : r.start()) r.end(id);
  }
  CHECK(begun == 51);
  CHECK(r.state("t10") == task_state::completed);
  CHECK(r.waits("t11") == wait_reason::backoff);
  for (++begun; r.s.attempt(r.at("t11")) == 1 && begun < 100; ++begun) {  // that retry was one too
    REQUIRE(r.s.submit({call("n" + std::to_string(begun))}, r.now));
    for (const auto& id : r.start()) r.end(id);
  }
  CHECK(begun == 56);
  CHECK(r.state("t11") == task_state::completed);
}

TEST_CASE("pause_when_exhausted pauses the run, and the task is tried again when it is resumed") {
  auto t = retried(1, 1s);
  t.retry->pause_when_exhausted = true;
  hand_run r({}, {t, call("other", {"t"})});
  r.start();
  r.fail_task("t");
  r.pass(1s);
  r.start();
  r.fail_task("t", fail(errc::task_failed, "still no"));
  CHECK(r.s.state() == run_state::paused);
  CHECK(r.of(event_type::run_paused).at(0).data["message"] == "'t' failed: still no");
  CHECK(r.waits("t") == wait_reason::paused);
  r.s.resume("", r.now);
  CHECK(r.start() == ids{"t"});
  r.end("t");
  CHECK(r.state("t") == task_state::completed);
}

TEST_CASE("[E58][C43] an error handler sees the task, the attempt and the failure, and the standard follows") {
  std::vector<std::string> seen;
  auto o = handled([&](const task_call& c, std::uint32_t attempt, const error& e) {
    seen.push_back(c.id + " " + std::to_string(attempt) + " " + e.message);
    return error_decision{};
  });
  hand_run r(o, {retried(1, 1s)});
  r.start();
  r.fail_task("t", fail(errc::task_failed, "one"));
  r.pass(1s);
  r.start();
  r.fail_task("t", fail(errc::task_failed, "two"));
  CHECK(seen == ids{"t 1 one", "t 2 two"});
  CHECK(r.state("t") == task_state::failed);
}

TEST_CASE("[E58][C63] a handler may try again after its own delay, even a terminal failure") {
  auto o = handled([](const task_call&, std::uint32_t, const error&) {
    return error_decision{.what = error_decision::action::retry, .delay = 7s, .output = nullptr};
  });
  hand_run r(o, {retried(1)});
  CHECK(delay_of(r, fail(errc::task_failed, "no", retry_class::terminal)) == 7s);
  r.pass(7s);
  r.start();
  r.fail_task("t");
  CHECK(r.state("t") == task_state::failed);  // within the policy's number
}

TEST_CASE("[E58] a handler may fail a task at once, or complete it with another output") {
  const auto deciding = [](error_decision::action what) {
    return handled(
        [what](const task_call&, std::uint32_t, const error&) { return error_decision{what, {}, "fallback"}; });
  };
  hand_run failed(deciding(error_decision::action::fail), {retried(5)});
  failed.start();
  failed.fail_task("t");
  CHECK(failed.state("t") == task_state::failed);
  hand_run mended(deciding(error_decision::action::substitute), {retried(5), call("after", {"t"})});
  mended.start();
  mended.fail_task("t");
  CHECK(mended.result("t").output.value == "fallback");
  CHECK(mended.start() == ids{"after"});
}

TEST_CASE("[C63] a handler may pause the run over a failure") {
  auto o = handled([](const task_call&, std::uint32_t, const error&) {
    return error_decision{.what = error_decision::action::pause, .delay = {}, .output = nullptr};
  });
  hand_run r(o, {call("t")});
  r.start();
  r.fail_task("t");
  CHECK(r.s.state() == run_state::paused);
  r.s.resume("", r.now);
  CHECK(r.start() == ids{"t"});
}

TEST_CASE("[C43][C63] a handler is asked over an attempt that ran out of time, and what it decides counts") {
  using action = error_decision::action;
  for (const auto what : {action::substitute, action::retry, action::pause, action::fail}) {
    std::string heard;
    auto o = handled([&](const task_call&, std::uint32_t, const error& e) {
      heard = e.message;
      return error_decision{.what = what, .delay = 7s, .output = "fallback"};
    });
    auto t = retried(5);
    t.limits.start_to_close = 2s;
    hand_run r(o, {t});
    r.start();
    r.pass(2s);
    REQUIRE(r.stopped() == ids{"t"});
    r.fail_task("t");
    CHECK(heard == "start_to_close of 2.00 s passed");
    switch (what) {
      case action::substitute:
        CHECK(r.result("t").output.value == "fallback");
        break;
      case action::retry:
        CHECK(r.of(event_type::attempt_ended).at(0).retry_in == 7s);
        break;
      case action::pause:
        CHECK(r.s.state() == run_state::paused);
        break;
      default:
        CHECK(r.state("t") == task_state::timeout);
    }
  }
}

TEST_CASE("the handler is not asked over a task that missed its deadline") {
  int calls = 0;
  auto o = handled([&](const task_call&, std::uint32_t, const error&) {
    ++calls;
    return error_decision{};
  });
  auto t = retried(5);
  t.limits.schedule_to_close = 2s;
  hand_run r(o, {t});
  r.start();
  r.pass(2s);
  r.fail_task("t");
  CHECK(r.state("t") == task_state::timeout);
  CHECK(calls == 0);
}

TEST_CASE("a cancelled attempt is no failure: no handler, no retry") {
  int calls = 0;
  auto o = handled([&](const task_call&, std::uint32_t, const error&) {
    ++calls;
    return error_decision{};
  });
  hand_run r(o, {retried(5)});
  r.start();
  r.s.cancel_task(r.at("t"), cancel_reason::user, "", r.now);
  r.fail_task("t");
  CHECK(r.state("t") == task_state::cancelled);
  CHECK(calls == 0);
}

TEST_CASE("an output that breaks its schema is a failure like any other") {
  auto t = ruled(retried(1, 1s), [](task_rules& r) { r.output_schema = {{"type", "object"}, {"required", {"n"}}}; });
  hand_run r({}, {t});
  r.start();
  r.end("t", json::object());
  CHECK(r.waits("t") == wait_reason::backoff);
  r.pass(1s);
  r.start();
  r.end("t", {{"n", 1}});
  CHECK(r.state("t") == task_state::completed);
}
