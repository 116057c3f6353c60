#include <algorithm>
#include <unordered_map>
#include <vector>

#include <corchestra/core/run_metrics.hpp>

namespace corchestra {

namespace {

// Of the k shortest among the (k-1)*P+1 longest tasks, P slots must run some k one after another (pigeonhole): their sum
// is a lower bound for every k. Three equal tasks on two slots: two of them share a slot.
duration pigeonhole(std::vector<duration> durations, std::size_t slots) {
  std::sort(durations.begin(), durations.end(), std::greater<>());
  std::vector<duration> prefix(durations.size() + 1);
  for (std::size_t i = 0; i < durations.size(); ++i) prefix[i + 1] = prefix[i] + durations[i];
  duration best{};
  for (std::size_t k = 1; slots > 0 && (k - 1) * slots + 1 <= durations.size(); ++k) {
    const std::size_t longest = (k - 1) * slots + 1;
    best = std::max(best, prefix[longest] - prefix[longest - k]);
  }
  return best;
}

}  // namespace

double run_metrics::success_rate() const noexcept {
  return total_tasks == 0 ? 1.0 : static_cast<double>(count(task_state::completed)) / static_cast<double>(total_tasks);
}

double run_metrics::speedup() const noexcept {
  return wall == duration::zero() ? 1.0 : to_seconds(sequential) / to_seconds(wall);
}

double run_metrics::bound_speedup() const noexcept {
  return lower_bound == duration::zero() ? 1.0 : to_seconds(sequential) / to_seconds(lower_bound);
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
    time_point submitted{}, started{}, attempt_began{};
    duration path{};  // longest chain of measured durations that ends here
    bool begun = false, running = false;
  };

  std::unordered_map<std::string, std::uint32_t> index;
  std::vector<task> tasks;
  std::vector<duration> durations;
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
    ++m.total_tasks;
    if (!e.call) return;
    for (const auto& d : e.call->depends_on) {
      const auto up = number(d);
      tasks[n].needs.push_back(up);
    }
  }

  void attempt_started(const event& e) {
    task& t = tasks[number(e.task_id)];
    t.attempt_began = e.at;
    t.running = true;
    if (!std::exchange(t.begun, true)) {
      t.started = e.at;
      waited += e.at - t.submitted;
      ++started;
    }
    m.peak_width = std::max(m.peak_width, ++width);
  }

  void attempt_ended(const event& e) {
    task& t = tasks[number(e.task_id)];
    if (std::exchange(t.running, false)) --width;
  }

  void task_ended(const event& e) {
    task& t = tasks[number(e.task_id)];
    const task_result& r = *e.result;
    ++m.counts[static_cast<std::size_t>(r.state)];
    auto& a = m.agents[r.agent];
    ++a.tasks;
    if (r.success()) ++a.successes;
    m.usage += r.usage;
    const duration took = t.begun ? r.last_duration() : duration::zero();
    for (const auto up : t.needs) t.path = std::max(t.path, tasks[up].path);
    t.path += took;
    m.longest_path = std::max(m.longest_path, t.path);
    if (!t.begun) return;
    durations.push_back(took);
    m.sequential += took;
  }

  run_metrics at(time_point now) const {
    run_metrics out = m;
    out.wall = now - begin;
    if (started > 0) out.average_wait = waited / static_cast<std::int64_t>(started);
    if (!durations.empty()) out.average_execution = m.sequential / static_cast<std::int64_t>(durations.size());
    out.lower_bound = std::max(m.longest_path, pigeonhole(durations, m.slots));
    if (m.slots > 0) out.lower_bound = std::max(out.lower_bound, m.sequential / static_cast<std::int64_t>(m.slots));
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
    case event_type::run_ended: s.ended = true; break;
    case event_type::task_submitted: s.submitted(e); break;
    case event_type::attempt_started: s.attempt_started(e); break;
    case event_type::attempt_ended: s.attempt_ended(e); break;
    case event_type::task_ended: s.task_ended(e); break;
    default: break;
  }
}

run_metrics metrics_fold::snapshot(time_point now) const { return impl_->at(impl_->ended ? impl_->last : now); }
run_metrics metrics_fold::value() const { return impl_->at(impl_->last); }

}  // namespace corchestra
