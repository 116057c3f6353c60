// Parents that hold locks or budget while they wait for children: who gives way.
#include "core/scheduler_impl.hpp"

namespace corchestra {

// It reserves nothing any more, and where it stood in line it stands as if it had just come.
void scheduler::impl::begin_waiting_anew(task_index t, time_point now) {
  const record& r = records[t];
  const auto on = r.more->parked_on;
  resources.forget(t);
  if (on == detail::resource_table::none) return;
  auto set = r.more->locks;
  set.insert(set.end(), r.more->pools.begin(), r.more->pools.end());
  resources.park(t, rank_of(r), set, on, now);
}

// Who waits for a task that holds locks must not keep out those that this task waits for: a starving waiter's
// reservation begins anew.
void scheduler::impl::end_reservations(task_index t, detail::resource_index on, time_point now) {
  bool any = false;
  for (const task_index h : resources.holders(on)) {
    const record& w = records[h];
    if (h == t || w.phase() != phase::none || !w.more || w.more->locked) continue;
    if (w.urgency >= records[t].urgency && records[t].phase() != phase::wants_slot && !keeps_locks(records[t])) continue;
    begin_waiting_anew(h, now);
    any = true;
  }
  if (!any) return;
  std::vector<task_index> woken;
  resources.wake(on, woken);
  wake(woken, now);
}

// An awaited child, or one below it, and all that it waits for go before others in the lines for locks: its parent may hold
// what those others wait for.
void scheduler::impl::make_urgent(task_index child, time_point now) {
  const auto urgency = records[child].awaited ? std::max(records[child].urgency, records[child].depth) : records[child].urgency;
  std::vector<task_index> todo{child};
  while (!todo.empty()) {
    const task_index u = todo.back();
    todo.pop_back();
    if (!records.holds(u) || records[u].open_subtree == 0 || (records[u].urgency >= urgency && u != child)) continue;
    record& r = records[u];
    r.urgency = urgency;
    if (r.queued) plain = false;
    if (r.queued && !rare().set_aside.empty()) requeue(u, now);  // it waits for no slots that are kept
    if (r.more && r.more->heavy_parked) hold_heavy(u, false), hold_heavy(u, true);
    if (r.more && r.more->parked_on != detail::resource_table::none) {
      resources.raise(u, r.more->parked_on, rank_of(r));
      rare().pressing.emplace(r.more->parked_on, u);
      suspects.push_back(u);
    }
    for (const auto& d : r.call->depends_on) {
      if (const auto need = need_of(d); need != no_task) todo.push_back(need & ~subtree_bit);
    }
    if (r.more) todo.insert(todo.end(), r.more->children.begin(), r.more->children.end());
  }
  press(now);
}

// A waiter that began to reserve after they were parked gives way to them as well.
bool scheduler::impl::press(time_point now) {
  std::vector<decltype(detail::rare_state::pressing)::value_type> kept_out;
  for (auto p = rare().pressing.begin(); p != rare().pressing.end();) {
    const auto next = rare().pressing.lower_bound({p->first + 1, 0});
    if (resources.is_only_reserved(p->first)) kept_out.insert(kept_out.end(), p, next);
    p = next;
  }
  for (const auto& [on, t] : kept_out) {
    if (rare().pressing.contains({on, t})) end_reservations(t, on, now);
  }
  return !ready.empty();
}

// All that runs waits for children, and nothing but what their parents hold or have reserved is missing: a deadlock,
// unless somebody gives way. First those who starve, and reserve; then one of those who wait ends.
bool scheduler::impl::untangle(time_point now) {
  if (slots_in_use > 0 || running.empty() || none_waits_for_more()) return false;
  if (rare().reserved_steps.held() > 0 || !grants.empty()) return false;  // a step is under way
  const auto waits = [&](task_index t) {
    const record& r = records[t];
    if (r.phase() != phase::waiting || r.aborting()) return false;
    const live& l = *r.now_running;
    const std::uint32_t children = l.open(wait_reason::child), steps = l.open(wait_reason::budget);
    if (children + steps != l.open_waits || steps != l.open_steps) return false;  // something may end by itself
    if (children == 0) return steps > 0;
    // One of its children may have ended, and it has not been told yet.
    return awaited_children(r).size() >= children;
  };
  if (!std::all_of(running.begin(), running.end(), waits)) return false;
  std::vector<task_index> parked;
  for (task_index t = 0; t < records.size(); ++t) {
    if (!records.holds(t)) continue;
    const record& r = records[t];
    if (r.abandoned && r.more && r.more->locked) return false;  // its body may give back what they wait for
    if (r.state != task_state::waiting || left_out(r)) continue;
    const bool late_rate = r.waiting == wait_reason::rate && resources.next_due() == never;  // kept by those who starve
    const bool on_resource = r.waiting == wait_reason::lock || late_rate;
    if (r.waiting != wait_reason::deps && r.waiting != wait_reason::budget && !on_resource) return false;
    if (on_resource && r.more->parked_on != detail::resource_table::none) parked.push_back(t);
  }
  // One that is woken may be held by a pause instead of becoming ready.
  const auto still_parked = [&](task_index t) { return records[t].more->parked_on != detail::resource_table::none; };
  for (const task_index t : parked) {
    if (records[t].urgency == 0 || !still_parked(t)) continue;
    for (const task_index h : parked) {
      if (!still_parked(h) || records[t].urgency <= records[h].urgency || records[h].more->locked) continue;
      begin_waiting_anew(h, now);
    }
    std::vector<task_index> woken;
    resources.wake(records[t].more->parked_on, woken);
    wake(woken, now);
    if (!ready.empty()) return true;
  }
  if (!std::all_of(parked.begin(), parked.end(), still_parked)) return false;
  const auto needed = std::find_if(parked.begin(), parked.end(), [&](task_index t) { return records[t].urgency > 0 && still_parked(t); });
  // One that the waiting parents need; others only when there is none.
  task_index broke = rare().budget_waiters.first_of([&](task_index t) { return records[t].urgency > 0; });
  if (broke == no_task && rare().reserved_steps.waiting() > 0) {
    refuse_step(rare().reserved_steps.next(rare().reserved_steps.front)->second,
                fail(errc::limit_exceeded, "budget: the rest is reserved by tasks that wait as well", retry_class::terminal));
    steps_changed = true;
    return true;
  }
  if (broke == no_task && needed == parked.end()) broke = rare().budget_waiters.first_of([](task_index) { return true; });
  if (broke == no_task && needed == parked.end()) return false;
  if (broke != no_task) {
    end_unstarted(broke, task_state::limit_exceeded, cancel_reason::budget,
                  errc::limit_exceeded, "budget: the rest is reserved by tasks that wait for their children", now);
  } else {
    end_deadlocked(*needed, now);
  }
  settle(now);
  check_end(now);
  return true;
}

}  // namespace corchestra
