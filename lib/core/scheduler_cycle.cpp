// Parents that hold locks while they wait for children, which need the locks of other such parents: a cycle is broken as
// soon as it has closed, whatever else goes on.
#include <boost/unordered/unordered_flat_map.hpp>

#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr std::size_t most = 1000;  // tasks in a circle; a greater one is found when nothing else is left to do
}

// Of a parent that waits for nothing but children: those, of which each may let it go on. Of a task that has not started: those who
// hold what it is parked on, or those it needs, none of which it can do without. Nobody when something else may help.
detail::blockers scheduler::impl::blockers_of(task_index t) const {
  detail::blockers found;
  const record& r = records[t];
  if (r.phase() == phase::waiting) {
    const live& l = *r.now_running;
    if (r.abandoned || l.aborting || l.open(wait_reason::child) != l.open_waits) return found;
    found.who = awaited_children(r);
    if (found.who.size() < l.open_waits) found.who.clear();  // one has ended, and it has not been told yet
    return found;
  }
  if (r.phase() != phase::none || r.state != task_state::waiting) return found;
  using obstacle = detail::resource_table::obstacle::kind;
  const bool parked = r.more && r.more->parked_on != detail::resource_table::none;
  auto in_the_way = parked ? resources.obstacle_of(t, most) : detail::resource_table::obstacle();
  if (in_the_way.what == obstacle::reserved) {
    found.who = std::move(in_the_way.tasks);
    found.only_reserve = true;
    return found;
  }
  found.each_is_needed = true;
  if (parked && r.waiting == wait_reason::lock) {
    std::vector<task_index> together;
    for (const task_index h : resources.holders(r.more->parked_on)) {
      const record& holder = records[h];
      if (!holder.more || !holder.more->locked) continue;
      together.push_back(h);
      if (resources.conflict(holder.more->locks, r.more->locks) != detail::resource_table::none) found.who.push_back(h);
    }
    if (found.who.empty() && in_the_way.what == obstacle::in_use) {  // of a counter: each leaves enough, and all of them do not
      found.who = std::move(together);
      found.each_is_needed = false;
    }
  } else if (r.waiting == wait_reason::deps && r.missing > 0 && (!r.rules() || r.rules()->join == join_policy::all_success)) {
    for (const auto& d : r.call->depends_on) {
      const task_index need = need_of(d);
      if (need != no_task && !is_terminal(records[need & ~subtree_bit].state)) found.who.push_back(need & ~subtree_bit);
    }
  }
  return found;
}

// Those that wait in a circle with `suspect`, or for such a circle, in order. Nobody when it may go on.
std::vector<task_index> scheduler::impl::in_a_cycle(task_index suspect) const {
  struct node {
    detail::blockers by;
    bool stuck = true;
  };
  boost::unordered_flat_map<task_index, node> nodes;
  std::vector<task_index> todo{suspect};
  while (!todo.empty()) {
    const task_index t = todo.back();
    todo.pop_back();
    if (nodes.contains(t)) continue;
    if (nodes.size() == most) return {};
    node n{.by = blockers_of(t)};
    if (n.by.who.size() >= most) return {};
    n.stuck = !n.by.who.empty();
    todo.insert(todo.end(), n.by.who.begin(), n.by.who.end());
    nodes.emplace(t, std::move(n));
  }
  // Whoever may go on lets those go on who wait for it: what is left then waits for itself.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto& [t, n] : nodes) {
      const auto stuck = [&](task_index other) { return nodes.find(other)->second.stuck; };
      const auto& who = n.by.who;
      const bool still = n.by.each_is_needed ? std::any_of(who.begin(), who.end(), stuck) : std::all_of(who.begin(), who.end(), stuck);
      if (n.stuck && !still) changed = true, n.stuck = false;
    }
  }
  std::vector<task_index> circle;
  if (!nodes.find(suspect)->second.stuck) return circle;
  for (const auto& [t, n] : nodes) {
    if (n.stuck) circle.push_back(t);
  }
  std::sort(circle.begin(), circle.end());
  return circle;
}

// Whoever only reserves what another of them needs gives way: its waiting begins anew. False when nobody does.
bool scheduler::impl::give_way_in(const std::vector<task_index>& circle, time_point now) {
  for (const task_index t : circle) {
    const auto by = blockers_of(t);
    if (!by.only_reserve) continue;
    const auto on = records[t].more->parked_on;
    for (const task_index h : by.who) begin_waiting_anew(h, now);
    std::vector<task_index> woken;
    resources.wake(on, woken);
    wake(woken, now);
    return true;
  }
  return false;
}

void scheduler::impl::break_cycles(time_point now) {
  while (!suspects.empty()) {
    const task_index suspect = suspects.back();
    suspects.pop_back();
    if (!records.holds(suspect)) continue;
    const auto circle = in_a_cycle(suspect);
    if (circle.empty() || give_way_in(circle, now)) continue;
    const auto victim = std::find_if(circle.begin(), circle.end(), [&](task_index t) {
      return records[t].waiting == wait_reason::lock && records[t].phase() == phase::none;
    });
    if (victim != circle.end()) end_deadlocked(*victim, now);
  }
  settle(now);
  check_end(now);
}

void scheduler::impl::end_deadlocked(task_index t, time_point now) {
  const std::string what = resources.name(records[t].more->parked_on);
  end_unstarted(t, task_state::failed, cancel_reason::none, errc::unreachable_resource,
                concat("deadlock: ", quote(what), " is held by a task that waits for its child, which waits for this one"), now);
}

}  // namespace corchestra
