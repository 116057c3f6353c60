#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <optional>
#include <vector>

#include <corchestra/runtime/async_run.hpp>

#include "runtime/run_stage.hpp"
#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::plan;
using tests::task;

namespace {

/// An orchestrator whose agent notes on which strand its tasks run.
struct stages {
  asio::io_context io;
  orchestrator o{io.get_executor()};
  std::vector<any_io_executor> seen;

  stages() {
    o.agents().add("a", [this](task_context c) -> awaitable<result<task_output>> {
      seen.push_back(c.executor());
      co_await asio::post(asio::use_awaitable);
      co_return task_output{};
    });
  }
  void run_then(std::function<void()> next) {
    async_run(o, plan({task("x"), task("y"), task("z", {"x", "y"})}), [next = std::move(next)](const result<run_result>& r) {
      REQUIRE(r.has_value());
      CHECK(r->success());
      if (next) next();
    });
  }
  /// `f` after so many turns of the context.
  void after(int turns, std::function<void()> f) {
    asio::post(io, [this, turns, f = std::move(f)] { turns > 1 ? after(turns - 1, f) : f(); });
  }
};

}  // namespace

TEST_CASE("a run that follows at once takes the strand and the workers of the one before it") {
  stages s;
  s.run_then([&] { s.run_then(nullptr); });
  s.io.run();
  REQUIRE(s.seen.size() == 6);
  CHECK(s.seen[3] == s.seen[0]);
  CHECK(s.seen[5] == s.seen[0]);
}

TEST_CASE("a stage keeps no more workers than its next run has slots") {
  asio::io_context io;
  detail::run_stage stage(io.get_executor());
  for (std::uint32_t i = 0; i < 5; ++i) stage.workers.push_back(i == 1 ? nullptr : std::make_shared<detail::worker>());
  stage.idle = {3, 0, 4, 2};
  stage.free_places = {1};
  stage.keep(5);
  CHECK(stage.workers.size() == 5);
  stage.keep(3);
  CHECK(stage.workers.size() == 3);
  CHECK(stage.idle == std::vector<std::uint32_t>{0, 2});
  stage.keep(1);
  CHECK(stage.idle == std::vector<std::uint32_t>{0});
  CHECK(stage.free_places.empty());
}

TEST_CASE("runs at the same time have strands of their own, and later ones may have either") {
  stages s;
  for (int i = 0; i < 2; ++i) s.run_then([&] { s.run_then(nullptr); });
  s.io.run();
  REQUIRE(s.seen.size() == 12);
  int first = 0;
  for (const auto& e : s.seen) first += e == s.seen[0] ? 1 : 0;
  CHECK(first == 6);
}

TEST_CASE("a stage that nobody takes over within a few turns goes, with its workers, and the context may end") {
  stages s;
  s.run_then([&] { s.after(20, [&] { s.run_then(nullptr); }); });
  s.io.run();  // returns
  REQUIRE(s.seen.size() == 6);
  CHECK_FALSE(s.seen[3] == s.seen[0]);
}

TEST_CASE("a parked worker keeps no agent") {
  stages s;
  auto kept = std::make_shared<int>();
  const std::weak_ptr<int> alive = kept;
  s.o.agents().add("a", [kept](task_context) -> awaitable<result<task_output>> { co_return task_output{}; });
  kept.reset();
  bool looked = false;
  s.run_then([&] {
    s.o.agents().add("a", [](task_context) -> awaitable<result<task_output>> { co_return task_output{}; });
    looked = true;
    CHECK(alive.expired());
  });
  s.io.run();
  CHECK(looked);
}

TEST_CASE("a stage and its parked workers go after three turns, or with the context") {
  const auto park_one = [](detail::stage_pool& pool) {
    auto token = std::make_shared<int>();
    auto stage = pool.take();
    stage->workers.push_back(std::make_shared<detail::worker>());
    stage->workers[0]->parked = [token](boost::system::error_code) {};
    const std::weak_ptr<int> alive = token;
    pool.give(std::move(stage));
    return alive;
  };
  std::optional<asio::io_context> io(std::in_place);
  const auto pool = std::make_shared<detail::stage_pool>(io->get_executor());
  const auto first = park_one(*pool);
  io->run_one();
  io->run_one();
  CHECK_FALSE(first.expired());
  io->run();
  CHECK(first.expired());
  const auto second = park_one(*pool);
  io.reset();
  CHECK(second.expired());
}

TEST_CASE("a body that was abandoned ends without touching the run that has its strand now") {
  stages s;
  asio::steady_timer never(s.io, asio::steady_timer::time_point::max());
  bool late = false;
  s.o.agents().add("deaf", [&](task_context c) -> awaitable<result<task_output>> {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    boost::system::error_code ec;
    co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    late = true;
    CHECK(c.cancelled());
    co_return task_output{};
  });
  auto p = plan({task("x"), task("stuck")});
  p.tasks[1].agent = "deaf";
  p.tasks[1].limits.start_to_close = 1ms;
  p.options.limits.cancel_grace = 1ms;
  async_run(s.o, p, [&](const result<run_result>& r) {
    CHECK(r->find("stuck")->cancelled == cancel_reason::abandoned);
    s.run_then([&] {
      never.cancel();
      s.run_then(nullptr);
    });
  });
  s.io.run();
  CHECK(late);
  CHECK(s.seen.size() == 7);
}

TEST_CASE("runs one after another on a pool of threads hand their strand over") {
  asio::thread_pool pool(2);
  orchestrator o(pool.get_executor());
  o.agents().add("a", [](task_context) -> awaitable<result<task_output>> {
    co_await asio::post(asio::use_awaitable);
    co_return task_output{};
  });
  std::atomic<int> ended = 0;
  const std::function<void(int)> go = [&](int runs) {
    async_run(o, plan({task("x"), task("y"), task("z", {"x"})}), [&, runs](const result<run_result>& r) {
      if (r.has_value() && r->success()) ++ended;
      if (runs > 1) go(runs - 1);
    });
  };
  for (int i = 0; i < 4; ++i) go(50);
  pool.join();
  CHECK(ended == 200);
}
