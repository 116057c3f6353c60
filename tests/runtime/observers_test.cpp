// What a run tells those who watch it: events, progress, status, metrics, forecasts.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/core/forecast.hpp>
#include <corchestra/runtime/async_run.hpp>
#include <corchestra/runtime/event_stream.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::failing;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {

/// The states of one task over a run, as the events tell them.
std::vector<task_state> states_of(virtual_orchestra& v, task_plan p, std::string_view id) {
  std::vector<task_state> all;
  run_callbacks c;
  c.on_event = [&](const event& e) {
    if (e.task_id == id && e.type != event_type::task_submitted && (all.empty() || all.back() != e.state))
      all.push_back(e.state);
  };
  v.run(std::move(p), c);
  return all;
}

}  // namespace

TEST_CASE("[C21][C22][C23] a task is WAITING, READY, RUNNING and COMPLETED, in this order") {
  using enum task_state;
  virtual_orchestra v;
  CHECK(states_of(v, plan({task("first"), task("t", {"first"})}), "t") ==
        std::vector{waiting, ready, running, completed});
}

TEST_CASE("[C24][E36] a failing task ends FAILED after every try is told") {
  using enum task_state;
  virtual_orchestra v({1s, fail(errc::task_failed, "no")});
  auto t = task("t");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  CHECK(states_of(v, plan({t}), "t") == std::vector{ready, running, waiting, ready, running, failed});
}

TEST_CASE("[C25][E38] a cancelled task ends CANCELLED with whose wish it was and why") {
  virtual_orchestra v({1h});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("t"), task("u")})).value();
    co_await sleep_for(1s);
    const auto n = co_await r.cancel_task("t", "not needed any more");
    CHECK(n == 1);
    const auto rest = co_await r.cancel("closing time");
    CHECK(rest == 1);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("t")->state == task_state::cancelled);
  CHECK(r.find("t")->reason == "user: not needed any more");
  CHECK(r.find("u")->reason == "user: closing time");
  CHECK(r.state == run_state::cancelled);
}

TEST_CASE("[E6][A45][D30] running instances have task, agent, state, attempt, start and progress") {
  virtual_orchestra v;
  v.agent->on("t", {{10s, {}, nullptr, false, 9}});
  auto all = [&]() -> awaitable<void> {
    auto t = task("t");
    t.task_type = "report";
    auto r = v.o.start(plan({task("before"), t})).value();
    co_await sleep_for(5500ms);
    const run_status s = co_await r.status();
    REQUIRE(s.running.size() == 1);
    const task_status& i = s.running[0];
    CHECK(i.id == "t");
    CHECK(i.agent == "a");
    CHECK(i.task_type == "report");
    CHECK(i.state == task_state::running);
    CHECK(i.attempt == 1);
    CHECK(i.started_at == time_point(0s));
    CHECK(i.progress == 0.5);
    co_await r.wait();
    const run_status after = co_await r.status();
    CHECK(after.running.empty());
  };
  v.time.run(all());
}

TEST_CASE("[E7] resource locks name who holds and who waits") {
  virtual_orchestra v({10s});
  auto t = task("t"), u = task("u");
  t.resources = u.resources = {{"file:/srv/data.csv"}};
  auto all = [&]() -> awaitable<void> {
    auto r = v.o.start(plan({t, u})).value();
    co_await sleep_for(1s);
    const auto locks = co_await r.locks();
    const auto at =
        std::find_if(locks.begin(), locks.end(), [](const auto& l) { return l.resource == "file:/srv/data.csv"; });
    REQUIRE(at != locks.end());
    CHECK(at->holders == std::vector<std::string>{"t"});
    CHECK(at->waiters == std::vector<std::string>{"u"});
    co_await r.wait();
  };
  v.time.run(all());
}

TEST_CASE("[E14][E31][E32] metrics and counts by state are there while the run goes on") {
  virtual_orchestra v({10s});
  v.agent->takes("quick", 1s);
  auto all = [&]() -> awaitable<void> {
    auto r = v.o.start(plan({task("quick"), task("slow"), task("queued")}, 2)).value();
    co_await sleep_for(5s);
    const run_status s = co_await r.status();
    CHECK(s.count(task_state::completed) == 1);
    CHECK(s.count(task_state::running) == 2);
    const run_metrics m = co_await r.metrics();
    CHECK(m.total_tasks == 3);
    CHECK(m.count(task_state::completed) == 1);
    CHECK(m.success_rate() == 1);
    CHECK(m.average_execution == 1s);
    co_await r.wait();
  };
  v.time.run(all());
}

TEST_CASE("[C3][C12] those callbacks are called that were given, with id and result") {
  virtual_orchestra v;
  v.agent->on("t", {{1s, {}, 42}});
  CHECK(v.run(plan({task("t")})).metrics.callback_failures == 0);
  std::vector<std::pair<std::string, json>> seen;
  run_callbacks c;
  c.on_task_ended = [&](const task_result& r) { seen.emplace_back(r.id, r.output.value); };
  v.run(plan({task("t")}), c);
  CHECK(seen == std::vector<std::pair<std::string, json>>{{"t", 42}});
}

TEST_CASE("[X11] what a callback throws is counted and stops nothing, and a slow reader holds nobody up") {
  virtual_orchestra v({1s});
  event_stream nobody_reads(v.time.executor(), 4);
  auto c = nobody_reads.callbacks();
  int thrown = 0;
  c.on_progress = [&](std::string_view, double) {
    ++thrown;
    throw std::runtime_error("broken");
  };
  v.agent->on("t", {{10s, {}, nullptr, false, 9}});
  const auto r = v.run(plan({task("t"), task("after", {"t"})}), c);
  CHECK(r.success());
  CHECK(thrown == 9);
  CHECK(r.metrics.callback_failures == 9);
  CHECK(v.time.now() == time_point(11s));
}

namespace {

/// What is logged of a run whose one body, and then whose callback for the attempt's end, each keep the strand for 150 ms.
std::vector<std::string> log_of_a_slow_callback() {
  std::vector<std::string> log;
  orchestrator_options options;
  options.logger = logger(log_level::warn, [&](log_level, std::string_view, std::string_view text) { log.emplace_back(text); });
  const auto keep_the_strand = [] {
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < 150ms) {
    }
  };
  asio::io_context io;
  orchestrator o(io.get_executor(), options);
  o.agents().add("a", [&](task_context) -> awaitable<result<task_output>> {
    keep_the_strand();
    co_return task_output{};
  });
  run_callbacks c;
  c.on_event = [&](const event& e) {
    if (e.type == event_type::attempt_ended) keep_the_strand();
  };
  bool success = false;
  async_run(o, plan({task("t")}), c, [&](const result<run_result>& r) { success = r.has_value() && r->success(); });
  io.run();
  REQUIRE(success);
  return log;
}

}  // namespace

TEST_CASE("[X11] a callback that keeps the run's strand for long is told, once, and not blamed for what others took") {
  std::vector<std::string> log;
  for (int tries = 0; tries < 5 && log.size() != 1; ++tries) log = log_of_a_slow_callback();  // others may be displaced for as long
  REQUIRE(log.size() == 1);
  CHECK(log[0].starts_with("callback on_event took 1"));
}

TEST_CASE("[E34][E63] a tracker of one's own has progress, time and estimated end from the same events") {
  virtual_orchestra v({10s});
  forecast when;
  std::vector<double> left;
  std::vector<std::pair<double, double>> reported;  // at which second, how far
  v.agent->on("t0", {{10s, {}, nullptr, false, 4}});
  run_callbacks c;
  c.on_event = [&](const event& e) {
    when(e);
    if (e.type == event_type::task_progress) reported.emplace_back(to_seconds(e.at.time_since_epoch()), e.progress);
    if (e.type != event_type::task_ended) return;
    const auto eta = when.remaining(e.at);
    left.push_back(eta ? to_seconds(eta->p50) : -1);
    if (eta) CHECK(eta->p90 >= eta->p50);
  };
  std::vector<task_call> chain{task("t0")};
  for (int i = 1; i < 6; ++i) chain.push_back(task("t" + std::to_string(i), {"t" + std::to_string(i - 1)}));
  v.run(plan(chain), c);
  REQUIRE(left.size() == 6);
  CHECK(reported == std::vector<std::pair<double, double>>{{2, 0.2}, {4, 0.4}, {6, 0.6}, {8, 0.8}});
  CHECK(left[0] == -1);  // unknown before three samples
  CHECK(left[1] == -1);
  for (std::size_t i = 2; i < 6; ++i) CHECK(std::abs(left[i] - 10.0 * static_cast<double>(5 - i)) < 1);
}

TEST_CASE("[E56] any number of watchers get the same facts in the same order") {
  virtual_orchestra v;
  std::vector<std::uint64_t> direct;
  run_callbacks c;
  event_stream stream(v.time.executor());
  c = stream.callbacks();
  const auto streamed = c.on_event;
  c.on_event = [&](const event& e) {
    direct.push_back(e.seq);
    streamed(e);
  };
  std::vector<std::uint64_t> later;
  auto all = [&]() -> awaitable<void> {
    auto r = v.o.start(plan({task("t"), task("u", {"t"})}), c).value();
    co_await r.wait();
    for (;;) {
      const auto record = co_await stream.next();
      if (!record) break;
      later.push_back((*record)["seq"]);
    }
  };
  v.time.run(all());
  CHECK(direct == later);
}

TEST_CASE("[L27] nothing is resumed inline: a callback may cancel, answer and drain the run that calls it") {
  virtual_orchestra v({1s});
  std::optional<run> handle;
  bool inside = false;
  auto guarded = task("guarded", {"first"});
  guarded.rules.get_or_emplace().approval = approval_rule{"Go on?", {}, false};
  run_callbacks c;
  c.on_event = [&](const event& e) {
    CHECK_FALSE(inside);
    inside = true;
    if (e.type == event_type::approval_requested) handle->request_answer(std::string(e.task_id), true);
    if (e.type == event_type::task_ended && e.task_id == "guarded") handle->request_cancel("seen enough");
    inside = false;
  };
  auto all = [&]() -> awaitable<run_result> {
    handle = v.o.start(plan({task("first"), guarded, task("last", {"guarded"})}), c).value();
    co_return co_await handle->wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("guarded")->success());
  CHECK(r.find("last")->reason == "user: seen enough");
}

TEST_CASE("[L25] an operation begun after the cancellation sees it, and one that ended first keeps its result") {
  virtual_orchestra v({1s});
  bool went_on = false;
  v.o.agents().add("late", [&](task_context c) -> awaitable<result<task_output>> {
    const auto until = co_await now() + 10s;
    while (!c.cancelled()) {
      try {
        co_await sleep_for(1s);
      } catch (const boost::system::system_error&) {
        break;
      }
      if (co_await now() > until) break;
    }
    co_await sleep_for(1h);  // never begins
    went_on = true;
    co_return task_output{};
  });
  auto t = task("t");
  t.agent = "late";
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({t, task("quick")})).value();
    co_await sleep_for(1500ms);
    co_await r.cancel();
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK_FALSE(went_on);
  CHECK(r.find("t")->state == task_state::cancelled);
  CHECK(r.find("quick")->success());
  CHECK(v.time.now() == time_point(1500ms));
}

TEST_CASE("a callback may use a task's context while the scheduler ends other tasks") {
  virtual_orchestra v;
  std::optional<task_context> kept;
  v.o.agents().add("long", [&](task_context c) -> awaitable<result<task_output>> {
    kept = c;
    co_await sleep_for(1h);
    kept.reset();
    co_return task_output{};
  });
  v.agent->on("fails", {failing("no")});
  auto main_task = task("main");
  main_task.agent = "long";
  std::vector<task_call> calls{main_task, task("fails")};
  for (const char* id : {"s1", "s2", "s3"}) calls.push_back(task(id, {"fails"}));
  std::vector<std::string> ended;
  run_callbacks callbacks;
  callbacks.on_task_ended = [&](const task_result& r) {
    ended.push_back(r.id);
    if (kept) kept->report_progress(static_cast<double>(ended.size()) / 5, r.id);
  };
  const run_result r = v.run(plan(calls), callbacks);
  CHECK(r.find("main")->success());
  CHECK(ended == std::vector<std::string>{"fails", "s1", "s2", "s3", "main"});
}
