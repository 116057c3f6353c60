// Independent tasks that suspend once, 64 at a time: a run with ids, results and a progress subscriber, beside a bare
// Asio loop that does nothing but spawn. Ratios within one process, medians of several rounds; results are checked.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <corchestra/runtime/async_run.hpp>

using namespace corchestra;

namespace {

double seconds(const std::function<void()>& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void check(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "engine_bench: %s\n", what);
  std::exit(1);
}

void bare_loop(std::size_t n, std::size_t width) {
  asio::io_context io;
  std::size_t started = 0, ended = 0;
  std::function<void()> next = [&] {
    if (started == n) return;
    ++started;
    asio::co_spawn(io, []() -> awaitable<void> { co_await asio::post(asio::use_awaitable); }, [&](std::exception_ptr) {
      ++ended;
      next();
    });
  };
  for (std::size_t i = 0; i < width; ++i) next();
  io.run();
  check(ended == n, "the bare loop lost a task");
}

void whole_run(std::size_t n, std::size_t width) {
  asio::io_context io;
  orchestrator o(io.get_executor());
  o.agents().add("noop", [](task_context) -> awaitable<result<task_output>> {
    co_await asio::post(asio::use_awaitable);
    co_return task_output{};
  });
  task_plan plan;
  plan.options.limits.max_concurrent_tasks = static_cast<std::uint32_t>(width);
  plan.tasks.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    plan.tasks[i].id = "task-" + std::to_string(i);
    plan.tasks[i].agent = "noop";
  }
  std::size_t ended = 0;
  run_callbacks callbacks;
  callbacks.on_task_ended = [&](const task_result& r) { ended += r.success() ? 1 : 0; };
  bool complete = false;
  async_run(o, std::move(plan), callbacks, [&](result<run_result> r) { complete = r.has_value() && r->success(); });
  io.run();
  check(complete && ended == n, "the run lost a task");
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t n = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  constexpr std::size_t width = 64, rounds = 5;
  std::vector<double> bare, ours, ratio;
  for (std::size_t i = 0; i < rounds; ++i) {
    bare.push_back(seconds([&] { bare_loop(n, width); }));
    ours.push_back(seconds([&] { whole_run(n, width); }));
    ratio.push_back(ours.back() / bare.back());
  }
  const auto median = [](std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
  };
  const double per = 1e9 / static_cast<double>(n);
  std::printf("%zu tasks: whole run %.0f ns a task, bare co_spawn loop %.0f ns, ratio %.2f\n", n, median(ours) * per,
              median(bare) * per, median(ratio));
}
