// The fields of calls and results that the predecessors' users know.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("[E17][E19] a call is made from agent, type, description and context") {
  const auto c = create_task_call("t", "backend_agent", "api", "Build the login API", {{"framework", "fastapi"}});
  CHECK(c.id == "t");
  CHECK(c.agent == "backend_agent");
  CHECK(c.task_type == "api");
  CHECK(c.description == "Build the login API");
  CHECK(c.context == json{{"framework", "fastapi"}});
  CHECK(c.priority == 10);
  CHECK(c.depends_on.empty());
  CHECK_FALSE(c.limits.start_to_close);
}

TEST_CASE("[C17] a job's id, name, function, priority and dependencies are a call's, and reach its agent") {
  virtual_orchestra v;
  std::vector<task_call> seen;
  v.o.agents().add("execute", [&](task_context c) -> awaitable<result<task_output>> {
    seen.push_back(c.task());
    co_return task_output{};
  });
  auto normal = task("normal"), critical = task("critical", {"normal"}, 100);
  for (auto* t : {&normal, &critical}) t->agent = "execute";
  critical.description = "Critical path";
  CHECK(v.run(plan({critical, normal})).success());
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].id == "normal");
  CHECK(seen[0].priority == 10);
  CHECK(seen[1].id == "critical");
  CHECK(seen[1].description == "Critical path");
  CHECK(seen[1].agent == "execute");
  CHECK(seen[1].priority == 100);
  CHECK(seen[1].depends_on == std::vector<std::string>{"normal"});
}

TEST_CASE("[E18] a result has success, id, confidence, evidence and error") {
  virtual_orchestra v;
  v.o.agents().add("judge", [](task_context) -> awaitable<result<task_output>> {
    task_output out("fine");
    out.confidence = 0.9;
    out.evidence = {"tests pass"};
    co_return out;
  });
  v.agent->on("bad", {{1s, fail(errc::task_failed, "broken")}});
  auto t = task("good");
  t.agent = "judge";
  const auto r = v.run(plan({t, task("bad")}));
  CHECK(r.find("good")->success());
  CHECK(r.find("good")->output.confidence == 0.9);
  CHECK(r.find("good")->output.evidence == std::vector<std::string>{"tests pass"});
  CHECK_FALSE(r.find("bad")->success());
  CHECK(r.find("bad")->error->message == "broken");
}

TEST_CASE("[C18][E29] a failed result says what went wrong, after how many tries and when") {
  virtual_orchestra v({2s, fail(errc::rate_limited, "too many requests", retry_class::transient)});
  auto t = task("t");
  t.retry = retry_policy{.max_retries = 1, .first_delay = 3s, .jitter = false};
  const auto result = *v.run(plan({t})).find("t");
  CHECK(result.state == task_state::failed);
  CHECK(code_name(*result.error) == "rate_limited");
  CHECK(result.reason == "too many requests");
  CHECK(result.attempts == 2);
  CHECK(result.queued_at == time_point(0s));
  CHECK(result.started_at == time_point(5s));
  CHECK(result.ended_at == time_point(7s));
}

TEST_CASE("calls, results and statuses are made without any argument") {
  CHECK(task_call{}.id.empty());
  CHECK(task_result{}.state == task_state::pending);
  CHECK(task_status{}.attempt == 0);
  CHECK(lock_status{}.holders.empty());
}

TEST_CASE("[E42] the idempotency key is the same in every attempt") {
  virtual_orchestra v;
  std::vector<std::string> keys;
  v.o.agents().add("pays", [&](task_context c) -> awaitable<result<task_output>> {
    keys.push_back(c.idempotency_key());
    if (c.attempt() == 1) co_return fail(errc::connection_lost, "gone", retry_class::transient);
    co_return task_output{};
  });
  auto t = task("t");
  t.agent = "pays";
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  const auto r = v.run(plan({t}));
  CHECK(keys == std::vector<std::string>{r.run_id + "/t", r.run_id + "/t"});
}

TEST_CASE("calls of models are numbered from 1 in every attempt, whichever worker carries it out") {
  virtual_orchestra v;
  std::vector<std::uint32_t> seen;
  v.o.agents().add("asks", [&](task_context c) -> awaitable<result<task_output>> {
    seen.push_back(c.next_model_call());
    seen.push_back(c.next_model_call());
    if (c.attempt() == 1) co_return fail(errc::connection_lost, "gone", retry_class::transient);
    co_return task_output{};
  });
  auto first = task("first"), second = task("second", {"first"});
  for (auto* t : {&first, &second}) {
    t->agent = "asks";
    t->retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  }
  CHECK(v.run(plan({first, second})).success());
  CHECK(seen == std::vector<std::uint32_t>{1, 2, 1, 2, 1, 2, 1, 2});
}

TEST_CASE("[E46] memory of an endless run is bounded by what fails and what waits") {
  virtual_orchestra v;
  auto p = plan({}, 4);
  p.options.keep = keep_results::failed;
  p.options.stay_open = true;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(p).value();
    for (int i = 0; i < 200; ++i) {
      std::vector<task_call> one{task("t" + std::to_string(i))};
      const result<void> accepted = co_await r.submit(std::move(one));
      CHECK(accepted.has_value());
    }
    r.close();
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.success());
  CHECK(r.results.empty());
  CHECK(r.metrics.count(task_state::completed) == 200);
}
