#include <corchestra/runtime/run_blocking.hpp>

#include <catch2/catch_test_macros.hpp>
#include <future>
#include <thread>

#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/blocking_task.hpp>

#include "support/plans.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;

namespace {

agent_registry echo() {
  agent_registry agents;
  agents.add("a", [](task_context c) -> awaitable<result<task_output>> { co_return task_output(c.task().id); });
  return agents;
}

}  // namespace

TEST_CASE("[D19] a program without an executor runs a plan in one call, on its own thread") {
  const auto here = std::this_thread::get_id();
  run_callbacks callbacks;
  int ended = 0;
  callbacks.on_task_ended = [&](const task_result&) {
    CHECK(std::this_thread::get_id() == here);
    ++ended;
  };
  const auto r = run_blocking(plan({task("one"), task("two", {"one"})}), echo(), callbacks);
  REQUIRE(r);
  CHECK(r->success());
  CHECK(r->find("two")->output.value == "two");
  CHECK(ended == 2);
}

TEST_CASE("agents that need the executor are made in the set-up, whose error ends the call") {
  const auto set_up = [](orchestrator& o) -> result<void> {
    o.agents().add("a", [executor = o.executor()](task_context) -> awaitable<result<task_output>> {
      co_return task_output(time_service::of(executor).now() > time_point());
    });
    return {};
  };
  const auto r = run_blocking(plan({task("t")}), set_up);
  REQUIRE(r);
  CHECK(r->find("t")->output.value == true);
  const auto bad = run_blocking(plan({task("t")}),
                                [](orchestrator&) -> result<void> { return fail(errc::no_endpoint, "no model"); });
  CHECK(bad.error().is(errc::no_endpoint));
}

TEST_CASE("what cannot start is an error, a plan that stays open too") {
  CHECK(run_blocking(plan({task("t", {"ghost"})}), echo()).error().is(errc::unknown_task));
  auto open = plan({task("t")});
  open.options.stay_open = true;
  const auto r = run_blocking(open, echo());
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::invalid_argument));
}

TEST_CASE("the options of the orchestrator apply") {
  run_blocking_options options;
  options.orchestrator.run_id = "fixed";
  CHECK(run_blocking(plan({task("t")}), echo(), {}, options)->run_id == "fixed");
}

TEST_CASE("a stop request from another thread, or from before, cancels the run") {
  agent_registry agents;
  std::promise<void> begun;
  agents.add("a", [&](task_context) -> awaitable<result<task_output>> {
    begun.set_value();
    co_await sleep_for(1h);
    co_return task_output(1);
  });
  std::stop_source source;
  run_blocking_options options;
  options.stop = source.get_token();
  std::thread other([&] {
    begun.get_future().wait();
    source.request_stop();
  });
  const auto r = run_blocking(plan({task("t")}), agents, {}, options);
  other.join();
  CHECK(r->state == run_state::cancelled);
  CHECK(r->cancelled == cancel_reason::user);
  const auto before = run_blocking(plan({task("t")}), echo(), {}, options);
  CHECK(before->state == run_state::cancelled);
  CHECK_FALSE(before->find("t")->output.value == "t");
}

TEST_CASE("an abandoned blocking function does not hold up the return, and its thread outlives the run") {
  worker_threads threads(1);
  std::promise<void> begun, go_on;
  agent_registry agents;
  agents.add("a", blocking_task(threads, [&](const blocking_context&) -> result<task_output> {
               begun.set_value();
               go_on.get_future().wait();
               return task_output(1);
             }));
  std::stop_source source;
  run_blocking_options options;
  options.stop = source.get_token();
  std::thread other([&] {
    begun.get_future().wait();
    source.request_stop();
  });
  auto p = plan({task("t")});
  p.options.limits.cancel_grace = 1ms;
  const auto r = run_blocking(std::move(p), agents, {}, options);
  other.join();
  CHECK(r->find("t")->cancelled == cancel_reason::abandoned);
  go_on.set_value();
}
