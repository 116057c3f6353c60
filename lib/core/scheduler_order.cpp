#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr duration assumed_duration = std::chrono::seconds(1);
}

duration scheduler::impl::expected(const record& r) const {
  if (const auto* rules = r.rules(); rules && rules->expected_duration) return *rules->expected_duration;
  return all_learnt[kinds[r.kind].learnt].expected.value_or(assumed_duration);
}

// The new tasks, each after those it needs. Empty when that is just their order.
std::vector<task_index> scheduler::impl::topological(task_index first) const {
  const auto n = static_cast<task_index>(records.size());
  bool forward = false;
  std::vector<std::uint32_t> missing;
  const auto each_need = [&](task_index t, auto f) {
    for (auto e = records[t].first_edge; e != none; e = edges[e].next) f(edges[e].to);
    if (!records[t].more) return;
    for (const task_index w : records[t].more->subtree_watchers) f(w);
  };
  for (task_index t = first; t < n && !forward; ++t) each_need(t, [&](task_index to) { forward = forward || to < t; });
  if (!forward) return {};
  missing.resize(n - first);
  for (task_index t = first; t < n; ++t) each_need(t, [&](task_index to) { ++missing[to - first]; });
  std::vector<task_index> order;
  order.reserve(n - first);
  for (task_index t = first; t < n; ++t) {
    if (missing[t - first] == 0) order.push_back(t);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    each_need(order[i], [&](task_index to) {
      if (--missing[to - first] == 0) order.push_back(to);
    });
  }
  return order;
}

// Levels of the new tasks, and their upward ranks: own expected duration plus the greatest rank of those that need it
// (HEFT, Topcuoglu 2002). Ranks of tasks that were there before stay.
void scheduler::impl::set_order(task_index first) {
  const auto n = static_cast<task_index>(records.size());
  const auto order = topological(first);
  const auto at = [&](task_index i) { return order.empty() ? first + i : order[i]; };
  for (task_index i = 0; i < n - first; ++i) {
    record& r = records[at(i)];
    if (r.parent != no_task) r.level = std::max(r.level, records[r.parent].level + 1);
    // Under levels a child belongs to its parent's level, or the parent could not wait for it.
    if (r.parent != no_task && options->mode == scheduling_mode::levels) r.level = records[r.parent].level;
    const auto below = [&](record& next) { next.level = std::max(next.level, r.level + 1); };
    for (auto e = r.first_edge; e != none; e = edges[e].next) below(records[edges[e].to]);
    if (!r.more) continue;
    for (const task_index w : r.more->subtree_watchers) below(records[w]);
  }
  for (task_index i = n - first; i-- > 0;) {
    record& r = records[at(i)];
    float best = 0;
    for (auto e = r.first_edge; e != none; e = edges[e].next) best = std::max(best, records[edges[e].to].rank);
    if (r.more) {
      for (const task_index w : r.more->subtree_watchers) best = std::max(best, records[w].rank);
    }
    r.rank += best;
  }
  if (options->mode != scheduling_mode::levels) return;
  for (task_index t = first; t < n; ++t) {
    const auto l = records[t].level;
    if (l >= level_open.size()) level_open.resize(l + 1);
    ++level_open[l];
  }
}

// Of the need of a whole subtree, what is under the task too.
std::vector<task_index> scheduler::impl::all_of(task_index need) const {
  std::vector<task_index> all{need & ~subtree_bit};
  for (std::size_t i = 0; i < all.size() && (need & subtree_bit) != 0; ++i) {
    const auto& x = records[all[i]].more;
    if (!x) continue;
    std::copy_if(x->children.begin(), x->children.end(), std::back_inserter(all), [&](task_index c) { return records.holds(c); });
  }
  return all;
}

// scheduling_mode::levels: what a child of an open level needs cannot wait for a later one.
void scheduler::impl::pull_to_level(task_index child, time_point now) {
  const std::uint32_t to = records[child].level;
  std::vector<task_index> todo{child};
  bool any = false;
  while (!todo.empty()) {
    const record& r = records[todo.back()];
    todo.pop_back();
    for (const auto& d : r.call->depends_on) {
      const task_index need = need_of(d);
      if (need == no_task) continue;
      for (const task_index up : all_of(need)) {
        if (is_terminal(records[up].state) || records[up].level <= to) continue;
        --level_open[records[up].level];
        records[up].level = to;
        ++level_open[to];
        todo.push_back(up);
        any = true;
      }
    }
  }
  if (any) open_levels(now);
}

// scheduling_mode::levels: a level opens when the one before it has ended.
void scheduler::impl::open_levels(time_point now) {
  while (level < level_open.size() && level_open[level] == 0) ++level;
  for (const task_index t : std::exchange(level_held, {})) {
    if (!records.holds(t) || is_terminal(records[t].state)) continue;
    if (records[t].level > level) {
      level_held.push_back(t);
    } else {
      admit(t, now);
    }
  }
}

}  // namespace corchestra
