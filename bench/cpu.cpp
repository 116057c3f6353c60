// CPU-bound tasks on two worker threads, beside two bare threads that take the same pieces of work from a counter. Both
// on two cores; in tasks a second.
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <corchestra/runtime/blocking_task.hpp>

#include "engine_run.hpp"
#include "harness.hpp"

using namespace corchestra;

namespace {

constexpr std::size_t count = 400, threads = 2;

/// About a millisecond of arithmetic that cannot be left out.
std::uint64_t work(std::uint64_t seed) {
  std::uint64_t x = seed + 0x9E3779B97F4A7C15;
  for (int i = 0; i < 500'000; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

std::uint64_t whole_work() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += work(i);
  return sum;
}

double per_second(const bench::stopwatch& watch) { return count / (watch.nanoseconds() / 1e9); }

double ours(std::uint64_t expected) {
  task_plan plan = bench::independent_tasks(count, 8);
  for (std::size_t i = 0; i < count; ++i) plan.tasks[i].context = {{"seed", i}};
  std::uint64_t sum = 0;
  run_callbacks callbacks;
  callbacks.on_task_ended = [&](const task_result& r) { sum += r.output.value.get<std::uint64_t>(); };
  worker_threads pool(threads);
  const auto agent = blocking_task(pool, [](const blocking_context& c) -> result<task_output> {
    return task_output(work(c.task().context["seed"].get<std::uint64_t>()));
  });
  const bench::stopwatch watch(bench::stopwatch::work::on_several);
  const run_result r = bench::run_to_the_end(std::move(plan), agent, std::move(callbacks));
  const double rate = per_second(watch);
  bench::check_results(r, count);
  bench::check(sum == expected, "the worker threads computed something else");
  return rate;
}

double bare_threads(std::uint64_t expected) {
  std::atomic<std::size_t> next = 0;
  std::atomic<std::uint64_t> sum = 0;
  const auto take = [&] {
    for (std::size_t i = next++; i < count; i = next++) sum += work(i);
  };
  const bench::stopwatch watch(bench::stopwatch::work::on_several);
  std::vector<std::jthread> both;
  for (std::size_t i = 0; i < threads; ++i) both.emplace_back(take);
  both.clear();
  const double rate = per_second(watch);
  bench::check(sum == expected, "the bare threads computed something else");
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t expected = whole_work();
  return bench::measure(
      argc, argv,
      {.name = "cpu", .unit = "tasks/s", .least = 0.9, .aim = 0.98, .lower_is_better = false, .cores = threads},
      [&] { return ours(expected); }, [&] { return bare_threads(expected); });
}
