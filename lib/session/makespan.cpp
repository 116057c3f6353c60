#include "session/makespan.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

class chain_finder {
 public:
  chain_finder(const scheduler& s, const time_attribution& spent) : scheduler_(s), spent_(spent) {
    for (const auto& status : s.locks()) locks_.emplace(status.resource, status);
    for (const auto& r : s.results()) {
      if (r->started_at && r->ended_at) ends_.emplace(*r->ended_at, s.find(r->id));
    }
  }

  void fill(foreseen_run& run) {
    if (ends_.empty()) return;
    task_index t = last_of(ends_.rbegin()->first);
    while (t != no_task) {
      run.chain.push_back(scheduler_.call(t).id);
      t = step_back(t);
    }
    std::reverse(run.chain.begin(), run.chain.end());
    for (const auto& [key, time] : shares_) {
      if (time > duration::zero()) run.shares.push_back({key.first, key.second, time});
    }
    std::sort(run.shares.begin(), run.shares.end(), [](const auto& a, const auto& b) {
      return std::tie(b.time, a.use, a.resource) < std::tie(a.time, b.use, b.resource);
    });
  }

 private:
  void add(time_use use, std::string resource, duration time) { shares_[{use, std::move(resource)}] += time; }

  // The first in listing order of those that ended then.
  task_index last_of(time_point at) const {
    task_index first = no_task;
    const auto [from, to] = ends_.equal_range(at);
    for (auto it = from; it != to; ++it) first = std::min(first, it->second);
    return first;
  }

  // Counts what the task's time went to since it could have started, and gives back the one that it waited for.
  task_index step_back(task_index t) {
    const task_result& r = *scheduler_.result_of(t);
    const auto spans = spent_.spans(t);
    const auto first = std::find_if(spans.begin(), spans.end(), [](const auto& s) { return s.use != time_use::deps; });
    const time_point ready = first == spans.end() ? *r.started_at : first->from;
    for (auto s = first; s != spans.end(); ++s) {
      const time_point until = s + 1 == spans.end() ? *r.ended_at : (s + 1)->from;
      add(s->use, s->use == time_use::slot ? pool_of(t, until) : resource_of(t, s->use), until - s->from);
    }
    return before(t, ready);
  }

  task_index before(task_index t, time_point ready) {
    task_index best = no_task;
    for (const auto& name : scheduler_.call(t).depends_on) {
      const std::string_view id = name;
      task_index up = scheduler_.find(id);
      if (up == no_task && id.ends_with("/*")) up = scheduler_.find(id.substr(0, id.size() - 2));
      if (up == no_task || !scheduler_.result_of(up)->started_at || ended(up) > ready) continue;
      if (best == no_task || ended(up) > ended(best)) best = up;
    }
    if (best != no_task && ended(best) == ready) return best;
    // A barrier: somebody else was waited for.
    if (ready > time_point{} && ends_.contains(ready) && scheduler_.options().mode == scheduling_mode::levels) {
      return last_of(ready);
    }
    add(time_use::deps, {}, ready - (best == no_task ? time_point{} : ended(best)));
    return best;
  }

  // The slots of its own that a task waited for until then, when those of the run would have let it start.
  std::string pool_of(task_index t, time_point until) const {
    const run_limits& l = scheduler_.options().limits;
    if (l.slots_by_agent.empty() && l.slots_by_task_type.empty() && l.slots_by_key.empty()) return {};
    const task_call& c = scheduler_.call(t);
    const std::string_view key = key_of(c);
    std::uint32_t all = weight_of(c), of_agent = all, of_type = all, of_key = all;
    for (const auto& r : scheduler_.results()) {
      if (!r->started_at || !r->ended_at || *r->started_at >= until || *r->ended_at < until) continue;
      const task_call& other = scheduler_.call(scheduler_.find(r->id));
      const std::uint32_t weight = weight_of(other);
      all += weight;
      if (other.agent == c.agent) of_agent += weight;
      if (other.task_type == c.task_type) of_type += weight;
      if (key_of(other) == key) of_key += weight;
    }
    if (all > l.max_concurrent_tasks) return {};
    const auto full = [](const auto& limits, std::string_view name, std::uint32_t used) {
      const auto it = limits.find(std::string(name));
      return it != limits.end() && used > it->second;
    };
    if (full(l.slots_by_agent, c.agent, of_agent)) return concat("slots of agent ", quote(c.agent));
    if (full(l.slots_by_task_type, c.task_type, of_type)) return concat("slots of task type ", quote(c.task_type));
    if (full(l.slots_by_key, key, of_key)) return concat("slots of key ", quote(key));
    return {};
  }

  static std::string_view key_of(const task_call& c) { return c.rules ? std::string_view(c.rules->fairness_key) : ""; }
  static std::uint32_t weight_of(const task_call& c) { return c.rules ? c.rules->weight : 1; }

  time_point ended(task_index t) const { return *scheduler_.result_of(t)->ended_at; }

  // Of what the task asks for, that which was fought over most.
  std::string resource_of(task_index t, time_use use) const {
    if (use != time_use::lock && use != time_use::rate) return {};
    const lock_status* most = nullptr;
    for (const auto& wanted : scheduler_.call(t).resources) {
      const auto it = locks_.find(wanted.id);
      if (it == locks_.end() || it->second.period.has_value() != (use == time_use::rate)) continue;
      if (!most || it->second.waited > most->waited) most = &it->second;
    }
    if (!most) return {};
    return concat(most->period ? "rate " : most->capacity > 0 ? "counter " : "lock ", quote(most->resource));
  }

  const scheduler& scheduler_;
  const time_attribution& spent_;
  std::unordered_map<std::string, lock_status> locks_;
  std::multimap<time_point, task_index> ends_;
  std::map<std::pair<time_use, std::string>, duration> shares_;
};

}  // namespace

void explain_makespan(const scheduler& s, const time_attribution& spent, foreseen_run& run) {
  chain_finder(s, spent).fill(run);
}

}  // namespace corchestra
