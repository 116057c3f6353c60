#include <corchestra/runtime/submit_all.hpp>

#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <corchestra/async/gather.hpp>
#include <corchestra/async/sleep.hpp>

#include "support/plans.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::task;
using tests::virtual_orchestra;

namespace {

/// A plan that waits for submissions and forgets what went well.
task_plan endless(std::uint32_t slots = 10) {
  auto p = tests::plan({}, slots);
  p.options.stay_open = true;
  p.options.keep = keep_results::failed;
  return p;
}

/// Gives `n` task calls.
task_source count_to(std::uint64_t n) {
  return [n, i = std::uint64_t{0}]() mutable -> std::optional<task_call> {
    if (i == n) return std::nullopt;
    return task(std::to_string(i++));
  };
}

/// How many tasks wait in the run at most, and how many have ended.
struct census {
  std::size_t pending = 0, most = 0, ended = 0, failed = 0;

  run_callbacks callbacks() {
    run_callbacks c;
    c.on_event = [this](const event& e) {
      if (e.type == event_type::task_submitted) most = std::max(most, ++pending);
      if (e.type == event_type::attempt_started) --pending;
      if (e.type == event_type::task_ended) {
        ++ended;
        if (!e.result->success()) ++failed;
      }
    };
    return c;
  }
};

struct outcome {
  result<std::uint64_t> submitted;
  run_result end;
};

/// Submits everything and waits for the end of the run.
awaitable<outcome> feed(run r, task_source source, submit_all_options options) {
  result<std::uint64_t> submitted = co_await submit_all(r, std::move(source), options);
  run_result end = co_await r.wait();
  co_return outcome{std::move(submitted), std::move(end)};
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("a run over a generator: all of its task calls run, no more than max_pending and a chunk wait") {
  constexpr std::uint64_t n = 100'000;
  asio::io_context context;
  orchestrator_options settings;
  settings.max_pending = 1'000;
  orchestrator o(context.get_executor(), settings);
  std::uint64_t called = 0;
  o.agents().add("a", [&](task_context c) -> awaitable<result<task_output>> {
    ++called;
    if (c.task().id == "4711") co_return fail(errc::task_failed, "no");
    co_return task_output(c.task().id);
  });
  census seen;
  const auto r = o.start(endless(), seen.callbacks()).value();
  const auto all = tests::run(context, feed(r, count_to(n), {.chunk = 100}), 600s);
  REQUIRE(all.submitted);
  CHECK(*all.submitted == n);
  CHECK(called == n);
  CHECK(seen.ended == n);
  CHECK(seen.failed == 1);
  CHECK(seen.most <= settings.max_pending + 100);
  REQUIRE(all.end.results.size() == 1);
  CHECK(all.end.results[0].id == "4711");
}

// Ten million task calls take minutes: CORCHESTRA_SOAK=10000000.
TEST_CASE("[soak] a run over an endless generator needs bounded memory") {
  const char* text = std::getenv("CORCHESTRA_SOAK");
  const std::uint64_t n = text ? std::strtoull(text, nullptr, 10) : 0;
  if (n == 0) SKIP("set CORCHESTRA_SOAK to a number of task calls, such as 10000000");
  asio::io_context context;
  orchestrator o(context.get_executor());
  std::uint64_t called = 0;
  std::size_t at_a_tenth = 0;
  o.agents().add("a", [&](task_context c) -> awaitable<result<task_output>> {
    if (++called == n / 10) at_a_tenth = resident_bytes();
    co_return task_output(c.task().id);
  });
  census seen;
  const auto r = o.start(endless(64), seen.callbacks()).value();
  const auto all = tests::run(context, feed(r, count_to(n), {}), std::chrono::hours(24));
  REQUIRE(all.submitted);
  CHECK(*all.submitted == n);
  CHECK(seen.ended == n);
  CHECK(seen.most <= 10'000 + submit_all_options().chunk);
  CHECK(all.end.results.empty());
  CAPTURE(at_a_tenth, resident_bytes());
  CHECK(resident_bytes() < at_a_tenth + (8u << 20));
}

TEST_CASE("what a waiting source gives starts at once, and the run ends when it is exhausted") {
  virtual_orchestra v;
  async_task_source slow = [i = 0]() mutable -> awaitable<std::optional<task_call>> {
    co_await sleep_for(10s);
    if (++i > 3) co_return std::nullopt;
    co_return task("t" + std::to_string(i));
  };
  auto all = [&]() -> awaitable<void> {
    auto r = v.o.start(endless()).value();
    const auto submitted = co_await submit_all(r, slow);
    CHECK(*submitted == 3);
    const auto end = co_await r.wait();
    CHECK(end.success());
  };
  v.time.run(all());
  CHECK(v.start_of("t1") == 10);
  CHECK(v.start_of("t3") == 30);
  CHECK(v.time.now() == time_point(40s));
}

TEST_CASE("a refused task call ends the submission with its place, and the run is closed") {
  virtual_orchestra v;
  int i = 0;
  const task_source source = [&i]() -> std::optional<task_call> { return task(i++ < 25 ? std::to_string(i) : "7"); };
  auto r = v.o.start(endless()).value();
  const auto all = v.time.run(feed(r, source, {.chunk = 10}));
  REQUIRE(all.submitted.has_error());
  CHECK(all.submitted.error().is(errc::duplicate_task));
  CHECK(all.submitted.error().message.starts_with("after 20 submitted task calls: "));
  CHECK(all.end.success());
  CHECK(v.agent->log().size() == 20);
}

TEST_CASE("what a source throws is rethrown after what it gave was submitted, and the run is closed") {
  virtual_orchestra v;
  int i = 0;
  const task_source source = [&i]() -> std::optional<task_call> {
    if (i == 5) throw std::runtime_error("the file is cut off");
    return task(std::to_string(i++));
  };
  auto r = v.o.start(endless()).value();
  CHECK_THROWS_AS(v.time.run(submit_all(r, source, {.chunk = 4})), std::runtime_error);
  const auto end = v.time.run(r.wait());
  CHECK(end.success());
  CHECK(v.agent->log().size() == 5);
}

TEST_CASE("several sources feed one run, which is closed after all") {
  virtual_orchestra v;
  auto r = v.o.start(endless()).value();
  const auto named = [](char letter) {
    return [letter, i = 0]() mutable -> std::optional<task_call> {
      if (i == 50) return std::nullopt;
      return task(letter + std::to_string(i++));
    };
  };
  const submit_all_options open{.chunk = 7, .close = false};
  const auto submitted = v.time.run(gather<result<std::uint64_t>>({
      [&] { return submit_all(r, named('a'), open); },
      [&] { return submit_all(r, named('b'), open); },
  }));
  CHECK(*submitted[0] == 50);
  CHECK(*submitted[1] == 50);
  CHECK(v.time.run(r.status()).state == run_state::running);
  r.close();
  const auto end = v.time.run(r.wait());
  CHECK(end.success());
  CHECK(v.agent->log().size() == 100);
}

TEST_CASE("a run that ends before its source is exhausted says so") {
  virtual_orchestra v;
  auto r = v.o.start(endless(1)).value();
  std::uint64_t given = 0;
  const task_source source = [&]() -> std::optional<task_call> {
    if (++given == 500) r.request_cancel("enough");
    return task(std::to_string(given));
  };
  const auto all = v.time.run(feed(r, source, {.chunk = 10}));
  REQUIRE(all.submitted.has_error());
  CHECK(all.submitted.error().is(errc::not_running));
  CHECK(all.end.state == run_state::cancelled);
  CHECK(given < 600);
}

TEST_CASE("a chunk of nothing is refused") {
  virtual_orchestra v;
  auto r = v.o.start(endless()).value();
  CHECK(v.time.run(submit_all(r, count_to(1), {.chunk = 0})).error().is(errc::invalid_argument));
  r.close();
  v.time.run();
}
