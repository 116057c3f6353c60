// Approvals, pauses, loops, budgets and shared state through the run's handle and the task's context.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::of_agent;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("an approval is answered through the run's handle") {
  virtual_orchestra v;
  auto t = task("danger");
  t.rules.get_or_emplace().approval = approval_rule{"Drop the table?", {}, false};
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({t, task("after", {"danger"})})).value();
    co_await sleep_for(1h);
    const run_status s = co_await r.status();
    REQUIRE(s.approvals.size() == 1);
    CHECK(s.approvals[0].task_id == "danger");
    CHECK(s.approvals[0].message == "Drop the table?");
    const result<void> unknown = co_await r.answer("nobody", true);
    CHECK(unknown.error().is(errc::unknown_task));
    const result<void> early = co_await r.answer("after", true);
    CHECK(early.error().is(errc::invalid_argument));
    const result<void> done = co_await r.answer("danger", true);
    CHECK(done.has_value());
    co_return co_await r.wait();
  };
  CHECK(v.time.run(all()).success());
  CHECK(v.start_of("danger") == 3600);
}

TEST_CASE("[L26] a question in the middle of a task frees its slot, and the answer comes back to it") {
  virtual_orchestra v({5s});
  std::vector<approval_answer> answers;
  v.o.agents().add("asks", [&](task_context c) -> awaitable<result<task_output>> {
    for (const auto* question : {"One?", "Two?"}) {
      const result<approval_answer> answer = co_await c.ask({question, 30s, false});
      answers.push_back(answer.value());
    }
    co_return task_output{};
  });
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({of_agent("asks", "asks"), task("other")}, 1)).value();
    co_await sleep_for(10s);
    const result<void> done = co_await r.answer("asks", true, "but be brief");
    CHECK(done.has_value());
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.success());
  CHECK(v.start_of("other") == 0);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0]);
  CHECK(answers[0].message == "but be brief");
  CHECK_FALSE(answers[1]);
  CHECK(answers[1].message == "no answer in time");
  CHECK(v.time.now() == time_point(40s));
}

TEST_CASE("a task that is cancelled while it asks ends, and its question with it") {
  virtual_orchestra v;
  v.o.agents().add("asks", [&](task_context c) -> awaitable<result<task_output>> {
    const result<approval_answer> answer = co_await c.ask({"Well?", {}, false});
    co_return task_output(answer.value().approved);
  });
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({of_agent("asks", "asks")})).value();
    co_await sleep_for(1s);
    co_await r.cancel_task("asks");
    const run_status s = co_await r.status();
    CHECK(s.approvals.empty());
    co_return co_await r.wait();
  };
  CHECK(v.time.run(all()).find("asks")->state == task_state::cancelled);
  CHECK(v.time.now() == time_point(1s));
}

TEST_CASE("a run is paused and resumed through its handle") {
  virtual_orchestra v({2s});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("a"), task("b", {"a"})})).value();
    co_await sleep_for(1s);
    co_await r.pause();
    co_await sleep_for(9s);
    const run_status s = co_await r.status();
    CHECK(s.state == run_state::paused);
    CHECK(s.count(task_state::completed) == 1);
    const auto why = co_await r.why("b");
    CHECK(why.value() == std::vector<std::string>{"'b' is held: the run is paused"});
    co_await r.resume();
    co_return co_await r.wait();
  };
  CHECK(v.time.run(all()).success());
  CHECK(v.start_of("b") == 10);
}

TEST_CASE("an agent is paused through the handle while others go on") {
  virtual_orchestra v({1s});
  auto other = std::make_shared<testing::scripted_agent>(testing::scripted_step{1s});
  v.o.agents().add("b", other);
  auto p = plan({task("x", {"y"}), of_agent("y", "b"), of_agent("z", "b", {"y"})});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(p).value();
    co_await r.pause("a");
    co_await sleep_for(10s);
    co_await r.resume("a");
    co_return co_await r.wait();
  };
  CHECK(v.time.run(all()).success());
  CHECK(v.start_of("x") == 10);
  CHECK(virtual_orchestra::seconds(other->find("z")->started) == 1);
}

TEST_CASE("a loop's body sees its iteration and the last output") {
  virtual_orchestra v;
  v.o.agents().add("counts", [](task_context c) -> awaitable<result<task_output>> {
    co_await sleep_for(1s);
    const int last = c.previous() ? c.previous()->value("n", 0) : 0;
    CHECK(c.iteration() == static_cast<std::uint32_t>(last + 1));
    co_return task_output(json{{"n", last + 1}, {"done", last + 1 == 4}});
  });
  auto t = of_agent("t", "counts");
  t.rules.get_or_emplace().repeat = loop_rule{.pointer = "/done"};
  const auto r = v.run(plan({t}));
  CHECK(r.find("t")->output.value["n"] == 4);
  CHECK(r.find("t")->iterations == 4);
}

TEST_CASE("[B12] the shared state is merged from outputs, read by later tasks, and in the result") {
  virtual_orchestra v;
  v.agent->on("a", {{1s, {}, 2}}).on("b", {{2s, {}, 3}});
  v.o.agents().add("reads",
                   [](task_context c) -> awaitable<result<task_output>> { co_return task_output(c.shared_state()); });
  auto a = task("a"), b = task("b");
  for (auto* t : {&a, &b}) t->rules.get_or_emplace().state_key = "total";
  auto p = plan({a, b, of_agent("reads", "reads", {"a", "b"})});
  p.options.reducers["total"] = "sum";
  const auto r = v.run(p);
  CHECK(r.find("reads")->output.value == json{{"total", 5}});
  CHECK(r.shared_state == json{{"total", 5}});
}

TEST_CASE("a spent budget ends what is left, and the status shows how it stands") {
  virtual_orchestra v;
  v.o.agents().add("spends", [](task_context c) -> awaitable<result<task_output>> {
    token_usage u;
    u.completion_tokens = 60;
    u.calls = 1;
    c.report_usage(u);
    co_await sleep_for(1s);
    co_return task_output{};
  });
  auto p = plan({of_agent("a", "spends"), of_agent("b", "spends", {"a"}), of_agent("c", "spends", {"b"})});
  p.options.budget.run.tokens = 100;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(p).value();
    co_await sleep_for(500ms);
    const run_status s = co_await r.status();
    CHECK(s.budget.spent.tokens == 60);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("b")->success());
  CHECK(r.find("c")->state == task_state::limit_exceeded);
  CHECK(r.find("c")->reason == "budget: the run's budget of 100 tokens is used up (120 were spent)");
}

TEST_CASE("a spent budget ends what waits for a rate or a back-off at once") {
  virtual_orchestra v({1s, fail(errc::task_failed, "no")});
  v.o.agents().add("spends", [](task_context c) -> awaitable<result<task_output>> {
    co_await sleep_for(2s);
    token_usage u;
    u.completion_tokens = 60;
    u.calls = 1;
    c.report_usage(u);
    co_return task_output{};
  });
  auto spends = of_agent("spends", "spends"), waits = of_agent("waits", "spends"), fails = task("fails");
  for (auto* t : {&spends, &waits}) t->resources = {{"api"}};
  fails.retry = retry_policy{.max_retries = 1, .first_delay = 60s, .jitter = false};
  auto p = plan({spends, waits, fails});
  p.options.resources = {{"api", 1, 1h}};
  p.options.budget.run.tokens = 50;
  const auto r = v.run(p);
  CHECK(r.find("spends")->success());
  for (const auto* id : {"waits", "fails"}) CHECK(r.find(id)->state == task_state::limit_exceeded);
  CHECK(r.metrics.wall == 2s);
}

TEST_CASE("[E33] each silence of a body is told") {
  virtual_orchestra v;
  v.o.agents().add("slow", [](task_context c) -> awaitable<result<task_output>> {
    for (int i = 0; i < 3; ++i) {
      co_await sleep_for(8s);
      if (i == 0) c.heartbeat();
      if (i == 1) c.report_tool_started(nullptr);
    }
    co_return task_output{};
  });
  auto t = of_agent("t", "slow");
  t.limits.heartbeat_timeout = 10s;
  std::vector<double> told;
  run_callbacks callbacks;
  callbacks.on_event = [&](const event& e) {
    if (e.type == event_type::task_stalled) told.push_back(to_seconds(e.at.time_since_epoch()));
  };
  CHECK(v.run(plan({t}), callbacks).success());
  CHECK(told == std::vector<double>{5, 13, 21});
}

TEST_CASE("what an interrupted run left is shown beneath the task that spawned it, not beneath one of a like name") {
  virtual_orchestra v({5s});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("a"), task("a/b", {"a"})})).value();
    co_await sleep_for(1s);
    const result<std::string> child = co_await r.spawn("a", task("c", {"a"}));
    CHECK(child.has_value());
    r.request_drain();
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.state == run_state::interrupted);
  CHECK(r.unfinished() == std::vector<std::string>{"a/b READY", "a COMPLETED", "  a/c READY"});
}

TEST_CASE("[L7] a body gets a fencing token with its lock, and a higher one each time") {
  virtual_orchestra v;
  std::vector<std::uint64_t> tokens;
  v.o.agents().add("writes", [&](task_context c) -> awaitable<result<task_output>> {
    tokens.push_back(c.fence("db"));
    CHECK(c.fence("other") == 0);
    co_await sleep_for(1s);
    co_return task_output{};
  });
  std::vector<task_call> calls;
  for (const auto* id : {"x", "y", "z"}) {
    calls.push_back(of_agent(id, "writes"));
    calls.back().resources = {{"db"}};
  }
  v.run(plan(calls));
  REQUIRE(tokens.size() == 3);
  CHECK(tokens[0] > 0);
  CHECK(tokens[0] < tokens[1]);
  CHECK(tokens[1] < tokens[2]);
}

TEST_CASE("[X7] a run that ignored dependencies says so in its result") {
  virtual_orchestra v;
  auto p = plan({task("a"), task("b", {"a"})});
  CHECK_FALSE(v.run(p).unsafe);
  p.options.mode = scheduling_mode::parallel;
  CHECK(v.o.start(p).error().is(errc::invalid_argument));
  p.options.unsafe_ignore_dependencies = true;
  CHECK(v.run(p).unsafe);
}

TEST_CASE("a run that abandoned a body reports what it still holds") {
  virtual_orchestra v;
  v.agent->on("stuck", {{1h, {}, nullptr, true}});
  auto t = task("stuck");
  t.resources = {{"db"}};
  t.limits.start_to_close = 10s;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({t})).value();
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("stuck")->state == task_state::timeout);
  CHECK(r.quarantined == std::vector<std::string>{"db"});
  CHECK(v.time.now() == time_point(15s));
}
