#include <corchestra/runtime/blocking_task.hpp>

#include <atomic>
#include <barrier>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>
#include <future>
#include <latch>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "support/plans.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {

/// Tasks on one blocking function `a`, in real time.
struct blocking_run {
  asio::io_context context;
  worker_threads threads;
  orchestrator o{context.get_executor()};

  explicit blocking_run(blocking_function f, std::size_t n = 2) : threads(n) {
    o.agents().add("a", blocking_task(threads, std::move(f)));
  }
  run_result run(task_plan p, run_callbacks callbacks = {}) {
    auto r = o.start(std::move(p), std::move(callbacks)).value();
    return tests::run(context, r.wait());
  }
};

void wait_for_stop(const blocking_context& c) {
  std::promise<void> stopped;
  const std::stop_callback on_stop(c.stop_token(), [&] { stopped.set_value(); });
  stopped.get_future().wait();
}

}  // namespace

TEST_CASE("[A47] a blocking function is an agent: it is told its task and what it depends on") {
  const auto main_thread = std::this_thread::get_id();
  blocking_run b([&](const blocking_context& c) -> result<task_output> {
    CHECK(std::this_thread::get_id() != main_thread);
    if (c.task().id == "load") return task_output(json{{"rows", 3}});
    CHECK(c.attempt() == 1);
    CHECK(c.idempotency_key() == c.run_id() + "/plot");
    CHECK(c.upstream("nobody") == nullptr);
    CHECK_FALSE(c.stop_requested());
    task_output out(c.upstream("load")->output.value["rows"].get<int>() + c.task().context["more"].get<int>());
    out.confidence = 0.5;
    return out;
  });
  auto plot = task("plot", {"load"});
  plot.context = {{"more", 4}};
  const auto r = b.run(plan({task("load"), plot}));
  REQUIRE(r.success());
  CHECK(r.find("plot")->output.value == 7);
  CHECK(r.find("plot")->output.confidence == 0.5);
}

TEST_CASE("what a blocking function answers or throws as an error fails its task only") {
  blocking_run b([](const blocking_context& c) -> result<task_output> {
    if (c.task().id == "answers") return fail(errc::file_error, "no such disk");
    if (c.task().id == "throws") throw std::runtime_error("segment lost");
    if (c.task().id == "odd") throw 42;
    return task_output("fine");
  });
  const auto r = b.run(plan({task("answers"), task("throws"), task("odd"), task("fine")}));
  CHECK(r.find("answers")->error->is(errc::file_error));
  CHECK(r.find("throws")->error->message == "segment lost");
  CHECK(r.find("odd")->state == task_state::failed);
  CHECK(r.find("fine")->success());
}

TEST_CASE("[C2][D13] the same plan runs on coroutines and on threads, with the same results") {
  const auto tasks = [] { return plan({task("one"), task("two", {"one"}), task("three", {"one"})}); };
  blocking_run threads([](const blocking_context& c) -> result<task_output> { return task_output(c.task().id); });
  virtual_orchestra coroutines;
  coroutines.o.agents().add(
      "a", [](task_context c) -> awaitable<result<task_output>> { co_return task_output(c.task().id); });
  const auto a = threads.run(tasks()), b = coroutines.run(tasks());
  REQUIRE(a.results.size() == b.results.size());
  for (std::size_t i = 0; i < a.results.size(); ++i) {
    CHECK(a.results[i].state == b.results[i].state);
    CHECK(a.results[i].output.value == b.results[i].output.value);
  }
}

TEST_CASE("[X2][E45] as many blocking tasks work at the same time as there are threads and slots") {
  std::barrier all_here(3);  // never passed by fewer
  blocking_run b(
      [&](const blocking_context&) -> result<task_output> {
        all_here.arrive_and_wait();
        return task_output(1);
      },
      3);
  CHECK(b.run(plan({task("x"), task("y"), task("z")}, 3)).success());
}

TEST_CASE("progress is reported on the run's strand, in order, the last word included") {
  blocking_run b([](const blocking_context& c) -> result<task_output> {
    for (int i = 1; i <= 100'000; ++i) c.report_progress(i / 100'000.0, "counting");
    return task_output(1);
  });
  const auto main_thread = std::this_thread::get_id();
  std::vector<double> seen;
  run_callbacks callbacks;
  callbacks.on_progress = [&](std::string_view, double fraction) {
    CHECK(std::this_thread::get_id() == main_thread);
    seen.push_back(fraction);
  };
  CHECK(b.run(plan({task("t")}), callbacks).success());
  REQUIRE_FALSE(seen.empty());
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(seen.size() < 100'000);
}

TEST_CASE("a cancelled blocking function is asked to stop; one that returns in time is not abandoned") {
  std::promise<void> begun;
  blocking_run b([&](const blocking_context& c) -> result<task_output> {
    begun.set_value();
    wait_for_stop(c);
    CHECK(c.stop_requested());
    return task_output("too late to count");
  });
  auto r = b.o.start(plan({task("t")})).value();
  tests::settle(b.context);
  begun.get_future().wait();
  r.request_cancel("enough");
  const auto end = tests::run(b.context, r.wait());
  CHECK(end.find("t")->state == task_state::cancelled);
  CHECK(end.find("t")->cancelled == cancel_reason::user);
  CHECK(end.quarantined.empty());
}

TEST_CASE("[L9] a blocking task that waits for a thread is cancelled at once") {
  std::promise<void> begun, go_on;
  std::atomic<int> calls = 0;
  blocking_run b(
      [&](const blocking_context&) -> result<task_output> {
        ++calls;
        begun.set_value();
        go_on.get_future().wait();
        return task_output(1);
      },
      1);
  auto r = b.o.start(plan({task("runs"), task("queued")})).value();
  tests::settle(b.context);
  begun.get_future().wait();
  CHECK(tests::run(b.context, r.cancel_task("queued")) == 1);
  auto cancelled = [&]() -> awaitable<bool> {
    auto s = co_await r.status();
    co_return s.count(task_state::cancelled) == 1;
  };
  while (!tests::run(b.context, cancelled())) {
  }
  go_on.set_value();
  const auto end = tests::run(b.context, r.wait());
  CHECK(end.find("runs")->success());
  CHECK(end.find("queued")->reason.find("abandoned") == std::string::npos);
  CHECK(calls == 1);
}

TEST_CASE("a blocking function that does not stop is abandoned: the run ends without it, and its result is refused") {
  std::promise<void> begun, go_on;
  blocking_run b([&](const blocking_context&) -> result<task_output> {
    begun.set_value();
    go_on.get_future().wait();
    return task_output("late");
  });
  auto t = task("t");
  t.resources = {{"file:report"}};
  auto p = plan({t});
  p.options.limits.cancel_grace = 1ms;
  auto r = b.o.start(std::move(p)).value();
  tests::settle(b.context);
  begun.get_future().wait();
  r.request_cancel();
  const auto end = tests::run(b.context, r.wait());
  CHECK(end.find("t")->state == task_state::cancelled);
  CHECK(end.find("t")->cancelled == cancel_reason::abandoned);
  CHECK(end.quarantined == std::vector<std::string>{"file:report"});
  go_on.set_value();
  b.context.restart();
  b.context.run();
  const auto after = tests::run(b.context, r.wait());
  CHECK(after.find("t")->state == task_state::cancelled);
  CHECK(after.find("t")->output.value.is_null());
}

TEST_CASE("the locks of an abandoned blocking function are kept until it returns") {
  std::promise<void> begun, go_on;
  std::atomic<bool> returned = false;
  blocking_run b([&](const blocking_context& c) -> result<task_output> {
    if (c.task().id == "next") {
      CHECK(returned);
      return task_output(1);
    }
    begun.set_value();
    go_on.get_future().wait();
    returned = true;
    return task_output("late");
  });
  auto stuck = task("stuck"), next = task("next");
  stuck.resources = next.resources = {{"db"}};
  auto p = plan({stuck, next});
  p.options.limits.cancel_grace = 1ms;
  run_callbacks callbacks;
  bool told = false;
  callbacks.on_task_ended = [&](const task_result& t) {
    if (t.id != "stuck") return;
    CHECK(t.cancelled == cancel_reason::abandoned);
    told = true;
    go_on.set_value();
  };
  auto r = b.o.start(std::move(p), callbacks).value();
  tests::settle(b.context);
  begun.get_future().wait();
  tests::run(b.context, r.cancel_task("stuck"));
  const auto end = tests::run(b.context, r.wait());
  CHECK(told);
  CHECK(end.find("next")->success());
}

TEST_CASE("a context may be destroyed while a blocking task runs, which reports on to nobody") {
  std::promise<void> begun, destroyed;
  const auto alive = std::make_shared<int>(0);
  {
    worker_threads threads(1);
    auto context = std::make_unique<asio::io_context>();
    {
      orchestrator o(context->get_executor());
      o.agents().add("a", blocking_task(threads, [&, alive](const blocking_context& c) -> result<task_output> {
                       c.report_progress(0.1);
                       begun.set_value();
                       destroyed.get_future().wait();
                       c.report_progress(0.9);
                       CHECK(c.stop_requested());
                       return task_output(c.task().id);
                     }));
      REQUIRE(o.start(plan({task("t")})).has_value());
    }
    tests::settle(*context);
    begun.get_future().wait();
    context.reset();
    destroyed.set_value();
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("after its threads are gone a blocking task fails with a clear error") {
  virtual_orchestra v;
  {
    worker_threads threads(1);
    v.o.agents().add(
        "a", blocking_task(threads, [](const blocking_context&) -> result<task_output> { return task_output(1); }));
  }
  const auto r = v.run(plan({task("t")}));
  REQUIRE(r.find("t")->state == task_state::failed);
  CHECK(r.find("t")->error->is(errc::not_running));
}

TEST_CASE("[L20] under virtual time blocking tasks take no time, and nothing but time limits has deadlines") {
  virtual_orchestra v;
  worker_threads threads(2);
  v.o.agents().add("b", blocking_task(threads, [](const blocking_context& c) -> result<task_output> {
                     return task_output(c.task().id);
                   }));
  std::vector<task_call> tasks;
  for (int i = 0; i < 200; ++i) {
    tasks.push_back(task("t" + std::to_string(i)));
    if (i % 2 == 0) tasks.back().agent = "b";
    if (i >= 10) tasks.back().depends_on = {"t" + std::to_string(i - 10)};
  }
  const auto r = v.run(plan(std::move(tasks), 20));
  CHECK(r.success());
  CHECK(*r.find("t198")->ended_at - *r.find("t8")->started_at == 0s);
  CHECK(*r.find("t199")->ended_at - *r.find("t9")->started_at == 20s);
}

TEST_CASE("runs on several threads share the worker threads") {
  asio::thread_pool pool(4);
  worker_threads threads(3);
  std::atomic<int> calls = 0;
  orchestrator o(pool.get_executor());
  o.agents().add("a", blocking_task(threads, [&](const blocking_context& c) -> result<task_output> {
                   c.report_progress(0.5);
                   return task_output(++calls);
                 }));
  constexpr int runs = 8, each = 100;
  std::latch all(runs);
  std::atomic<int> good = 0;
  std::vector<run> started;
  for (int i = 0; i < runs; ++i) {
    std::vector<task_call> tasks;
    for (int k = 0; k < each; ++k) tasks.push_back(task(std::to_string(k)));
    started.push_back(o.start(plan(std::move(tasks), 7)).value());
  }
  for (auto& r : started) {
    asio::co_spawn(pool, r.wait(), [&](std::exception_ptr, run_result end) {
      if (end.success()) ++good;
      all.count_down();
    });
  }
  all.wait();
  CHECK(good == runs);
  CHECK(calls == runs * each);
}

TEST_CASE("stuck functions that are abandoned do not use up the threads of others") {
  std::promise<void> go_on;
  const std::shared_future<void> open = go_on.get_future().share();
  std::latch begun(2);
  blocking_run b([&](const blocking_context& c) -> result<task_output> {
    if (c.task().id == "works") return task_output("done");
    begun.count_down();
    open.wait();
    return task_output("late");
  });
  task_plan p = plan({task("stuck-1"), task("stuck-2")});
  p.options.limits.cancel_grace = 1ms;
  auto stuck = b.o.start(std::move(p)).value();
  tests::settle(b.context);
  begun.wait();
  stuck.request_cancel();
  const auto given_up = tests::run(b.context, stuck.wait());
  CHECK(given_up.find("stuck-1")->cancelled == cancel_reason::abandoned);
  CHECK(b.threads.size() == 2);
  CHECK(b.run(plan({task("works")})).find("works")->output.value == "done");
  go_on.set_value();
  b.context.restart();
  b.context.run();
}
