// Runs on an executor with several threads: each has its strand, and every operation may come from any thread.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include <corchestra/runtime/async_run.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;

namespace {

std::vector<task_call> many_computing(std::size_t n) {
  std::vector<task_call> calls;
  for (std::size_t i = 0; i < n; ++i) {
    calls.push_back(task(std::to_string(i)));
    if (i % 3 == 2) calls.back().depends_on = {std::to_string(i - 1)};
    if (i % 5 == 0) calls.back().resources = {{"db"}};
  }
  return calls;
}

/// Yields a few times and sees whether another body of its run works at the same moment.
struct yielding {
  std::atomic<int>& inside;
  std::atomic<int>& together;
  awaitable<result<task_output>> operator()(task_context c) const {
    for (int i = 0; i < 3; ++i) {
      if (inside.fetch_add(1) != 0) ++together;
      inside.fetch_sub(1);
      co_await asio::post(c.executor(), asio::use_awaitable);
    }
    co_return task_output(c.task().id);
  }
};

}  // namespace

TEST_CASE("several runs share two threads, and the bodies of one run are never on both") {
  asio::thread_pool threads(2);
  constexpr std::size_t runs = 6, tasks = 200;
  std::atomic<int> inside[runs] = {}, together[runs] = {};
  std::vector<std::unique_ptr<orchestrator>> conductors;
  std::vector<std::future<result<run_result>>> ends;
  for (std::size_t i = 0; i < runs; ++i) {
    conductors.push_back(std::make_unique<orchestrator>(threads.get_executor()));
    conductors.back()->agents().add("a", yielding{inside[i], together[i]});
    ends.push_back(async_run(*conductors.back(), plan(many_computing(tasks), 8), asio::use_future));
  }
  for (std::size_t i = 0; i < runs; ++i) {
    const auto r = ends[i].get();
    REQUIRE(r.has_value());
    CHECK(r->success());
    CHECK(r->results.size() == tasks);
    CHECK(together[i] == 0);
  }
  threads.join();
}

TEST_CASE("async_run in a coroutine that can be cancelled needs no strand") {
  asio::thread_pool threads(2);
  orchestrator o(threads.get_executor());
  o.agents().add("a", [](task_context) -> awaitable<result<task_output>> { co_return task_output{}; });
  constexpr int runs = 2'000;
  const auto one_after_the_other = [&]() -> awaitable<int> {
    int ended = 0;
    for (int i = 0; i < runs; ++i) {
      const auto r = co_await async_run(o, plan({task("t")}));
      if (r.has_value() && r->success()) ++ended;
    }
    co_return ended;
  };
  asio::cancellation_signal never;
  auto end = asio::co_spawn(threads, one_after_the_other(), asio::bind_cancellation_slot(never.slot(), asio::use_future));
  CHECK(end.get() == runs);
  threads.join();
}

TEST_CASE("a shutdown can be awaited on threads without a strand") {
  asio::thread_pool threads(2);
  for (int i = 0; i < 200; ++i) {
    orchestrator o(threads.get_executor());
    o.agents().add("a", [](task_context) -> awaitable<result<task_output>> {
      asio::steady_timer timer(co_await asio::this_coro::executor, 50us);
      co_await timer.async_wait(asio::use_awaitable);
      co_return task_output{};
    });
    std::vector<run> all;
    for (int k = 0; k < 4; ++k) all.push_back(o.start(plan({task("t"), task("u")})).value());
    asio::co_spawn(threads, o.shutdown(i % 2 == 0 ? duration(200us) : duration(1h)), asio::use_future).get();
    for (auto& r : all) {
      const auto end = asio::co_spawn(threads, r.wait(), asio::use_future).get();
      if (end.state != run_state::completed) CHECK(end.state == run_state::interrupted);
    }
  }
  threads.join();
}

TEST_CASE("[L25] a cancellation from other threads, by several at once, ends every task of the run once") {
  asio::thread_pool threads(2);
  constexpr std::size_t tasks = 64;
  std::latch waiting(tasks);
  std::atomic<std::size_t> ended{0};
  orchestrator o(threads.get_executor());
  o.agents().add("a", [&](task_context) -> awaitable<result<task_output>> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    waiting.count_down();
    co_await timer.async_wait(asio::use_awaitable);
    co_return task_output{};
  });
  std::vector<task_call> calls;
  for (std::size_t i = 0; i < tasks; ++i) calls.push_back(task(std::to_string(i)));
  run_callbacks callbacks;
  callbacks.on_task_ended = [&](const task_result&) { ++ended; };
  auto r = o.start(plan(std::move(calls), tasks), std::move(callbacks)).value();
  waiting.wait();
  std::vector<std::thread> others;
  std::atomic<std::size_t> changed{0};
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&] {
      changed += asio::co_spawn(threads, r.cancel("from a thread"), asio::use_future).get();
      r.request_cancel("again");
    });
  }
  for (auto& t : others) t.join();
  const auto end = asio::co_spawn(threads, r.wait(), asio::use_future).get();
  CHECK(end.state == run_state::cancelled);
  CHECK(changed == tasks);  // the first that came counts them, the others nothing
  CHECK(ended == tasks);
  for (const auto& t : end.results) CHECK(t.state == task_state::cancelled);
  threads.join();
}
