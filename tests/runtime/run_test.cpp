#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

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

TEST_CASE("bad plans are refused before anything runs [L21][I9]") {
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

TEST_CASE("submission that must not wait is refused while too many tasks wait") {
  testing::virtual_time_context time;
  orchestrator o(time.executor(), {.max_pending = 2});
  o.agents().add("a", std::make_shared<testing::scripted_agent>(testing::scripted_step{1s}));
  auto p = plan({task("t0")}, 1);
  p.options.stay_open = true;
  std::vector<std::string> answers;
  auto all = [&]() -> awaitable<run_result> {
    auto r = o.start(p).value();
    for (int i = 1; i <= 3; ++i) {
      std::vector<task_call> one{task("t" + std::to_string(i))};
      result<void> taken = co_await r.try_submit(std::move(one));
      answers.push_back(taken.has_value() ? "taken" : concat(code_name(taken.error()), ": ", taken.error().message));
    }
    co_await sleep_for(1500ms);
    std::vector<task_call> later{task("t4")};
    result<void> taken = co_await r.try_submit(std::move(later));
    CHECK(taken.has_value());
    r.close();
    co_return co_await r.wait();
  };
  CHECK(time.run(all()).results.size() == 4);
  CHECK(answers == std::vector<std::string>{
                       "taken", "taken", "queue_full: the run has 2 task calls waiting, and takes no more before some have begun"});
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

TEST_CASE("[L28] callbacks, agents and functions of the options that keep a handle of their run do not keep it alive") {
  const auto alive = std::make_shared<int>(1);
  const bool ends = GENERATE(true, false);  // or its context is destroyed before
  {
    virtual_orchestra v({10s});
    const auto handle = std::make_shared<std::optional<run>>();
    v.o.agents().add("keeper", [alive, handle](task_context) -> awaitable<result<task_output>> {
      co_await sleep_for(10s);
      co_return task_output{};
    });
    run_callbacks c;
    c.on_event = [alive, handle](const event&) {};
    auto t = task("t");
    t.agent = "keeper";
    auto p = plan({t});
    p.options.order = start_order::custom;
    p.options.score = [alive, handle](const task_call&) { return 0.0; };
    p.options.on_error = [alive, handle](const task_call&, std::uint32_t, const error&) { return error_decision{}; };
    p.options.custom_reducers["k"] = [alive, handle](json before, const json&) { return before; };
    handle->emplace(v.o.start(std::move(p), std::move(c)).value());
    v.o.agents().add("keeper", v.agent);  // the orchestrator's own registry lets go of it
    v.time.advance(ends ? 20s : 5s);
    CHECK((alive.use_count() == 1) == ends);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("[L28] what is asked of a run whose context is gone happens to nobody") {
  std::optional<run> kept;
  {
    virtual_orchestra v({10s});
    kept = v.o.start(plan({task("t")})).value();
    v.time.advance(GENERATE(0s, 5s, 20s));
  }
  kept->request_cancel();
  kept->close();
  CHECK_FALSE(kept->id().empty());
}

TEST_CASE("a status has the progress of the run, each task weighted by what it is expected to take") {
  virtual_orchestra v({10s});
  auto all = [&]() -> awaitable<double> {
    auto longer = task("long", {"short"});
    longer.rules.get_or_emplace().expected_duration = 30s;
    auto shorter = task("short");
    shorter.rules.get_or_emplace().expected_duration = 10s;
    auto r = v.o.start(plan({longer, shorter})).value();
    co_await sleep_for(11s);
    const run_status s = co_await r.status();
    co_return s.progress;
  };
  CHECK(v.time.run(all()) == 0.25);
}

TEST_CASE("the resources that tasks waited for are told at the end, the worst first") {
  virtual_orchestra v({10s});
  auto a = task("a"), b = task("b"), c = task("c"), d = task("d");
  a.resources = b.resources = c.resources = {{"db"}};
  d.resources = {{"free"}};
  const auto r = v.run(plan({a, b, c, d}));
  REQUIRE(r.contention.size() == 1);
  CHECK(r.contention[0].resource == "db");
  CHECK(r.contention[0].waited == 30s);
}

TEST_CASE("[L28] a shutdown tells the tree of the tasks that it left") {
  std::vector<std::string> log;
  testing::virtual_time_context time;
  orchestrator_options options;
  options.logger = logger(log_level::warn, [&](log_level, std::string_view, std::string_view text) { log.emplace_back(text); });
  options.run_id = "r";
  orchestrator o(time.executor(), options);
  o.agents().add("a", std::make_shared<testing::scripted_agent>(testing::scripted_step{1h}));
  o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    const auto child = co_await c.call(task("child"));
    co_return child.value().output;
  });
  auto all = [&]() -> awaitable<void> {
    auto p = task("p");
    p.agent = "parent";
    auto r = o.start(plan({p, task("next", {"p"})})).value();
    co_await sleep_for(1s);
    co_await o.shutdown(10s);
  };
  time.run(all());
  CHECK(log == std::vector<std::string>{"run r was shut down with tasks that had not ended:", "  p CANCELLED", "    p/child CANCELLED",
                                        "  next WAITING"});
}
