// A million independent tasks that suspend once, 64 at a time, with results kept and a subscriber to their progress and ends,
// beside a bare Asio loop that only spawns. `tasks` is the run of a compiled plan, from its start to the results; `tasks_planned` the same from
// a plan that the run checks; `tasks_events` has a subscriber to every event besides; `tasks_whole` also makes the task calls, reads every
// result and frees everything. `tasks_recorded` is `tasks_events` beside a loop that also tells and keeps what the run does.
#include <cstdlib>

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
  /// Of what a progress bar asks for.
  run_callbacks progress() {
    run_callbacks callbacks;
    callbacks.on_progress = [this](std::string_view, double) { ++started; };
    callbacks.on_task_ended = [this](const task_result& r) { completed += r.success() ? 1 : 0; };
    return callbacks;
  }
  run_callbacks events() {
    run_callbacks callbacks;
    callbacks.on_event = sink();
    return callbacks;
  }
};

enum class tells { progress, events };

times ours(tells what, bench::plan_form form) {
  times t;
  subscriber told;
  const bench::stopwatch whole;
  {
    const run_result r = bench::run_to_the_end(bench::independent_tasks(count, width), make_agent(bench::suspend_once),
                                               what == tells::events ? told.events() : told.progress(), form, &t.run);
    bench::check_results(r, count);
  }
  t.whole = whole.nanoseconds() / count;
  t.run /= count;
  bench::check(told.completed == count && told.started == (what == tells::events ? count : 0), "the subscriber missed a task");
  return t;
}

double recording(const task_plan& plan) {
  subscriber told;
  const double t = bench::recording_loop(plan, width, told.sink());
  bench::check(told.started == count && told.completed == count, "the subscriber missed a task");
  return t;
}

double bare() { return bench::bare_loop(count, width); }

}  // namespace

int main(int argc, char** argv) {
  const auto measure = [&](const bench::row& row, const bench::measurement& mine, const bench::measurement& beside) {
    const int code = bench::measure(argc, argv, row, mine, beside);
    if (code != 0) std::exit(code);
  };
  using bench::plan_form;
  measure({.name = "tasks", .unit = "ns/task", .least = 1.5, .aim = 1.0}, [] { return ours(tells::progress, plan_form::compiled).run; }, bare);
  measure({.name = "tasks_planned", .unit = "ns/task"}, [] { return ours(tells::progress, plan_form::plain).run; }, bare);
  measure({.name = "tasks_events", .unit = "ns/task"}, [] { return ours(tells::events, plan_form::plain).run; }, bare);
  measure({.name = "tasks_whole", .unit = "ns/task"}, [] { return ours(tells::progress, plan_form::plain).whole; }, bare);
  const task_plan plan = bench::independent_tasks(count, width);
  measure({.name = "tasks_recorded", .unit = "ns/task"}, [] { return ours(tells::events, plan_form::plain).run; }, [&] { return recording(plan); });
}
