#include <corchestra/runtime/event_stream.hpp>

#include <corchestra/async/sleep.hpp>
#include <catch2/catch_test_macros.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("a stream gives every event in order and ends with the run") {
  virtual_orchestra v;
  std::vector<std::string> types;
  auto all = [&]() -> awaitable<void> {
    event_stream events(co_await asio::this_coro::executor);
    auto r = v.o.start(plan({task("t")}), events.callbacks()).value();
    events.cancel_on_exit(r);
    for (;;) {
      const auto record = co_await events.next();
      if (!record) break;
      types.push_back((*record)["type"]);
    }
  };
  v.time.run(all());
  CHECK(types == std::vector<std::string>{"run_started", "task_submitted", "task_state_changed", "attempt_started", "attempt_ended",
                                          "task_ended", "run_ended"});
}

TEST_CASE("a slow reader loses old progress and nothing else") {
  virtual_orchestra v;
  v.agent->on("t", {{60s, {}, nullptr, false, 59}});
  std::size_t progress = 0, ended = 0, dropped = 0;
  auto all = [&]() -> awaitable<void> {
    event_stream events(co_await asio::this_coro::executor, 8);
    auto r = v.o.start(plan({task("t")}), events.callbacks()).value();
    co_await sleep_for(120s);
    for (;;) {
      const auto record = co_await events.next();
      if (!record) break;
      if ((*record)["type"] == "task_progress") ++progress;
      if ((*record)["type"] == "task_ended") ++ended;
    }
    dropped = events.dropped();
  };
  v.time.run(all());
  CHECK(ended == 1);
  CHECK(progress + dropped == 59);
  CHECK(progress <= 4);
}

TEST_CASE("a stream that is given up cancels its run when told so") {
  virtual_orchestra v({1h});
  auto all = [&]() -> awaitable<run_result> {
    std::optional<run> r;
    {
      event_stream events(co_await asio::this_coro::executor);
      r = v.o.start(plan({task("t")}), events.callbacks()).value();
      events.cancel_on_exit(*r);
      const auto first = co_await events.next();
      CHECK(first.has_value());
    }
    co_return co_await r->wait();
  };
  const auto r = v.time.run(all());
  CHECK(r.state == run_state::cancelled);
  CHECK(r.reason == "user: nobody listens any more");
}

TEST_CASE("an unread stream grows by what was submitted and has ended only") {
  virtual_orchestra v({1s, {}, nullptr, false, 9});
  std::size_t records = 0, ended = 0, dropped = 0;
  auto all = [&]() -> awaitable<void> {
    event_stream events(co_await asio::this_coro::executor, 16);
    std::vector<task_call> calls;
    for (int i = 0; i < 100; ++i) calls.push_back(task("t" + std::to_string(i)));
    auto r = v.o.start(plan(std::move(calls), 4), events.callbacks()).value();
    const run_result result = co_await r.wait();
    CHECK(result.success());
    for (;;) {
      const auto record = co_await events.next();
      if (!record) break;
      ++records;
      if ((*record)["type"] == "task_ended") ++ended;
    }
    dropped = events.dropped();
  };
  v.time.run(all());
  CHECK(ended == 100);
  CHECK(records <= 100 + 100 + 1 + 16);
  CHECK(dropped > 100);
}
