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
  CHECK(r.results.size() == 3);
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
