#include <corchestra/runtime/on_executor.hpp>

#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "support/plans.hpp"
#include "support/run.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("callbacks bound to an executor run there, in order, with copies that stay") {
  asio::thread_pool elsewhere(1);
  std::vector<std::string> seen;
  std::thread::id thread;
  run_callbacks callbacks;
  std::promise<void> over;
  callbacks.on_event = [&](const event& e) {
    thread = std::this_thread::get_id();
    seen.push_back(concat(to_string(e.type), " ", e.task_id, e.result ? " with result" : "", e.call ? " with call" : ""));
    if (e.type == event_type::run_ended) over.set_value();
  };
  callbacks.on_task_ended = [&](const task_result& r) { seen.push_back(r.id + " ended"); };
  {
    asio::io_context context;
    orchestrator o(context.get_executor());
    o.agents().add("a", [](task_context) -> awaitable<result<task_output>> { co_return task_output(1); });
    auto r = o.start(plan({task("t")}), on_executor(elsewhere.get_executor(), callbacks)).value();
    tests::run(context, r.wait());
  }
  over.get_future().wait();
  elsewhere.join();
  CHECK(thread != std::this_thread::get_id());
  CHECK(seen == std::vector<std::string>{"run_started ", "task_submitted t with call", "task_state_changed t", "attempt_started t with call",
                                         "attempt_ended t", "t ended", "task_ended t with result", "run_ended "});
}

TEST_CASE("an awaitable callback that is slow does not hold the run up, and hears of every end [E8]") {
  virtual_orchestra v({1s, {}, nullptr, false, 9});
  std::vector<std::string> ended;
  std::size_t progress = 0;
  awaitable_callbacks callbacks;
  callbacks.on_task_ended = [&](task_result r) -> awaitable<void> {
    co_await sleep_for(10s);
    ended.push_back(r.id);
  };
  callbacks.on_progress = [&](std::string, double) -> awaitable<void> {
    co_await sleep_for(10s);
    ++progress;
  };
  std::vector<task_call> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(task("t" + std::to_string(i)));
  const auto r = v.run(plan(std::move(calls), 1), on_executor(v.time.executor(), callbacks, {.capacity = 1}));
  CHECK(r.success());
  CHECK(v.time.now() == time_point(5s));
  auto later = [&]() -> awaitable<void> { co_await sleep_for(200s); };
  v.time.run(later());
  CHECK(ended == std::vector<std::string>{"t0", "t1", "t2", "t3", "t4"});
  CHECK(progress < 5);
}

TEST_CASE("a callback that takes longer than its limit is given up and counted, as is one that throws [C4]") {
  virtual_orchestra v;
  std::vector<std::string> told, log;
  bool stopped = false;
  awaitable_callbacks callbacks;
  callbacks.on_task_ended = [&](task_result r) -> awaitable<void> {
    told.push_back(r.id);
    if (r.id == "b") throw std::runtime_error("sorry");
    if (r.id != "a") co_return;
    try {
      co_await sleep_for(1h);
    } catch (const boost::system::system_error&) {
      stopped = true;
    }
  };
  on_executor_options options;
  options.logger = logger(log_level::warn, [&](log_level, std::string_view, std::string_view text) { log.emplace_back(text); });
  auto r = v.o.start(plan({task("a"), task("b", {"a"}), task("c", {"b"})}), on_executor(v.time.executor(), callbacks, options)).value();
  auto all = [&]() -> awaitable<std::size_t> {
    const run_result ended = co_await r.wait();
    CHECK(ended.success());
    co_await sleep_for(60s);
    const run_metrics m = co_await r.metrics();
    co_return m.callback_failures;
  };
  CHECK(v.time.run(all()) == 2);
  CHECK(stopped);
  CHECK(told == std::vector<std::string>{"a", "b", "c"});
  CHECK(log == std::vector<std::string>{"callback on_task_ended took longer than 30.00 s and was given up",
                                        "callback on_task_ended threw: sorry"});
}
