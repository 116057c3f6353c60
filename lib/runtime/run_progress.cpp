#include "runtime/run_progress.hpp"

#include <algorithm>

namespace corchestra::detail {

namespace {

/// What tasks are expected to take, in seconds. Neighbours are often of one kind.
class expectation {
 public:
  explicit expectation(duration_book book) : book_(std::move(book)) {}

  optional_duration of(const task_call& c) {
    if (c.rules && c.rules->expected_duration) return c.rules->expected_duration;
    if (!kind_ || kind_->task_type != c.task_type || kind_->agent != c.agent) {
      kind_ = &c;
      takes_ = book_.expected(c.task_type, c.agent);
    }
    return takes_;
  }

 private:
  duration_book book_;
  const task_call* kind_ = nullptr;
  optional_duration takes_;
};

}  // namespace

double progress_of(const scheduler& run) {
  expectation expected(run.durations());
  double known = 0, known_done = 0, unknown_done = 0;
  std::size_t tasks_known = 0, tasks_unknown = 0;
  for (task_index t = 0; t < run.size(); ++t) {
    const bool ended = !run.known(t) || is_terminal(run.state(t));
    const double part = ended ? 1 : run.state(t) == task_state::running ? run.progress(t) : 0;
    const auto takes = run.known(t) ? expected.of(run.call(t)) : optional_duration{};
    if (takes) {
      ++tasks_known;
      known += to_seconds(*takes);
      known_done += part * to_seconds(*takes);
    } else {
      ++tasks_unknown;
      unknown_done += part;
    }
  }
  // Of those that nothing is known of: the mean of the others.
  const double mean = tasks_known > 0 ? known / static_cast<double>(tasks_known) : 1;
  const double whole = known + mean * static_cast<double>(tasks_unknown);
  if (whole > 0) return std::clamp((known_done + mean * unknown_done) / whole, 0.0, 1.0);
  return run.size() > 0 && run.unfinished() == 0 ? 1 : 0;
}

}  // namespace corchestra::detail
