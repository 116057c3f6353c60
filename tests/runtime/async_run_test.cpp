#include <corchestra/async/sleep.hpp>
#include <corchestra/runtime/async_run.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("async_run completes a callback, a coroutine, a deferred operation and a future") {
  virtual_orchestra v;
  int called = 0;
  async_run(v.o, plan({task("t")}), [&](result<run_result> r) {
    ++called;
    CHECK(r->success());
  });
  v.time.run();
  CHECK(called == 1);

  auto coroutine = [&]() -> awaitable<void> {
    const auto r = co_await async_run(v.o, plan({task("t")}));
    CHECK(r->success());
    const auto d = co_await async_run(v.o, plan({task("t")}), asio::deferred)(asio::use_awaitable);
    CHECK(d->success());
  };
  v.time.run(coroutine());

  auto future = async_run(v.o, plan({task("t")}), asio::use_future);
  v.time.run();
  CHECK(future.get()->success());
}

TEST_CASE("a run that cannot start is an error value, never an exception, and never inline") {
  virtual_orchestra v;
  bool called = false;
  async_run(v.o, plan({task("t", {"ghost"})}), [&](result<run_result> r) {
    called = true;
    CHECK(r.error().is(errc::unknown_task));
  });
  CHECK_FALSE(called);
  v.time.run();
  CHECK(called);
}

TEST_CASE("the token's cancellation cancels the run, which still completes with its result [L8]") {
  for (const duration when : {duration(0s), duration(5s), duration(100s)}) {
    virtual_orchestra v({10s});
    asio::cancellation_signal signal;
    int called = 0;
    run_state state{};
    async_run(v.o, plan({task("t"), task("u", {"t"})}), asio::bind_cancellation_slot(signal.slot(), [&](result<run_result> r) {
                ++called;
                state = r->state;
              }));
    if (when > 0s) v.time.advance(when);
    signal.emit(asio::cancellation_type::terminal);
    v.time.run();
    CHECK(called == 1);
    CHECK(state == (when < 20s ? run_state::cancelled : run_state::completed));
  }
}

TEST_CASE("the handler is called on its own executor") {
  asio::io_context runs;
  asio::thread_pool own(1);
  orchestrator o(runs.get_executor());
  o.agents().add("a", [](task_context) -> awaitable<result<task_output>> { co_return task_output(7); });
  std::thread::id where;
  async_run(o, plan({task("t")}), asio::bind_executor(own, [&](result<run_result> r) {
              CHECK(r->find("t")->output.value == 7);
              where = std::this_thread::get_id();
            }));
  runs.run();
  own.join();
  CHECK(where != std::thread::id());
  CHECK(where != std::this_thread::get_id());
}

TEST_CASE("several runs use several threads, each on its own strand") {
  asio::thread_pool pool(4);
  orchestrator o(pool.get_executor());
  o.agents().add("a", [](task_context c) -> awaitable<result<task_output>> {
    for (int i = 0; i < 20; ++i) {
      c.report_progress(i / 20.0);
      co_await sleep_for(duration::zero());
    }
    co_return task_output{};
  });
  std::vector<std::future<result<run_result>>> futures;
  for (int i = 0; i < 8; ++i) {
    std::vector<task_call> tasks;
    for (int j = 0; j < 50; ++j) tasks.push_back(task("t" + std::to_string(j)));
    futures.push_back(async_run(o, plan(std::move(tasks), 7), asio::use_future));
  }
  for (auto& f : futures) CHECK(f.get()->success());
  pool.join();
}

TEST_CASE("100,000 independent no-op tasks complete in one run") {
  virtual_orchestra v({0s});
  std::vector<task_call> tasks;
  for (int i = 0; i < 100'000; ++i) tasks.push_back(task("t" + std::to_string(i)));
  const auto r = v.run(plan(std::move(tasks), 64));
  CHECK(r.success());
  CHECK(r.metrics.count(task_state::completed) == 100'000);
  CHECK(v.agent->peak() <= 64);
}
