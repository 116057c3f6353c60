// A million independent tasks that suspend once, 64 at a time, with results kept and a subscriber to every event,
// beside a bare Asio loop that only spawns. `tasks` is the run, from the plan to the results; `tasks_whole` also makes
// the task calls, reads every result and frees everything. `tasks_recorded` is the run beside a loop that also tells and keeps
// what the run does.
#include "bare_loop.hpp"
#include "engine_run.hpp"
#include "harness.hpp"
#include "recording_loop.hpp"

using namespace corchestra;

namespace {

constexpr std::size_t count = 1'000'000;
constexpr std::uint32_t width = 64;

struct times {
  double run = 0, whole = 0;
};

struct subscriber {
  std::size_t started = 0, completed = 0;

  event_sink sink() {
    return [this](const event& e) {
      if (e.type == event_type::attempt_started) ++started;
      if (e.type == event_type::task_ended && e.state == task_state::completed) ++completed;
    };
  }
  void check() const { bench::check(started == count && completed == count, "the subscriber missed a task"); }
};

times ours() {
  times t;
  subscriber told;
  const bench::stopwatch whole;
  {
    task_plan plan = bench::independent_tasks(count, width);
    run_callbacks callbacks;
    callbacks.on_event = told.sink();
    const bench::stopwatch run;
    const run_result r = bench::run_to_the_end(std::move(plan), make_agent(bench::suspend_once), std::move(callbacks));
    t.run = run.nanoseconds() / count;
    bench::check_results(r, count);
  }
  t.whole = whole.nanoseconds() / count;
  told.check();
  return t;
}

double recording(const task_plan& plan) {
  subscriber told;
  const double t = bench::recording_loop(plan, width, told.sink());
  told.check();
  return t;
}

double bare() { return bench::bare_loop(count, width); }

}  // namespace

int main(int argc, char** argv) {
  const bench::row run{.name = "tasks", .unit = "ns/task", .least = 1.5, .aim = 1.0};
  if (const int code = bench::measure(argc, argv, run, [] { return ours().run; }, bare); code != 0) return code;
  if (const int code = bench::measure(argc, argv, {.name = "tasks_whole", .unit = "ns/task"}, [] { return ours().whole; }, bare); code != 0) {
    return code;
  }
  const task_plan plan = bench::independent_tasks(count, width);
  return bench::measure(
      argc, argv, {.name = "tasks_recorded", .unit = "ns/task"}, [] { return ours().run; }, [&] { return recording(plan); });
}
