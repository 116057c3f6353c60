// Ten thousand tasks that wait for an hour, all cancelled: from the request to the end of the last, beside cancelling
// ten thousand bare Asio timers and waiting for their handlers. In `cancel` a body learns of it as the bare handlers do,
// by an error code; in `cancel_throwing` by an exception, which passes two coroutines.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>

#include <corchestra/runtime/async_run.hpp>

#include "engine_run.hpp"
#include "harness.hpp"

using namespace corchestra;

namespace {

constexpr std::size_t count = 10'000;
constexpr auto hour = std::chrono::hours(1);

enum class learns_by { code, exception };

double ours(learns_by how) {
  asio::io_context io;
  orchestrator conductor(io.get_executor());
  std::size_t waiting = 0, cancelled = 0;
  std::optional<run> r;
  std::optional<bench::stopwatch> watch;
  double time = 0;
  conductor.agents().add("sleeper", [&](task_context) -> awaitable<result<task_output>> {
    asio::steady_timer timer(co_await asio::this_coro::executor, hour);
    if (++waiting == count) {
      // When this one waits too.
      asio::post(io, [&] {
        watch.emplace();
        r->request_cancel();
      });
    }
    if (how == learns_by::exception) {
      co_await timer.async_wait(asio::use_awaitable);
    } else {
      const auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
      if (ec) co_return fail(errc::cancelled, "asked to stop");
    }
    co_return task_output{};
  });
  run_callbacks callbacks;
  callbacks.on_task_ended = [&](const task_result& t) {
    if (t.state == task_state::cancelled && ++cancelled == count) time = watch->nanoseconds();
  };
  result<run> started = conductor.start(bench::independent_tasks(count, count, "sleeper"), callbacks);
  bench::check(started.has_value(), "the run did not start");
  r.emplace(*started);
  io.run();
  bench::check(waiting == count && cancelled == count, "a task was not cancelled");
  return time / 1e6;
}

double bare_timers() {
  asio::io_context io;
  std::deque<asio::steady_timer> timers;
  std::size_t cancelled = 0;
  for (std::size_t i = 0; i < count; ++i) {
    timers.emplace_back(io, hour).async_wait([&](boost::system::error_code ec) { cancelled += ec.failed() ? 1 : 0; });
  }
  io.poll();
  const bench::stopwatch watch;
  for (auto& timer : timers) timer.cancel();
  io.run();
  const double time = watch.nanoseconds();
  bench::check(cancelled == count, "a timer was not cancelled");
  return time / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::row by_code{.name = "cancel", .unit = "ms", .least = 10, .aim = 4};
  const int code = bench::measure(argc, argv, by_code, [] { return ours(learns_by::code); }, bare_timers);
  if (code != 0) return code;
  return bench::measure(argc, argv, {.name = "cancel_throwing", .unit = "ms"}, [] { return ours(learns_by::exception); }, bare_timers);
}
