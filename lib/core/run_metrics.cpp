#include <corchestra/core/run_metrics.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace corchestra {

namespace {

/// However (k-1)*P+1 tasks are dealt to P slots, one slot gets k of them: so the k shortest among the (k-1)*P+1 longest
/// are a lower bound, for every k. Three equal tasks on two slots: two of them share a slot. `longest_first` is sorted.
duration pigeonhole(const std::vector<duration>& longest_first, std::size_t slots) {
  duration best{}, all{};
  if (slots == 0) return best;
  std::vector<duration> prefix{all};
  prefix.reserve(longest_first.size() + 1);
  for (const duration d : longest_first) prefix.push_back(all += d);
  for (std::size_t k = 1; (k - 1) * slots < longest_first.size(); ++k) {
    const std::size_t longest = (k - 1) * slots + 1;
    best = std::max(best, prefix[longest] - prefix[longest - k]);
  }
  return best;
}

double ratio(duration a, duration b) { return to_seconds(a) / to_seconds(b); }

}  // namespace

double run_metrics::success_rate() const noexcept {
  std::size_t ended = 0;
  for (std::size_t s = 0; s < counts.size(); ++s)
    if (is_terminal(static_cast<task_state>(s))) ended += counts[s];
  return ended == 0 ? 1.0 : static_cast<double>(count(task_state::completed)) / static_cast<double>(ended);
}

double run_metrics::speedup() const noexcept {
  return sequential == duration::zero() || wall == duration::zero() ? 1.0 : ratio(sequential, wall);
}

double run_metrics::bound_speedup() const noexcept {
  return lower_bound == duration::zero() ? 1.0 : ratio(sequential, lower_bound);
}

double run_metrics::efficiency_of_width() const noexcept {
  return peak_width == 0 ? 0.0 : speedup() / static_cast<double>(peak_width);
}

double run_metrics::efficiency_of_slots() const noexcept {
  return slots == 0 ? 0.0 : speedup() / static_cast<double>(slots);
}

struct metrics_fold::impl {
  struct task {
    std::vector<std::uint32_t> needs;
    time_point submitted{};
    time_point since{};  // when it began to work: the attempt, or after its last wait
    duration worked{};   // in the last attempt, up to `since`
    duration path{};     // longest chain of measured durations that ends here
    task_state state{};
    bool known = false, begun = false, working = false;
  };

  std::unordered_map<std::string, std::uint32_t> index;
  std::vector<task> tasks;
  std::vector<duration> longest_first;  // sorted up to `sorted`
  std::size_t sorted = 0;
  run_metrics m;
  duration waited{};
  std::size_t started = 0, width = 0;
  time_point begin{}, last{};
  bool ended = false;

  std::uint32_t number(std::string_view id) {
    const auto [it, added] = index.try_emplace(std::string(id), static_cast<std::uint32_t>(tasks.size()));
    if (added) tasks.emplace_back();
    return it->second;
  }

  void submitted(const event& e) {
    const auto n = number(e.task_id);
    tasks[n].submitted = e.at;
    tasks[n].known = true;
    tasks[n].state = e.state;
    ++m.total_tasks;
    ++m.counts[static_cast<std::size_t>(e.state)];
    if (!e.call) return;
    for (const auto& d : e.call->depends_on) {
      const auto up = number(d);
      tasks[n].needs.push_back(up);
    }
  }

  void change_state(task& t, task_state s) {
    if (!t.known || t.state == s) return;
    --m.counts[static_cast<std::size_t>(t.state)];
    ++m.counts[static_cast<std::size_t>(s)];
    t.state = s;
  }

  void work(task& t, time_point at) {
    if (std::exchange(t.working, true)) return;
    t.since = at;
    m.peak_width = std::max(m.peak_width, ++width);
  }

  void rest(task& t, time_point at) {
    if (!std::exchange(t.working, false)) return;
    t.worked += at - t.since;
    --width;
  }

  void state_changed(task& t, const event& e) {
    change_state(t, e.state);
    if (e.state != task_state::running) return;
    e.waiting == wait_reason::none ? work(t, e.at) : rest(t, e.at);
  }

  void attempt_started(task& t, const event& e) {
    change_state(t, task_state::running);
    if (!std::exchange(t.begun, true)) {
      waited += e.at - t.submitted;
      ++started;
    }
    t.worked = {};
    work(t, e.at);
  }

  void task_ended(task& t, const event& e) {
    const task_result& r = *e.result;
    rest(t, e.at);
    change_state(t, r.state);
    auto& a = m.agents[r.agent];
    ++a.tasks;
    if (r.success()) ++a.successes;
    m.usage += r.usage;
    for (const auto up : t.needs) t.path = std::max(t.path, tasks[up].path);
    t.needs = {};
    if (!t.begun) return;
    t.path += t.worked;
    m.longest_path = std::max(m.longest_path, t.path);
    m.sequential += t.worked;
    longest_first.push_back(t.worked);
  }

  void sort_durations() {
    if (sorted == longest_first.size()) return;
    const auto middle = longest_first.begin() + static_cast<std::ptrdiff_t>(sorted);
    std::sort(middle, longest_first.end(), std::greater<>());
    std::vector<duration> all;
    all.reserve(longest_first.size());
    std::merge(longest_first.begin(), middle, middle, longest_first.end(), std::back_inserter(all), std::greater<>());
    longest_first = std::move(all);
    sorted = longest_first.size();
  }

  run_metrics at(time_point now) {
    sort_durations();
    const auto per = [](duration d, std::size_t n) { return n == 0 ? duration{} : d / static_cast<std::int64_t>(n); };
    run_metrics out = m;
    out.wall = now - begin;
    out.average_wait = per(waited, started);
    out.average_execution = per(m.sequential, longest_first.size());
    out.lower_bound = std::max({m.longest_path, per(m.sequential, m.slots), pigeonhole(longest_first, m.slots)});
    return out;
  }
};

metrics_fold::metrics_fold() : impl_(std::make_unique<impl>()) {}
metrics_fold::~metrics_fold() = default;
metrics_fold::metrics_fold(metrics_fold&&) noexcept = default;
metrics_fold& metrics_fold::operator=(metrics_fold&&) noexcept = default;

void metrics_fold::operator()(const event& e) {
  auto& s = *impl_;
  s.last = e.at;
  switch (e.type) {
    case event_type::run_started:
      s.begin = e.at;
      if (e.data.is_object()) s.m.slots = e.data.value("max_concurrent_tasks", std::size_t{0});
      break;
    case event_type::run_ended:
      s.ended = true;
      break;
    case event_type::task_submitted:
      s.submitted(e);
      break;
    case event_type::task_state_changed:
      s.state_changed(s.tasks[s.number(e.task_id)], e);
      break;
    case event_type::attempt_started:
      s.attempt_started(s.tasks[s.number(e.task_id)], e);
      break;
    case event_type::attempt_ended:
      s.rest(s.tasks[s.number(e.task_id)], e.at);
      break;
    case event_type::task_ended:
      if (e.result) s.task_ended(s.tasks[s.number(e.task_id)], e);
      break;
    default:
      break;
  }
}

run_metrics metrics_fold::snapshot(time_point now) const { return impl_->at(impl_->ended ? impl_->last : now); }
run_metrics metrics_fold::value() const { return impl_->at(impl_->last); }

}  // namespace corchestra
