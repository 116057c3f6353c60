#include <corchestra/core/forecast.hpp>

#include <algorithm>
#include <utility>

#include "core/forecast_state.hpp"

namespace corchestra {

struct forecast::impl : detail::forecast_state {
  std::uint32_t kind_of(const event& e) {
    const std::uint64_t key = std::uint64_t{types.number(e.task_type)} << 32 | agents.number(e.agent);
    const auto [it, added] = kind_index.try_emplace(key, static_cast<std::uint32_t>(kinds.size()));
    if (added) kinds.push_back({std::string(e.task_type), std::string(e.agent), {}});
    return it->second;
  }

  void submitted(const event& e) {
    task& t = tasks.add(e.task);
    t.needs.assign(e.needs.begin(), e.needs.end());
    t.kind = kind_of(e);
    if (e.call && e.call->rules) t.expected = e.call->rules->expected_duration;
    if (t.expected) {
      given += to_seconds(*t.expected);
    } else {
      ++kinds[t.kind].tasks;
    }
    if (e.parent != no_task) children[e.parent].push_back(e.task);
  }

  static void work(task& t, time_point at) {
    if (!std::exchange(t.working, true)) t.since = at;
  }
  static void rest(task& t, time_point at) {
    if (std::exchange(t.working, false)) t.worked += at - t.since;
  }

  void heard(task& t, const event& e) {
    if (e.type == event_type::attempt_started) {
      t.begun = t.in_attempt = true;
      t.worked = t.kept;
      t.waits_for_child = false;
      work(t, e.at);
    } else if (e.type == event_type::attempt_ended) {
      rest(t, e.at);
      t.in_attempt = false;
      if (e.outcome == task_state::completed) t.kept = t.worked;
      if (e.retry_in) t.retry_at = e.at + *e.retry_in;
    } else if (e.state == task_state::running) {
      t.waits_for_child = e.waiting == wait_reason::child;
      e.waiting == wait_reason::none ? work(t, e.at) : rest(t, e.at);
    }
  }

  void ended(task& t, const event& e) {
    rest(t, e.at);
    if (t.expected) {
      given_ended += to_seconds(*t.expected);
    } else {
      ++kinds[t.kind].ended;
    }
    progress.erase(e.task);
    if (t.begun && e.state != task_state::cancelled && e.state != task_state::skipped) learn(t);
    tasks.remove(e.task);
  }

  // In seconds; of a kind that nothing is known of: as all others, else 1.
  double usual(const kind& k) const {
    if (const auto* e = book.find(k.task_type, k.agent)) return e->mean_seconds;
    return finished.samples > 0 ? finished.mean : 1;
  }

  double part_done() const {
    double whole = given, done = given_ended;
    for (const kind& k : kinds) {
      whole += usual(k) * static_cast<double>(k.tasks);
      done += usual(k) * static_cast<double>(k.ended);
    }
    for (const auto& [index, part] : progress) {
      const task* t = tasks.find(index);
      if (t) done += part * (t->expected ? to_seconds(*t->expected) : usual(kinds[t->kind]));
    }
    return whole > 0 ? std::clamp(done / whole, 0.0, 1.0) : 0;
  }

  void learn(const task& t) {
    kind& k = kinds[t.kind];
    book.learn(k.task_type, k.agent, t.worked);
    k.finished.add(to_seconds(t.worked));
    finished.add(to_seconds(t.worked));
  }
};

forecast::forecast(std::shared_ptr<const duration_book> learnt) : impl_(std::make_unique<impl>()) {
  impl_->before = learnt ? std::move(learnt) : std::make_shared<const duration_book>();
  impl_->book = *impl_->before;
}
forecast::~forecast() = default;
forecast::forecast(forecast&&) noexcept = default;
forecast& forecast::operator=(forecast&&) noexcept = default;

void forecast::operator()(const event& e) {
  auto& s = *impl_;
  if (e.type == event_type::run_started && e.data.is_object()) {
    s.slots = std::max(std::size_t{1}, e.data.value("max_concurrent_tasks", std::size_t{1}));
  }
  if (e.task == no_task) return;
  if (e.type == event_type::task_submitted) return s.submitted(e);
  if (e.type == event_type::task_progress) {
    s.progress[e.task] = e.progress;
    return;
  }
  if (e.type == event_type::attempt_ended && !s.progress.empty()) s.progress.erase(e.task);
  const bool tells = e.type == event_type::task_state_changed || e.type == event_type::attempt_started ||
                     e.type == event_type::attempt_ended || e.type == event_type::task_ended;
  auto* task = tells ? s.tasks.find(e.task) : nullptr;
  if (!task) return;
  if (e.type == event_type::task_ended) {
    s.ended(*task, e);
  } else {
    s.heard(*task, e);
  }
}

std::optional<eta> forecast::remaining(time_point now) const { return detail::estimate(*impl_, now); }
double forecast::progress() const { return impl_->part_done(); }
std::size_t forecast::tasks_left() const noexcept { return impl_->tasks.count(); }
const duration_book& forecast::durations() const noexcept { return impl_->book; }

}  // namespace corchestra
