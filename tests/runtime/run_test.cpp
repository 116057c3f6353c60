#include <corchestra/async/sleep.hpp>
#include <catch2/catch_test_macros.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {
testing::scripted_step failing(std::string message, duration takes = 1s) {
  return {takes, fail(errc::task_failed, std::move(message))};
}
}  // namespace

TEST_CASE("one task's output, times and attempts are in its result") {
  virtual_orchestra v;
  v.agent->on("only", {{2s, {}, json{{"answer", 42}}}});
  const auto r = v.run(plan({task("only")}));
  REQUIRE(r.results.size() == 1);
  const auto& t = r.results[0];
  CHECK(t.success());
  CHECK(t.output.value["answer"] == 42);
  CHECK(t.attempts == 1);
  CHECK(t.last_duration() == 2s);
  CHECK(t.ended_at == time_point(2s));
  CHECK(r.state == run_state::completed);
}

TEST_CASE("an agent that throws fails its task and no other [E27][E28]") {
  virtual_orchestra v;
  v.o.agents().add("thrower", [](task_context) -> awaitable<result<task_output>> {
    throw std::runtime_error("boom");
    co_return task_output{};
  });
  auto bad = task("bad");
  bad.agent = "thrower";
  const auto r = v.run(plan({bad, task("good"), task("after", {"bad"}), task("later", {"after"})}));
  CHECK(r.state == run_state::failed);
  CHECK(r.find("bad")->state == task_state::failed);
  CHECK(r.find("bad")->error->message == "boom");
  CHECK(r.find("good")->success());
  CHECK(r.find("after")->state == task_state::skipped);
  CHECK(r.find("after")->skipped == skip_cause::upstream_failed);
  CHECK(r.find("after")->reason == "upstream_failed: it needs 'bad', which ended FAILED");
  CHECK(r.find("later")->reason == "upstream_failed: it needs 'after', which ended SKIPPED");
}

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

TEST_CASE("[L8][L10] cancelling a waiting, a running, a cancelled and an ended task") {
  virtual_orchestra v({10s});
  std::vector<std::size_t> changed;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("running"), task("waiting"), task("after", {"waiting"}), task("done")}, 1)).value();
    co_await sleep_for(1s);
    changed.push_back(co_await r.cancel_task("waiting", "not needed"));
    changed.push_back(co_await r.cancel_task("waiting"));
    changed.push_back(co_await r.cancel_task("running", "enough"));
    changed.push_back(co_await r.cancel_task("running"));
    changed.push_back(co_await r.cancel_task("nobody"));
    run_result end = co_await r.wait();
    changed.push_back(co_await r.cancel_task("done"));
    co_return end;
  };
  const auto r = v.time.run(all());
  CHECK(changed == std::vector<std::size_t>{1, 0, 1, 0, 0, 0});
  CHECK(r.find("waiting")->state == task_state::cancelled);
  CHECK(r.find("waiting")->reason == "user: not needed");
  CHECK(r.find("after")->state == task_state::skipped);
  CHECK(r.find("running")->cancelled == cancel_reason::user);
  CHECK(v.agent->find("running")->ended == time_point(1s));
  CHECK(r.find("done")->success());
}

TEST_CASE("[E13] cancelling an agent stops its tasks and counts those that changed") {
  virtual_orchestra v({10s});
  v.o.agents().add("b", v.agent);
  auto mine = task("mine");
  mine.agent = "b";
  auto queued = task("queued");
  queued.agent = "b";
  std::size_t changed = 0;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("other"), mine, queued}, 2)).value();
    co_await sleep_for(1s);
    changed = co_await r.cancel_agent("b");
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(changed == 2);
  CHECK(r.find("other")->success());
  CHECK(r.find("mine")->state == task_state::cancelled);
  CHECK(r.find("queued")->state == task_state::cancelled);
}

TEST_CASE("cancelling a run ends everything, and the run says so") {
  virtual_orchestra v({10s});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("one"), task("two"), task("three", {"one"})}, 1)).value();
    co_await sleep_for(1s);
    const auto n = co_await r.cancel("changed my mind");
    CHECK(n == 3);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.state == run_state::cancelled);
  CHECK(r.reason == "user: changed my mind");
  for (const auto& t : r.results) CHECK(t.state == task_state::cancelled);
}

TEST_CASE("a body that ignores its cancellation is abandoned after the grace, its locks quarantined") {
  virtual_orchestra v;
  v.agent->on("stuck", {{60s, {}, nullptr, true}}).takes("other", 1s);
  auto stuck = task("stuck");
  stuck.resources = {{"db"}};
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({stuck, task("other")}, 1)).value();
    co_await sleep_for(1s);
    const auto n = co_await r.cancel_task("stuck");
    CHECK(n == 1);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("stuck")->state == task_state::cancelled);
  CHECK(r.find("stuck")->cancelled == cancel_reason::abandoned);
  CHECK(r.find("stuck")->reason == "user; abandoned: it did not stop within 5.00 s");
  CHECK(r.find("other")->success());  // a fresh worker took over
  CHECK(v.start_of("other") == 6);
  CHECK(r.quarantined == std::vector<std::string>{"db"});
  v.time.run();  // the body ends in peace, its late result is refused
  CHECK(v.end_of("stuck") == 60);
}

TEST_CASE("[L7] a lock held by an abandoned body is handed on only when the body ends") {
  virtual_orchestra v;
  v.agent->on("stuck", {{60s, {}, nullptr, true}}).takes("next", 1s);
  auto stuck = task("stuck");
  stuck.resources = {{"db"}};
  stuck.limits.start_to_close = 10s;
  auto next = task("next");
  next.resources = {{"db"}};
  const auto r = v.run(plan({stuck, next}));
  CHECK(r.find("stuck")->state == task_state::timeout);
  CHECK(r.find("next")->success());
  CHECK(v.start_of("next") == 60);
}

TEST_CASE("[L11][B6] fail_fast cancels the rest, and only when asked for") {
  const auto make = [](bool fast) {
    auto p = plan({task("bad"), task("long"), task("queued")}, 2);
    p.options.fail_fast = fast;
    return p;
  };
  virtual_orchestra v({10s});
  v.agent->on("bad", {failing("no")});
  const auto fast = v.run(make(true));
  CHECK(fast.state == run_state::failed);
  CHECK(fast.find("long")->cancelled == cancel_reason::sibling_failed);
  CHECK(fast.find("queued")->reason == "sibling_failed: fail_fast: 'bad' ended FAILED");
  CHECK(v.time.now() == time_point(1s));
  virtual_orchestra w({10s});
  w.agent->on("bad", {failing("no")});
  const auto slow = w.run(make(false));
  CHECK(slow.find("long")->success());
  CHECK(slow.find("queued")->success());
}

TEST_CASE("sequential mode runs one at a time in topological order, ties by priority, then listing [A28]") {
  virtual_orchestra v;
  auto p = plan({task("c", {"a"}), task("a"), task("b"), task("urgent", {}, 50)}, 8);
  p.options.mode = scheduling_mode::sequential;
  const auto r = v.run(p);
  CHECK(r.metrics.peak_width == 1);
  CHECK(v.start_of("urgent") == 0);
  CHECK(v.start_of("a") == 1);
  CHECK(v.start_of("c") == 2);
  CHECK(v.start_of("b") == 3);
}

TEST_CASE("[L2] a head blocked on a lock does not hide those behind it") {
  virtual_orchestra v({10s});
  auto holder = task("holder", {}, 100);
  holder.resources = {{"db"}};
  auto head = task("head", {}, 90);
  head.resources = {{"db"}};
  const auto r = v.run(plan({holder, head, task("free")}, 2));
  CHECK(r.success());
  CHECK(v.start_of("free") == 0);
  CHECK(v.start_of("head") == 10);
}

TEST_CASE("readers share, a writer waits, and later readers do not overtake it") {
  virtual_orchestra v({10s});
  const auto with = [](std::string id, lock_mode m) {
    auto t = task(std::move(id));
    t.resources = {{"db", m}};
    return t;
  };
  const auto r = v.run(plan({with("r1", lock_mode::shared), with("r2", lock_mode::shared), with("w", lock_mode::exclusive),
                             with("r3", lock_mode::shared)}));
  CHECK(r.success());
  CHECK(v.start_of("r1") == 0);
  CHECK(v.start_of("r2") == 0);
  CHECK(v.start_of("w") == 10);
  CHECK(v.start_of("r3") == 20);
}

TEST_CASE("draining finishes what runs, starts nothing, and leaves the run INTERRUPTED [C11][C44]") {
  virtual_orchestra v({10s});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("one"), task("two")}, 1)).value();
    co_await sleep_for(1s);
    r.request_drain();
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.state == run_state::interrupted);
  CHECK(r.find("one")->success());
  CHECK(r.find("two")->state == task_state::ready);
  CHECK(v.time.now() == time_point(10s));
}

TEST_CASE("shutting an orchestrator down waits for the grace, then cancels, and refuses new runs") {
  virtual_orchestra v({1h});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("one")})).value();
    co_await v.o.shutdown(30s);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("one")->cancelled == cancel_reason::shutdown);
  CHECK(v.time.now() == time_point(30s));
  const auto refused = v.o.start(plan({task("two")}));
  REQUIRE(refused.has_error());
  CHECK(refused.error().is(errc::not_running));
}

TEST_CASE("bad plans are refused before anything runs [L21]") {
  virtual_orchestra v;
  const auto refused = [&](std::vector<task_call> tasks) { return v.o.start(plan(std::move(tasks))).error(); };
  CHECK(refused({task("a", {"ghost"})}).is(errc::unknown_task));
  CHECK(refused({task("a"), task("a")}).is(errc::duplicate_task));
  CHECK(refused({task("a", {"b"}), task("b", {"a"})}).is(errc::dependency_cycle));
  auto stranger = task("a");
  stranger.agent = "nobody";
  CHECK(refused({stranger}).message == "task 'a': no agent named 'nobody' is registered");
  auto zero = task("a");
  zero.limits.start_to_close = 0s;
  CHECK(refused({zero}).message == "task 'a': start_to_close must be above zero");
  CHECK(v.agent->log().empty());
}

TEST_CASE("an empty plan completes at once") {
  virtual_orchestra v;
  const auto r = v.run(plan({}));
  CHECK(r.state == run_state::completed);
  CHECK(r.metrics.speedup() == 1.0);
}

TEST_CASE("tasks can be submitted while the run is open, and close lets it end") {
  virtual_orchestra v;
  auto p = plan({task("first")});
  p.options.stay_open = true;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(p).value();
    co_await sleep_for(5s);
    result<void> more = co_await r.submit({task("second", {"first"})});
    CHECK(more.has_value());
    result<void> twice = co_await r.submit({task("second")});
    CHECK(twice.error().is(errc::duplicate_task));
    r.close();
    run_result end = co_await r.wait();
    result<void> late = co_await r.submit({task("third")});
    CHECK(late.error().is(errc::not_running));
    co_return end;
  };
  const auto r = v.time.run(all());
  CHECK(r.success());
  CHECK(v.start_of("second") == 5);
}

TEST_CASE("submission suspends while too many tasks wait") {
  testing::virtual_time_context time;
  auto agent = std::make_shared<testing::scripted_agent>(testing::scripted_step{1s});
  orchestrator o(time.executor(), {.max_pending = 2});
  o.agents().add("a", agent);
  auto p = plan({task("t0")}, 1);
  p.options.stay_open = true;
  std::vector<double> accepted;
  auto all = [&]() -> awaitable<run_result> {
    auto r = o.start(p).value();
    for (int i = 1; i <= 5; ++i) {
      std::vector<task_call> one{task("t" + std::to_string(i))};
      result<void> ok = co_await r.submit(std::move(one));
      CHECK(ok.has_value());
      accepted.push_back(virtual_orchestra::seconds(co_await now()));
    }
    r.close();
    co_return co_await r.wait();
  };
  CHECK(time.run(all()).success());
  CHECK(accepted == std::vector<double>{0, 0, 1, 2, 3});
}

TEST_CASE("status, metrics and locks show a run in flight [C13][E11]") {
  virtual_orchestra v({10s});
  auto t = task("one");
  t.resources = {{"db"}};
  auto u = task("two");
  u.resources = {{"db"}};
  auto all = [&]() -> awaitable<void> {
    auto r = v.o.start(plan({t, u, task("three", {"one"})})).value();
    co_await sleep_for(5s);
    const run_status s = co_await r.status();
    CHECK(s.state == run_state::running);
    REQUIRE(s.running.size() == 1);
    CHECK(s.running[0].id == "one");
    CHECK(s.count(task_state::waiting) == 2);
    const auto locks = co_await r.locks();
    REQUIRE(locks.size() == 1);
    CHECK(locks[0].holders == std::vector<std::string>{"one"});
    CHECK(locks[0].waiters == std::vector<std::string>{"two"});
    const run_metrics m = co_await r.metrics();
    CHECK(m.wall == 5s);
    run_result end = co_await r.wait();
    CHECK(end.success());
    const auto ended = co_await r.results();
    CHECK(ended.size() == 3);
  };
  v.time.run(all());
}

TEST_CASE("callbacks see progress and every end, and what they throw stops nothing [E8][E30]") {
  virtual_orchestra v;
  v.agent->on("t", {{4s, {}, nullptr, false, 3}});
  std::vector<double> progress;
  std::vector<std::string> ended;
  std::vector<std::uint64_t> seqs;
  run_callbacks c;
  c.on_progress = [&](std::string_view, double p) { progress.push_back(p); };
  c.on_task_ended = [&](const task_result& r) {
    ended.push_back(r.id);
    throw std::runtime_error("a broken callback");
  };
  c.on_event = [&](const event& e) { seqs.push_back(e.seq); };
  const auto r = v.run(plan({task("t"), task("u", {"t"})}), c);
  CHECK(r.success());
  CHECK(progress == std::vector<double>{0.25, 0.5, 0.75});
  CHECK(ended == std::vector<std::string>{"t", "u"});
  CHECK(r.metrics.callback_failures == 2);
  for (std::size_t i = 0; i < seqs.size(); ++i) CHECK(seqs[i] == i + 1);
}

TEST_CASE("[L28] a context destroyed in the middle of a run frees every frame") {
  auto alive = std::make_shared<int>(1);
  {
    virtual_orchestra v;
    v.o.agents().add("keeper", [alive](task_context c) -> awaitable<result<task_output>> {
      auto mine = alive;
      co_await c.wait(wait_reason::rate, sleep_for(1h));
      co_return task_output{};
    });
    auto t = task("t");
    t.agent = "keeper";
    auto r = v.o.start(plan({t, task("quick"), task("after", {"t"})})).value();
    v.time.advance(10s);
    CHECK(alive.use_count() >= 3);
  }
  CHECK(alive.use_count() == 1);
}
