// The watchdog: running tasks that have not been heard of.
#include "core/hand_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using ids = hand_run::ids;

namespace {

hand_run watched() {
  auto t = call("t");
  t.limits.heartbeat_timeout = 20s;
  hand_run r({}, {t});
  r.start();
  return r;
}

run_options learnt(double seconds) {
  duration_book book;
  duration_book::entry e;
  e.samples = 5;
  e.mean_seconds = seconds;
  book.set("", "a", e);
  run_options o;
  o.durations = std::make_shared<const duration_book>(book);
  return o;
}

}  // namespace

TEST_CASE("[E33] silence of half the heartbeat_timeout is told once, the whole of it ends the attempt") {
  auto r = watched();
  r.pass(10s);
  REQUIRE(r.count(event_type::task_stalled, "t") == 1);
  CHECK(r.of(event_type::task_stalled).at(0).data ==
        json{{"message", "no sign of life for 10.00 s"}, {"silent_ms", 10000}});
  r.pass(9s);
  CHECK(r.count(event_type::task_stalled) == 1);
  CHECK(r.stopped().empty());
  r.pass(1s);
  CHECK(r.stopped() == ids{"t"});
  r.end("t");
  CHECK(r.result("t").reason == "heartbeat_timeout: no sign of life for 20.00 s");
}

TEST_CASE("[E33] progress, a heartbeat and a model call are signs of life") {
  for (int what = 0; what < 3; ++what) {
    auto r = watched();
    for (int i = 0; i < 10; ++i) {
      r.pass(9s);
      if (what == 0) r.s.progress(r.at("t"), 1, 0.1 * i, "", r.now);
      if (what == 1) r.s.heartbeat(r.at("t"), 1, r.now);
      if (what == 2) r.s.model_call(r.at("t"), 1, {}, nullptr, r.now);
    }
    CHECK(r.count(event_type::task_stalled) == 0);
    CHECK(r.stopped().empty());
  }
}

TEST_CASE("a sign of life from an earlier attempt does not count") {
  auto r = watched();
  r.pass(9s);
  r.s.heartbeat(r.at("t"), 7, r.now);
  r.pass(1s);
  CHECK(r.count(event_type::task_stalled) == 1);
}

TEST_CASE("a task of a known kind is told as stalled after three times its usual time, at least 30 s") {
  hand_run r(learnt(20), {call("t")});
  r.start();
  r.pass(59s);
  CHECK(r.count(event_type::task_stalled) == 0);
  r.pass(1s);
  CHECK(r.count(event_type::task_stalled) == 1);
  CHECK(r.stopped().empty());
  hand_run quick(learnt(1), {call("t")});
  quick.start();
  quick.pass(29s);
  CHECK(quick.count(event_type::task_stalled) == 0);
  quick.pass(1s);
  CHECK(quick.count(event_type::task_stalled) == 1);
}

TEST_CASE("what is not known is not suspected") {
  hand_run r({}, {call("t")});
  r.start();
  r.pass(59min);
  CHECK(r.count(event_type::task_stalled) == 0);
}

TEST_CASE("a task that waits for something is not stalled") {
  auto r = watched();
  r.s.attempt_waits(r.at("t"), 1, wait_reason::rate, r.now);
  r.pass(10min);
  CHECK(r.count(event_type::task_stalled) == 0);
  CHECK(r.stopped().empty());
}

TEST_CASE("each attempt is watched anew") {
  auto t = call("t");
  t.limits.heartbeat_timeout = 20s;
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  hand_run r({}, {t});
  r.start();
  r.pass(20s);
  r.end("t");
  r.pass(1s);
  CHECK(r.start() == ids{"t"});
  r.pass(10s);
  CHECK(r.count(event_type::task_stalled) == 2);
}

TEST_CASE("[E33] each silence is told once: a sign of life between them has the next one told too") {
  for (int what = 0; what < 4; ++what) {
    INFO(what);
    auto r = watched();
    for (int i = 1; i <= 3; ++i) {
      r.pass(15s);
      CHECK(r.count(event_type::task_stalled) == static_cast<std::size_t>(i));
      if (what == 0) CHECK(r.s.progress(r.at("t"), 1, 0.1 * i, "", r.now));
      if (what == 1) CHECK(r.s.heartbeat(r.at("t"), 1, r.now));
      if (what == 2) r.s.model_call(r.at("t"), 1, {}, nullptr, r.now);
      if (what == 3) CHECK(r.s.tool_call(r.at("t"), 1, event_type::tool_started, nullptr, r.now));
      CHECK_FALSE(r.s.heartbeat(r.at("t"), 1, r.now));  // nothing new
    }
    CHECK(r.stopped().empty());
  }
}

TEST_CASE("a task that was silent before it waited is watched anew after it") {
  auto r = watched();
  r.pass(10s);
  r.s.attempt_waits(r.at("t"), 1, wait_reason::rate, r.now);
  r.pass(1min);
  r.s.attempt_leaves_wait(r.at("t"), 1, wait_reason::rate, r.now);
  r.s.attempt_wants_slot(r.at("t"), 1, r.now);
  r.start();
  r.pass(10s);
  CHECK(r.count(event_type::task_stalled) == 2);
}
