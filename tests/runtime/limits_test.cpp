#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::failing;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("retries wait for their back-off and the last attempt decides [E42]") {
  virtual_orchestra v;
  v.agent->on("flaky", {failing("one"), failing("two"), {1s, {}, "fine"}});
  auto t = task("flaky");
  t.retry = retry_policy{.max_retries = 3, .first_delay = 5s, .factor = 2, .jitter = false};
  const auto r = v.run(plan({t}));
  CHECK(r.find("flaky")->success());
  CHECK(r.find("flaky")->attempts == 3);
  CHECK(v.time.now() == time_point(1s + 5s + 1s + 10s + 1s));
}

TEST_CASE("[L4] slot and locks are free during back-off") {
  virtual_orchestra v;
  v.agent->on("flaky", {failing("one"), {1s}});
  auto t = task("flaky", {}, 100);
  t.retry = retry_policy{.max_retries = 1, .first_delay = 10s, .jitter = false};
  t.resources = {{"db"}};
  auto other = task("other");
  other.resources = {{"db"}};
  const auto r = v.run(plan({t, other}, 1));
  CHECK(r.success());
  CHECK(v.start_of("other") == 1);
  CHECK(v.start_of("flaky") == 11);
}

TEST_CASE("[L4] a body that throws leaves slot and lock to another at the same moment") {
  virtual_orchestra v;
  v.o.agents().add("throws", [](task_context) -> awaitable<result<task_output>> {
    co_await sleep_for(3s);
    throw std::runtime_error("with the lock in hand");
  });
  auto first = task("first", {}, 100), other = task("other");
  first.agent = "throws";
  first.resources = other.resources = {{"db"}};
  const auto r = v.run(plan({first, other}, 1));
  CHECK(r.find("first")->state == task_state::failed);
  CHECK(r.find("other")->success());
  CHECK(v.start_of("other") == 3);
}

TEST_CASE("a task cancelled while it backs off lasted as long as its last attempt") {
  virtual_orchestra v({2s, fail(errc::task_failed, "no")});
  auto t = task("t");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 60s, .jitter = false};
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({t})).value();
    co_await sleep_for(10s);
    const auto n = co_await r.cancel_task("t");
    CHECK(n == 1);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("t")->state == task_state::cancelled);
  CHECK(r.find("t")->last_duration() == 2s);
  CHECK(r.find("t")->ended_at == time_point(10s));
}

TEST_CASE("[C7] there are no retries unless asked for, and a terminal error is never retried") {
  virtual_orchestra v({1s, fail(errc::task_failed, "no")});
  CHECK(v.run(plan({task("t")})).find("t")->attempts == 1);
  virtual_orchestra w({1s, fail(errc::authentication_failed, "wrong key", retry_class::terminal)});
  auto t = task("t");
  t.retry = retry_policy{.max_retries = 5};
  CHECK(w.run(plan({t})).find("t")->attempts == 1);
}

TEST_CASE("start_to_close stops the body and names the limit [A10][C26]") {
  virtual_orchestra v({1h});
  auto t = task("slow");
  t.limits.start_to_close = 30s;
  const auto r = v.run(plan({t, task("after", {"slow"})}));
  CHECK(r.find("slow")->state == task_state::timeout);
  CHECK(r.find("slow")->reason == "start_to_close of 30.00 s passed");
  CHECK(r.find("slow")->error->is(errc::timeout));
  CHECK(v.agent->find("slow")->cancelled);
  CHECK(v.end_of("slow") == 30);
  CHECK(r.find("after")->state == task_state::skipped);
}

TEST_CASE("schedule_to_start, schedule_to_close and run_timeout end what waits too") {
  virtual_orchestra v({10s});
  auto first = task("first");
  auto waits = task("waits");
  waits.limits.schedule_to_start = 5s;
  auto closes = task("closes");
  closes.limits.schedule_to_close = 15s;
  auto p = plan({first, waits, closes, task("last")}, 1);
  p.options.limits.run_timeout = 17s;
  const auto r = v.run(p);
  CHECK(r.find("first")->success());
  CHECK(r.find("waits")->reason == "schedule_to_start of 5.00 s passed");
  CHECK(r.find("closes")->reason == "schedule_to_close of 15.00 s passed");
  CHECK(r.find("last")->reason == "run_timeout of 17.00 s passed");
  CHECK(v.time.now() == time_point(17s));
}

TEST_CASE("[E33] a body without a sign of life is stopped, one that reports goes on") {
  virtual_orchestra v;
  v.agent->on("silent", {{1h}}).on("alive", {{20s, {}, nullptr, false, 19}});
  auto silent = task("silent");
  silent.limits.heartbeat_timeout = 3s;
  auto alive = task("alive");
  alive.limits.heartbeat_timeout = 3s;
  const auto r = v.run(plan({silent, alive}));
  CHECK(r.find("silent")->reason == "heartbeat_timeout: no sign of life for 3.00 s");
  CHECK(v.end_of("silent") == 3);
  CHECK(r.find("alive")->success());
}

TEST_CASE("a plan with a time limit that cannot be is refused before anything runs") {
  virtual_orchestra v;
  auto p = plan({task("t")});
  p.options.limits.run_timeout = -1s;
  const auto started = v.o.start(p);
  REQUIRE(started.has_error());
  CHECK(started.error().is(errc::invalid_argument));
  CHECK(v.agent->log().empty());
}

TEST_CASE("a running task may not ask with a time limit below zero") {
  virtual_orchestra v;
  v.o.agents().add("asks", [](task_context c) -> awaitable<result<task_output>> {
    const auto answer = co_await c.ask({.message = "?", .timeout = -1s, .approve_by_default = true});
    if (answer.has_error()) co_return answer.error();
    co_return task_output(answer->approved);
  });
  const auto r = v.run(plan({tests::of_agent("t", "asks")}));
  CHECK(r.find("t")->state == task_state::failed);
  CHECK(r.find("t")->error->is(errc::invalid_argument));
}
