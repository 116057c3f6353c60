// Several waits of one attempt at the same time: which of them it stands still for, and what becomes of them.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/gather.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/core/time_attribution.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::of_agent;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {

/// Waits for a second for a rate, and for a child beside it.
agent_function waits_for_both(task_call child) {
  return [child](task_context c) -> awaitable<result<task_output>> {
    std::vector<std::function<awaitable<int>()>> both;
    both.push_back([c]() mutable -> awaitable<int> {
      co_await c.wait(wait_reason::rate, sleep_for(1s));
      co_return 1;
    });
    both.push_back([c, child]() mutable -> awaitable<int> {
      const result<task_result> ended = co_await c.call(child);
      co_return ended.has_value() && ended->success() ? 1 : 0;
    });
    const std::vector<int> ended = co_await gather<int>(std::move(both));
    co_return task_output(ended[1]);
  };
}

task_call by_parent() {
  auto t = task("parent");
  t.agent = "parent";
  return t;
}

}  // namespace

TEST_CASE("an attempt waits for what is still open, once the first of its waits is over") {
  virtual_orchestra v;
  v.agent->takes("parent/child", 100s);
  v.o.agents().add("parent", waits_for_both(task("child")));
  time_attribution shares;
  run_callbacks callbacks;
  callbacks.on_event = [&](const event& e) { shares(e); };
  run r = v.o.start(plan({by_parent()}), callbacks).value();
  auto all = [&]() -> awaitable<std::vector<std::string>> {
    co_await sleep_for(50s);
    const auto why = co_await r.why("parent");
    const run_result ended = co_await r.wait();
    CHECK(ended.success());
    co_return why.value();
  };
  const auto why = v.time.run(all());
  REQUIRE_FALSE(why.empty());
  CHECK(why[0].find("rate") == std::string::npos);
  const auto spent = shares.of(0).value();
  CHECK(spent[time_use::rate] == 1s);
  CHECK(spent[time_use::child] == 99s);
}

TEST_CASE("a tangle of budgets is resolved, whatever the parent has waited for beside its child") {
  virtual_orchestra v;
  auto child = task("child");
  child.rules.get_or_emplace().reserve.tokens = 60;
  v.o.agents().add("parent", waits_for_both(child));
  auto parent = by_parent();
  parent.rules.get_or_emplace().reserve.tokens = 60;
  auto p = plan({parent});
  p.options.budget.run.tokens = 100;
  const auto r = v.run(std::move(p));
  CHECK(r.find("parent/child")->state == task_state::limit_exceeded);
  CHECK(r.find("parent")->output.value == 0);
  CHECK(v.time.now() == time_point(1s));
}

TEST_CASE("a question is withdrawn when its wait is cut short, though another wait is open") {
  virtual_orchestra v;
  v.agent->takes("parent/child", 10s);
  v.o.agents().add("parent", [](task_context c) -> awaitable<result<task_output>> {
    std::vector<std::function<awaitable<int>()>> both;
    both.push_back([c]() mutable -> awaitable<int> {
      const auto ask = [c]() mutable { return c.ask({.message = "first?"}); };
      const result<approval_answer> first = co_await timeout<approval_answer>(1s, "an answer", ask);
      CHECK(first.has_error());
      const result<approval_answer> second = co_await c.ask({.message = "second?"});
      co_return second.has_value() && second->approved ? 1 : 0;
    });
    both.push_back([c]() mutable -> awaitable<int> {
      const result<task_result> ended = co_await c.call(task("child"));
      co_return ended.has_value() ? 1 : 0;
    });
    const std::vector<int> ended = co_await gather<int>(std::move(both));
    co_return task_output(ended[0]);
  });
  run r = v.o.start(plan({by_parent()})).value();
  auto all = [&]() -> awaitable<run_result> {
    co_await sleep_for(5s);
    const run_status s = co_await r.status();
    REQUIRE(s.approvals.size() == 1);
    CHECK(s.approvals[0].message == "second?");
    const auto answered = co_await r.answer("parent", true);
    CHECK(answered.has_value());
    co_return co_await r.wait();
  };
  const run_result ended = v.time.run(all());
  CHECK(ended.find("parent")->output.value == 1);
}

TEST_CASE("a timeout of one wait for the slot leaves another wait of the same body alone") {
  virtual_orchestra v;
  v.o.agents().add("kid", v.agent);
  std::string timed, untimed;
  v.o.agents().add("parent", [&](task_context c) -> awaitable<result<task_output>> {
    co_await sleep_for(1ms);
    std::vector<std::function<awaitable<int>()>> both;
    both.push_back([&timed, c]() mutable -> awaitable<int> {
      const auto r = co_await timeout<task_result>(
          50ms, "the first wait", [c]() mutable -> awaitable<result<task_result>> { return c.call(of_agent("k1", "kid")); });
      timed = r.has_value() ? std::string(to_string(r->state)) : r.error().message;
      co_return 1;
    });
    both.push_back([&untimed, c]() mutable -> awaitable<int> {
      const auto r = co_await c.call(of_agent("k2", "kid"));
      untimed = r.has_value() ? std::string(to_string(r->state)) : r.error().message;
      co_return 2;
    });
    co_await gather<int>(std::move(both));
    co_return task_output{};
  });
  auto first = by_parent(), other = task("other");
  first.priority = 20;
  auto p = plan({first, other}, 1);
  run r = v.o.start(std::move(p)).value();
  auto all = [&]() -> awaitable<run_result> {
    co_await r.pause("kid");
    co_await sleep_for(10ms);  // the slot is `other`'s by now
    co_await r.cancel_agent("kid");
    co_return co_await r.wait();
  };
  const run_result end = v.time.run(all());
  CHECK(end.find("parent")->success());
  CHECK(timed == "the first wait took longer than 50 ms");
  CHECK(untimed == "CANCELLED");
}
