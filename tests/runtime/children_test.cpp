#include <corchestra/async/gather.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <catch2/catch_test_macros.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {
task_call parent_task(std::string id = "parent") {
  auto t = task(std::move(id));
  t.agent = "parent";
  return t;
}
}  // namespace

TEST_CASE("spawned children start after their parent's success and count as its subtree [C36]") {
  virtual_orchestra v;
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    co_await sleep_for(5s);
    const auto named = c.spawn(task("left"));
    const auto ordinal = c.spawn(task(""));
    auto after = task("right", {"parent/left"});
    const auto dependent = c.spawn(after);
    CHECK(named.value() == "parent/left");
    CHECK(ordinal.value() == "parent/2");
    CHECK(dependent.value() == "parent/right");
    co_await sleep_for(5s);
    co_return task_output{};
  });
  const auto r = v.run(plan({parent_task()}));
  CHECK(r.success());
  CHECK(r.results.size() == 4);
  CHECK(r.find("parent/left")->parent == "parent");
  CHECK(v.start_of("parent/left") == 10);
  CHECK(v.start_of("parent/right") == 11);
}

TEST_CASE("the children of a failed attempt are dropped, those of its retry are committed") {
  virtual_orchestra v;
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    const auto id = c.spawn(task(""));
    CHECK(id.value() == "parent/1");
    if (c.attempt() == 1) co_return fail(errc::task_failed, "first try");
    co_return task_output{};
  });
  auto t = parent_task();
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  const auto r = v.run(plan({t}));
  CHECK(r.success());
  CHECK(r.results.size() == 2);
  CHECK(v.start_of("parent/1") == 1);
}

TEST_CASE("[L5] a parent that awaits a child gives its slot back at once, and goes on in the second the child ends") {
  virtual_orchestra v({10s});
  double resumed = -1;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child"));
    resumed = virtual_orchestra::seconds(co_await now());
    CHECK(child.value().success());
    co_await sleep_for(1s);
    co_return task_output{};
  });
  const auto r = v.run(plan({parent_task(), task("child-of-nobody")}, 1));
  CHECK(r.success());
  CHECK(v.start_of("child-of-nobody") == 0);  // listed before the child, and the slot was free
  CHECK(v.agent->peak() == 1);
  CHECK(r.find("parent/child")->success());
  CHECK(v.start_of("parent/child") == 10);
  CHECK(resumed == 20);
}

TEST_CASE("a child's failure is a value to the parent that called it") {
  virtual_orchestra v;
  v.agent->on("parent/child", {{1s, fail(errc::task_failed, "sorry")}});
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child"));
    co_return task_output(child.value().reason);
  });
  const auto r = v.run(plan({parent_task()}));
  CHECK(r.find("parent")->output.value == "sorry");
  CHECK(r.state == run_state::failed);
}

TEST_CASE("cancelling a parent cancels the children it waits for") {
  virtual_orchestra v({1h});
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child"));
    co_return task_output{};
  });
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({parent_task()})).value();
    co_await sleep_for(1s);
    const auto n = co_await r.cancel_task("parent");
    CHECK(n == 2);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("parent")->cancelled == cancel_reason::user);
  CHECK(r.find("parent/child")->cancelled == cancel_reason::parent_cancelled);
  CHECK(v.time.now() == time_point(1s));
}

TEST_CASE("start_to_close stands still while a task waits for its child, its deadline does not") {
  virtual_orchestra v({30s});
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child"));
    co_await sleep_for(1s);
    co_return task_output{};
  });
  auto patient = parent_task("patient");
  patient.limits.start_to_close = 5s;
  auto hurried = parent_task("hurried");
  hurried.limits.schedule_to_close = 10s;
  const auto r = v.run(plan({patient, hurried}));
  CHECK(r.find("patient")->success());
  CHECK(r.find("hurried")->state == task_state::timeout);
  CHECK(r.find("hurried/child")->state == task_state::timeout);
  CHECK(r.find("hurried/child")->reason == "schedule_to_close of 10.00 s of 'hurried' passed");
}

TEST_CASE("[L12] caps on children, depth and spawned tasks are errors, never silence [C39]") {
  virtual_orchestra v;
  std::vector<std::string> messages;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    for (int i = 0; i < 3; ++i) {
      const auto id = c.spawn(task(""));
      if (id.has_error()) {
        CHECK(id.error().is(errc::limit_exceeded));
        messages.push_back(id.error().message);
      }
    }
    co_return task_output{};
  });
  auto p = plan({parent_task()});
  p.options.limits.max_children_per_task = 2;
  const auto r = v.run(p);
  CHECK(r.results.size() == 1);
  CHECK(r.find("parent")->state == task_state::limit_exceeded);
  CHECK(messages == std::vector<std::string>{"task 'parent': the limit of 2 children a task is reached"});
}

TEST_CASE("a child that depends on the ancestor that waits for it is refused") {
  virtual_orchestra v;
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child", {"parent"}));
    if (child.has_error()) co_return child.error();
    co_return task_output{};
  });
  const auto r = v.run(plan({parent_task()}));
  CHECK(r.find("parent")->error->is(errc::dependency_cycle));
}

TEST_CASE("run::spawn adds a child from outside while its parent lives") {
  virtual_orchestra v({5s});
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({task("parent")})).value();
    co_await sleep_for(1s);
    const auto id = co_await r.spawn("parent", task("extra"));
    CHECK(id.value() == "parent/extra");
    const auto none = co_await r.spawn("ghost", task("extra"));
    CHECK(none.error().is(errc::unknown_task));
    run_result end = co_await r.wait();
    const auto late = co_await r.spawn("parent", task("more"));
    CHECK(late.error().is(errc::not_running));
    co_return end;
  };
  const auto r = v.time.run(all());
  CHECK(r.find("parent/extra")->success());
  CHECK(v.start_of("parent/extra") == 1);
}

TEST_CASE("a parent can call several children at once") {
  virtual_orchestra v;
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    std::vector<std::function<awaitable<int>()>> calls;
    for (int i = 0; i < 3; ++i) {
      calls.push_back([c]() mutable -> awaitable<int> {
        result<task_result> child = co_await c.call(task(""));
        co_return child.value().success() ? 1 : 0;
      });
    }
    const std::vector<int> ended = co_await gather<int>(calls);
    co_return task_output(ended.size());
  });
  for (const std::uint32_t slots : {1u, 4u}) {
    const auto r = v.run(plan({parent_task()}, slots));
    INFO(slots << " slots: " << r.find("parent")->reason);
    CHECK(r.find("parent")->output.value == 3);
    CHECK(r.results.size() == 4);
  }
}

TEST_CASE("a wait that is broken off leaves the body with its slot and its limits") {
  virtual_orchestra v({1h});
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    auto wait = [c]() mutable -> awaitable<result<bool>> {
      co_await c.wait(wait_reason::rate, sleep_for(1h));
      co_return true;
    };
    const result<bool> waited = co_await timeout<bool>(2s, "the limiter", wait);
    CHECK(waited.has_error());
    co_await sleep_for(1h);
    co_return task_output{};
  });
  auto t = parent_task();
  t.limits.start_to_close = 10s;
  const auto r = v.run(plan({t}, 1));
  CHECK(r.find("parent")->reason == "start_to_close of 10.00 s passed");
  CHECK(v.time.now() == time_point(12s));  // the two seconds of waiting do not count
}

TEST_CASE("unnamed children keep their numbers over a retry, and completed ones are not run again") {
  virtual_orchestra v;
  v.agent->on("parent/1", {{1s, {}, "first"}}).on("parent/2", {{1s, {}, "second"}});
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    result<task_result> one = co_await c.call(task(""));
    result<task_result> two = co_await c.call(task(""));
    if (c.attempt() == 1) co_return fail(errc::task_failed, "first try");
    co_return task_output(json{one.value().output.value, two.value().output.value});
  });
  auto t = parent_task();
  t.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  const auto r = v.run(plan({t}));
  CHECK(r.find("parent")->output.value == json{"first", "second"});
  CHECK(v.agent->log().size() == 2);
}

TEST_CASE("a child that needs a lock its waiting ancestor holds is refused") {
  virtual_orchestra v;
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    auto child = task("child");
    child.resources = {{"db"}};
    result<task_result> r = co_await c.call(child);
    if (r.has_error()) co_return r.error();
    co_return task_output{};
  });
  auto t = parent_task();
  t.resources = {{"db"}};
  const auto r = v.run(plan({t}));
  CHECK(r.find("parent")->error->is(errc::unreachable_resource));
}

TEST_CASE("draining finishes the children that a running task waits for") {
  virtual_orchestra v({10s});
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child"));
    co_return task_output(child.value().success());
  });
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({parent_task(), task("other"), task("late")}, 1)).value();
    co_await sleep_for(1s);
    r.request_drain();
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.find("parent")->success());
  CHECK(r.state == run_state::interrupted);
}

TEST_CASE("a child that ends in the step in which its parent begins to wait still wakes it") {
  virtual_orchestra v;
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    co_await sleep_for(1s);
    c.report_usage({}, nullptr, budget_amount{100, 0});
    const result<task_result> child = co_await c.call(task("child"));
    co_return task_output(to_string(child.value().state));
  });
  auto p = plan({parent_task()}, 1);
  p.options.budget.run.tokens = 100;
  const auto r = v.run(std::move(p));
  CHECK(r.find("parent/child")->state == task_state::limit_exceeded);
  CHECK(r.find("parent")->output.value == "LIMIT_EXCEEDED");
  CHECK(v.time.now() == time_point(1s));
}

TEST_CASE("a child is cancelled when its parent no longer waits for it") {
  virtual_orchestra v({1h});
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    const result<task_result> child = co_await timeout<task_result>(10s, "the child", [c]() mutable { return c.call(task("child")); });
    CHECK(child.error().is(errc::timeout));
    CHECK_FALSE(c.cancelled());
    co_await sleep_for(5s);
    co_return task_output("without it");
  });
  const auto r = v.run(plan({parent_task()}));
  CHECK(r.find("parent")->output.value == "without it");
  CHECK(r.find("parent/child")->state == task_state::cancelled);
  CHECK(r.find("parent/child")->cancelled == cancel_reason::parent_cancelled);
  CHECK(r.find("parent/child")->reason == "parent_cancelled: its parent 'parent' no longer waits for it");
  CHECK(r.find("parent/child")->ended_at == time_point(10s));
  CHECK(v.time.now() == time_point(15s));
}

TEST_CASE("a child that was forgotten as it ended is still given to its parent") {
  virtual_orchestra v;
  v.agent->on("parent/child", {{1s, {}, "found"}});
  json seen;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    const result<task_result> child = co_await c.call(task("child"));
    seen = child.value().output.value;
    co_return task_output{};
  });
  auto p = plan({parent_task()});
  p.options.keep = keep_results::failed;
  CHECK(v.run(std::move(p)).success());
  CHECK(seen == "found");
}

TEST_CASE("in a run that keeps failures only, a parent gets its child's result and a dependant what it needs") {
  virtual_orchestra v;
  json child_gave, upstream_gave;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    result<task_result> child = co_await c.call(task("child"));
    if (child.has_error()) co_return child.error();
    child_gave = child->state == task_state::completed;
    co_return json(7);
  });
  v.o.agents().add("after", [&](task_context c) -> awaitable<result<task_output>> {
    if (const auto* up = c.upstream("parent")) upstream_gave = up->output.value;
    co_return json();
  });
  auto p = plan({task("parent"), task("after", {"parent"})});
  p.tasks[0].agent = "parent";
  p.tasks[1].agent = "after";
  p.options.keep = keep_results::failed;
  CHECK(v.run(p).success());
  CHECK(child_gave == true);
  CHECK(upstream_gave == json(7));
}

TEST_CASE("the idempotency key of a child is another in each iteration, and the same in each attempt") {
  virtual_orchestra v;
  std::vector<std::string> keys;
  v.o.agents().add("child", [&](task_context c) -> awaitable<result<task_output>> {
    keys.push_back(c.idempotency_key().substr(c.run_id().size()));
    co_return fail(errc::task_failed, "no", retry_class::terminal);
  });
  v.o.agents().add("loop", [&](task_context c) -> awaitable<result<task_output>> {
    task_call child = task("x");
    child.agent = "child";
    result<task_result> r = co_await c.call(child);
    if (c.attempt() == 1) co_return fail(errc::task_failed, "again");
    co_return json(c.iteration() == 2);
  });
  auto p = plan({task("loop")});
  p.tasks[0].agent = "loop";
  p.tasks[0].retry = retry_policy{.max_retries = 1};
  p.tasks[0].rules.get_or_emplace().repeat = loop_rule{"", true, 3};
  CHECK(v.run(p).find("loop")->success());
  CHECK(keys == std::vector<std::string>{"/loop/x", "/loop/x", "/loop/x@2"});
}
