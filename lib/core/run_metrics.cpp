#include <corchestra/core/run_metrics.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/name_table.hpp"
#include "core/run_tally.hpp"
#include "core/task_blocks.hpp"

namespace corchestra {

namespace {

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
  if (slots == 0) return 0.0;
  return (slot_time == duration::zero() || wall == duration::zero() ? 1.0 : ratio(slot_time, wall)) / static_cast<double>(slots);
}

struct metrics_fold::impl {
  static constexpr std::size_t few = 16;  // tasks: what small runs need at once

  /// A task that has not ended.
  struct task {
    std::unique_ptr<task_index[]> needs;  // their number, then whom it waits for, until it does not any more
    time_point submitted{};
    time_point since{};  // when it began to work: the attempt, or after its last wait
    duration worked{};   // in the last attempt and the iterations before it, up to `since`
    duration kept{};     // of iterations that completed
    duration before{};   // the longest chain of measured durations that it came after
    task_index parent = no_task;
    std::uint32_t slots = 1;  // it takes
    task_state state{};
    bool begun = false, working = false;
  };

  detail::task_blocks<task> tasks;
  std::vector<duration> paths;  // of ended tasks by number: the longest chain that ends there
  std::unordered_map<task_index, duration> subtree_paths;  // by ancestor, of everything spawned under it
  std::unordered_map<task_index, task_index> parents;
  detail::run_tally tally;
  detail::name_table agents;
  std::vector<agent_metrics> by_agent;
  std::array<std::size_t, task_state_count> counts{};
  std::size_t total = 0;
  bool keep_tasks = true;
  time_point begin{}, last{};
  bool ended = false;

  impl(bool keep, std::size_t slots) : tally(keep, slots), keep_tasks(keep) {}

  void submitted(const event& e) {
    task& t = tasks.add(e.task);
    t.submitted = e.at;
    t.state = e.state;
    if (e.call && e.call->rules && e.call->rules->weight > 1) t.slots = slots_of(e.call->rules->weight);
    ++total;
    ++counts[static_cast<std::size_t>(e.state)];
    if (!e.needs.empty()) {
      t.needs = std::make_unique<task_index[]>(e.needs.size() + 1);
      t.needs[0] = static_cast<task_index>(e.needs.size());
      std::copy(e.needs.begin(), e.needs.end(), t.needs.get() + 1);
    }
    if (e.parent != no_task) spawned(t, e);
  }

  std::uint32_t slots_of(std::uint32_t weight) const {
    return tally.slots() == 0 ? weight : static_cast<std::uint32_t>(std::min<std::size_t>(weight, tally.slots()));
  }

  // It could not have been submitted before its parent had come as far.
  void spawned(task& t, const event& e) {
    t.parent = e.parent;
    if (keep_tasks) parents.emplace(e.task, e.parent);
    if (task* p = tasks.find(e.parent)) {
      settle_needs(*p);
      t.before = p->before + p->worked + (p->working ? e.at - p->since : duration{});
    } else {
      t.before = path(e.parent);
    }
  }

  duration path(task_index t) const { return t < paths.size() ? paths[t] : duration{}; }

  duration path_of_need(task_index need) const {
    if ((need & subtree_bit) == 0) return path(need);
    const task_index root = need & ~subtree_bit;
    const auto it = subtree_paths.find(root);
    return std::max(path(root), it == subtree_paths.end() ? duration{} : it->second);
  }

  // Once it waits for no task any more: those that have not ended by then were not waited for.
  void settle_needs(task& t) {
    if (!t.needs) return;
    for (task_index i = 1; i <= t.needs[0]; ++i) t.before = std::max(t.before, path_of_need(t.needs[i]));
    t.needs.reset();
  }

  void set_path(task_index n, const task& t, duration d) {
    if (!keep_tasks) return;
    if (n >= paths.size()) {
      if (n >= paths.capacity()) paths.reserve(std::max<std::size_t>({few, n + 1, 2 * paths.capacity()}));
      paths.resize(n + 1);
    }
    paths[n] = d;
    for (task_index a = t.parent; a != no_task;) {
      duration& longest = subtree_paths[a];
      longest = std::max(longest, d);
      const auto up = parents.find(a);
      a = up == parents.end() ? no_task : up->second;
    }
  }

  void change_state(task& t, task_state s) {
    if (t.state == s) return;
    --counts[static_cast<std::size_t>(t.state)];
    ++counts[static_cast<std::size_t>(s)];
    t.state = s;
  }

  void work(task& t, time_point at) {
    if (std::exchange(t.working, true)) return;
    t.since = at;
    tally.works();
  }

  void rest(task& t, time_point at) {
    if (!std::exchange(t.working, false)) return;
    t.worked += at - t.since;
    tally.rests();
  }

  void state_changed(task& t, const event& e) {
    change_state(t, e.state);
    if (e.state != task_state::pending && e.waiting != wait_reason::deps) settle_needs(t);
    if (e.state != task_state::running) return;
    e.waiting == wait_reason::none ? work(t, e.at) : rest(t, e.at);
  }

  void attempt_started(task& t, const event& e) {
    change_state(t, task_state::running);
    if (!std::exchange(t.begun, true)) {
      settle_needs(t);
      tally.starts(e.at - t.submitted);
    }
    t.worked = t.kept;
    work(t, e.at);
  }

  void task_ended(task& t, const event& e) {
    const task_result& r = *e.result;
    rest(t, e.at);
    change_state(t, r.state);
    const std::uint32_t agent = agents.number(e.agent);
    if (agent == by_agent.size()) by_agent.emplace_back();
    ++by_agent[agent].tasks;
    if (r.success()) ++by_agent[agent].successes;
    settle_needs(t);
    if (t.begun) tally.executed(t.worked, t.slots);
    const duration path = t.before + (t.begun ? t.worked : duration{});
    tally.ends(r.usage, path);
    set_path(e.task, t, path);
    tasks.remove(e.task);
  }

  run_metrics at(time_point now) {
    run_metrics out = tally.at(now - begin);
    out.counts = counts;
    out.total_tasks = total;
    for (std::uint32_t i = 0; i < by_agent.size(); ++i) out.agents.emplace(agents.name(i), by_agent[i]);
    return out;
  }
};

metrics_fold::metrics_fold(bool keep_tasks, std::size_t slots) : impl_(std::make_unique<impl>(keep_tasks, slots)) {}
metrics_fold::~metrics_fold() = default;
metrics_fold::metrics_fold(metrics_fold&&) noexcept = default;
metrics_fold& metrics_fold::operator=(metrics_fold&&) noexcept = default;

void metrics_fold::operator()(const event& e) {
  auto& s = *impl_;
  s.last = e.at;
  const auto of_task = [&](auto f) {
    if (auto* t = s.tasks.find(e.task)) f(*t);
  };
  switch (e.type) {
    case event_type::run_started:
      s.begin = e.at;
      if (e.data.is_object() && s.tally.slots() == 0) s.tally.set_slots(e.data.value("max_concurrent_tasks", std::size_t{0}));
      return;
    case event_type::run_ended:
      s.ended = true;
      return;
    case event_type::task_submitted:
      if (e.task != no_task) s.submitted(e);
      return;
    case event_type::task_state_changed:
      return of_task([&](impl::task& t) { s.state_changed(t, e); });
    case event_type::attempt_started:
      return of_task([&](impl::task& t) { s.attempt_started(t, e); });
    case event_type::attempt_ended:
      return of_task([&](impl::task& t) {
        s.rest(t, e.at);
        if (e.outcome == task_state::completed) t.kept = t.worked;
      });
    case event_type::task_ended:
      if (e.result) of_task([&](impl::task& t) { s.task_ended(t, e); });
      return;
    default:
      return;
  }
}

run_metrics metrics_fold::snapshot(time_point now) const { return impl_->at(impl_->ended ? impl_->last : now); }
run_metrics metrics_fold::value() const { return impl_->at(impl_->last); }

}  // namespace corchestra
