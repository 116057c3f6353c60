// What the predecessors' users called, by its new name.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/runtime/async_run.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("[A2][E5][E10] a plan of many calls runs in one operation and gives all results in listing order") {
  virtual_orchestra v;
  v.agent->takes("slow", 5s);
  const auto p = plan({task("slow"), task("b"), task("c")});
  auto all = [&]() -> awaitable<run_result> {
    auto done = co_await async_run(v.o, p);
    co_return std::move(done).value();
  };
  const auto r = v.time.run(all());
  REQUIRE(r.results.size() == 3);
  CHECK(r.results[0].id == "slow");
  CHECK(r.results[2].id == "c");
  CHECK(r.success());
}

TEST_CASE("[E1][D47] calls that are independent are under way at the same time") {
  virtual_orchestra v({1s});
  const auto r = v.run(plan({task("a"), task("b"), task("c")}, 3));
  CHECK(v.agent->peak() == 3);
  CHECK(v.time.now() == time_point(1s));
  CHECK(r.metrics.speedup() == 3);
}

TEST_CASE("[E44] one task alone is a plan like any other") {
  virtual_orchestra v;
  CHECK(v.run(plan({task("only")})).results.at(0).success());
}

TEST_CASE("[C9] jobs are submitted while others run") {
  virtual_orchestra v({2s});
  auto p = plan({task("first")});
  p.options.stay_open = true;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(p).value();
    co_await sleep_for(1s);
    std::vector<task_call> more{task("second"), task("third", {"first"})};
    const result<void> accepted = co_await r.submit(std::move(more));
    CHECK(accepted.has_value());
    r.close();
    co_return co_await r.wait();
  };
  CHECK(v.time.run(all()).success());
  CHECK(v.start_of("second") == 1);
  CHECK(v.start_of("third") == 2);
}

TEST_CASE("[C10][E12] waiting for a limited time only waits: the run goes on") {
  virtual_orchestra v({10s});
  auto all = [&]() -> awaitable<void> {
    auto r = v.o.start(plan({task("t")})).value();
    const result<run_result> soon =
        co_await timeout<run_result>(3s, "waiting", [r]() mutable -> awaitable<result<run_result>> {
          auto end = co_await r.wait();
          co_return std::move(end);
        });
    CHECK(soon.error().is(errc::timeout));
    CHECK(soon.error().message == "waiting took longer than 3.00 s");
    const run_result end = co_await r.wait();
    CHECK(end.success());
  };
  v.time.run(all());
  CHECK_FALSE(v.agent->find("t")->cancelled);
}

TEST_CASE(
    "[D17] a task's, a group's and a run's time limits are different things with their own names") {
  virtual_orchestra v({100s});
  auto attempt = task("attempt"), deadline = task("deadline"), member = task("member");
  attempt.limits.start_to_close = 10s;
  deadline.limits.schedule_to_close = 20s;
  member.rules.get_or_emplace().group = "g";
  auto p = plan({attempt, deadline, member, task("rest")});
  p.options.groups["g"].timeout = 30s;
  p.options.limits.run_timeout = 40s;
  const auto r = v.run(p);
  CHECK(r.find("attempt")->reason == "start_to_close of 10.00 s passed");
  CHECK(r.find("deadline")->reason == "schedule_to_close of 20.00 s passed");
  CHECK(r.find("member")->reason == "timeout of group 'g' (30.00 s) passed");
  CHECK(r.find("rest")->reason == "run_timeout of 40.00 s passed");
}

TEST_CASE("[E9][E59] a run has the id that it is given, else one of its own") {
  testing::virtual_time_context time;
  orchestrator named(time.executor(), {.run_id = "workflow-7"});
  named.agents().add("a", std::make_shared<testing::scripted_agent>());
  CHECK(named.start(plan({task("t", {"nobody"})})).has_error());
  CHECK(named.start(plan({task("t")})).value().id() == "workflow-7");
  CHECK(named.start(plan({task("t")})).value().id().size() == 36);
  virtual_orchestra v;
  const auto one = v.o.start(plan({task("t")})).value().id(), two = v.o.start(plan({task("t")})).value().id();
  CHECK_FALSE(one.empty());
  CHECK(one != two);
  time.run();
}

TEST_CASE("[A59] every option has a default: agents and tasks are enough") {
  testing::virtual_time_context time;
  orchestrator o(time.executor());
  o.agents().add("a", std::make_shared<testing::scripted_agent>());
  task_plan p;
  p.tasks = {task("t")};
  CHECK(time.run(o.start(p).value().wait()).success());
}

TEST_CASE("[B14] an agent is registered as an object or as a function, and is found by its name") {
  virtual_orchestra v;
  v.o.agents().add("fn", [](task_context c) -> awaitable<result<task_output>> { co_return task_output(c.task().id); });
  CHECK(v.o.agents().names() == std::vector<std::string>{"a", "fn"});
  auto t = task("t");
  t.agent = "fn";
  CHECK(v.run(plan({t})).find("t")->output.value == "t");
}

TEST_CASE("[A36][B10][B15] an agent gets its call with the context, and the results of what it depends on") {
  virtual_orchestra v;
  v.agent->on("up", {{1s, {}, json{{"rows", 3}}}});
  v.o.agents().add("fn", [](task_context c) -> awaitable<result<task_output>> {
    CHECK(c.task().id == "down");
    CHECK(c.upstream("nobody") == nullptr);
    co_return task_output(json{{"job", c.task().context["job_id"]}, {"rows", c.upstream("up")->output.value["rows"]}});
  });
  auto t = task("down", {"up"});
  t.agent = "fn";
  t.context = {{"job_id", 17}};
  CHECK(v.run(plan({task("up"), t})).find("down")->output.value == json{{"job", 17}, {"rows", 3}});
}

TEST_CASE("[B29][B32] independent tasks take as long as the longest, one after another as long as all") {
  virtual_orchestra many, one;
  for (auto* v : {&many, &one}) v->agent->takes("x", 3s).takes("y", 5s).takes("z", 2s);
  CHECK(many.run(plan({task("x"), task("y"), task("z")})).metrics.wall == 5s);
  CHECK(one.run(plan({task("x"), task("y"), task("z")}, 1)).metrics.wall == 10s);
}

TEST_CASE("[B18] writers: sections in parallel between introduction and conclusion") {
  virtual_orchestra v({10s});
  std::vector<task_call> calls{task("introduction")};
  std::vector<std::string> sections;
  for (int i = 1; i <= 5; ++i) {
    sections.push_back("section " + std::to_string(i));
    calls.push_back(task(sections.back(), {"introduction"}));
  }
  calls.push_back(task("conclusion", sections));
  const auto r = v.run(plan(calls, 5));
  CHECK(r.success());
  CHECK(v.start_of("conclusion") == 20);
  CHECK(r.metrics.peak_width == 5);
}

TEST_CASE("[B19] code is validated after it was generated, and a failed validation is its own failure") {
  virtual_orchestra v;
  v.agent->on("code_validation", {{1s, fail(errc::task_failed, "does not compile")}});
  const auto r = v.run(plan({task("code_generation"), task("code_validation", {"code_generation"})}));
  CHECK(r.find("code_generation")->success());
  CHECK(r.find("code_validation")->reason == "does not compile");
  CHECK(v.start_of("code_validation") == 1);
}

TEST_CASE("[C5][B39] a job that takes more than an hour is stopped unless it has another limit, and says which") {
  virtual_orchestra v({2h});
  auto patient = task("patient");
  patient.limits.start_to_close = 3h;
  const auto r = v.run(plan({task("t"), patient}));
  CHECK(r.find("t")->state == task_state::timeout);
  CHECK(r.find("t")->reason == "start_to_close of 1 h 00 m passed");
  CHECK(v.end_of("t") == 3600);
  CHECK(r.find("patient")->success());
}

TEST_CASE("[C35] iterations are bounded, by ten unless the rule says otherwise") {
  CHECK(loop_rule{}.max_iterations == 10);
  virtual_orchestra v({1s, {}, json{{"done", false}}});
  auto t = task("t");
  t.rules.get_or_emplace().repeat = loop_rule{.pointer = "/done"};
  const auto r = v.run(plan({t}));
  CHECK(r.find("t")->state == task_state::limit_exceeded);
  CHECK(r.find("t")->iterations == 10);
}

TEST_CASE("[C16] priorities, dependencies, slots, callbacks and clean-up work together") {
  virtual_orchestra v({1s});
  std::vector<std::string> ended;
  run_callbacks c;
  c.on_task_ended = [&](const task_result& t) { ended.push_back(t.id); };
  auto locked = task("locked", {}, 5);
  locked.resources = {{"db"}};
  auto all = [&]() -> awaitable<void> {
    auto r =
        v.o.start(plan({task("normal"), task("critical", {}, 100), task("after", {"normal"}), locked}, 1), c).value();
    const run_result end = co_await r.wait();
    CHECK(end.success());
    const auto locks = co_await r.locks();
    for (const auto& l : locks) CHECK(l.holders.empty());
  };
  v.time.run(all());
  CHECK(ended == std::vector<std::string>{"critical", "normal", "after", "locked"});
}
