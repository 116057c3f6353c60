#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <corchestra/async/sleep.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::failing;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

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

TEST_CASE("without a grace a body that ran out of time is given up at once, and asked to stop all the same") {
  virtual_orchestra v;
  v.agent->on("polite", {{60s}});
  auto p = plan({task("polite")});
  p.tasks[0].limits.schedule_to_close = 1s;
  p.options.limits.cancel_grace = 0s;
  const auto r = v.time.run(v.o.start(p).value().wait());
  CHECK(r.find("polite")->state == task_state::timeout);
  CHECK(r.find("polite")->cancelled == cancel_reason::abandoned);
  v.time.run();
  CHECK(v.end_of("polite") == 1);
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

TEST_CASE("draining finishes what runs, starts nothing, and leaves the run INTERRUPTED [C44]") {
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

TEST_CASE("[C11] shutting an orchestrator down waits for the grace, then cancels, and refuses new runs") {
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

TEST_CASE("a shutdown leaves what had not started unfinished: the run is interrupted") {
  virtual_orchestra v({1h});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("one"), task("after", {"one"})})).value();
    co_await v.o.shutdown(30s);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.state == run_state::interrupted);
  CHECK(r.find("one")->cancelled == cancel_reason::shutdown);
  CHECK(r.find("after")->state == task_state::waiting);
}

TEST_CASE("a cancel that comes while a timed-out attempt stops prevents its retries") {
  virtual_orchestra v;
  v.o.agents().add("slow to stop", [](task_context) -> awaitable<result<task_output>> {
    std::exception_ptr stopped;
    try {
      co_await sleep_for(1h);
    } catch (...) {
      stopped = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await sleep_for(3s);
    std::rethrow_exception(stopped);
  });
  auto t = task("t");
  t.agent = "slow to stop";
  t.limits.start_to_close = 10s;
  t.retry = retry_policy{.max_retries = 3, .first_delay = 1s, .jitter = false};
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({t})).value();
    co_await sleep_for(11s);
    const auto n = co_await r.cancel();
    CHECK(n == 0);  // it was stopping already
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("t")->attempts == 1);
  CHECK(r.find("t")->state == task_state::timeout);
  CHECK(v.time.now() == time_point(13s));
}

TEST_CASE("a called child that ends at once stops others at once") {
  virtual_orchestra v;
  v.agent->takes("slow", 1000s);
  v.agent->takes("quick", 3s);
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    co_await sleep_for(2s);
    auto child = task("child");
    child.rules.get_or_emplace().group = "g";  // its time is over
    const result<task_result> ended = co_await c.call(child);
    CHECK(ended.has_value());
    co_await sleep_for(500s);
    co_return task_output{};
  });
  auto parent = task("parent");
  parent.agent = "parent";
  auto p = plan({parent, task("slow"), task("quick")});
  p.options.fail_fast = true;
  p.options.groups["g"].timeout = 1s;
  p.options.keep = GENERATE(keep_results::all, keep_results::failed);
  const auto r = v.run(std::move(p));
  CHECK(r.state == run_state::failed);
  CHECK(v.time.now() == time_point(2s));
}
