// Priority inheritance: by dependencies, children and those who wait for locks.
#include <limits>

#include "core/scheduler_impl.hpp"

namespace corchestra {

// What a more urgent task waits for becomes as urgent: along dependencies, and down to the children it awaits.
void scheduler::impl::raise_priority(task_index t, int priority, time_point now) {
  std::vector<task_index> todo{t};
  while (!todo.empty()) {
    const task_index u = todo.back();
    todo.pop_back();
    if (!records.holds(u)) continue;
    record& r = records[u];
    if ((is_terminal(r.state) && r.open_subtree == 0) || r.priority >= priority) continue;
    const bool heavy = r.more && r.more->heavy_parked;
    if (heavy) hold_heavy(u, false);
    const bool broke = r.more && r.more->budget_parked;
    if (broke) hold_for_budget(u, false);
    r.priority = priority;
    if (heavy) hold_heavy(u, true);
    if (broke) hold_for_budget(u, true);
    if (r.more && r.more->parked_on != detail::resource_table::none) {
      const auto on = r.more->parked_on;
      resources.raise(u, on, rank_of(r));
      if (is_held(on)) {
        const auto holders = resources.holders(on);
        todo.insert(todo.end(), holders.begin(), holders.end());
      }
    }
    if (r.queued) requeue(u, now);
    if (r.missing > 0 && r.phase() == phase::none && !is_terminal(r.state)) {
      for (const auto& d : r.call->depends_on) {
        if (const auto need = need_of(d); need != no_task) todo.push_back(need & ~subtree_bit);
      }
    }
    if (r.more) todo.insert(todo.end(), r.more->children.begin(), r.more->children.end());
  }
}

// Its locks are free again: what it inherited from those who waited for them ends.
void scheduler::impl::lower_priority(record& r) const {
  int priority = r.call->priority;
  if (r.parent != no_task) priority = std::max(priority, records[r.parent].priority);
  const auto needed_by = [&](task_index d) {
    if (records.holds(d) && !is_terminal(records[d].state)) priority = std::max(priority, records[d].priority);
  };
  for (auto e = r.first_edge; e != none; e = edges[e].next) needed_by(edges[e].to);
  if (r.more) {
    for (const task_index w : r.more->subtree_watchers) needed_by(w);
  }
  r.priority = priority;
}

// Some were parked before it took its locks: it inherits from them as if they came after.
void scheduler::impl::inherit_from_waiters(record& r) const {
  if (!r.more->locked || resources.nobody_waits()) return;
  const auto rank = resources.inherited_rank(r.more->locks);
  if (rank == std::numeric_limits<std::int64_t>::min()) return;
  r.priority = std::max(r.priority, static_cast<std::int32_t>(rank & 0xFFFF'FFFF));
}

void scheduler::impl::raise_holders(const record& r, detail::resource_index on, time_point now) {
  if (!is_held(on)) return;
  for (const task_index h : resources.holders(on)) {
    if (records[h].priority < r.priority) raise_priority(h, r.priority, now);
  }
}

}  // namespace corchestra
