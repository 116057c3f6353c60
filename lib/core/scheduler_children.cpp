#include <boost/unordered/unordered_flat_set.hpp>

#include "core/scheduler_impl.hpp"

namespace corchestra {

std::string scheduler::impl::child_id(task_index parent, const task_call& child) {
  record& p = records[parent];
  const std::string prefix = p.call->id + "/";
  const std::size_t ordinal = p.now_running ? ++p.now_running->next_ordinal : children_of(p) + 1;
  std::string id = child.id.empty() ? concat(prefix, ordinal) : child.id;
  if (id.compare(0, prefix.size(), prefix) != 0) id = prefix + id;
  // A child of an earlier attempt that did not complete is not in the way of this attempt's.
  const task_index known = find(id);
  if (known == no_task) return id;
  const record& earlier = records[known];
  const bool lost = earlier.aborting() || (is_terminal(earlier.state) && earlier.state != task_state::completed);
  return lost ? id + concat("~", p.attempts) : id;
}

result<void> scheduler::impl::check_child(task_index parent, const task_call& child, bool awaited) {
  const record& p = records[parent];
  if (ended || draining) return fail(errc::not_running, "the run no longer accepts tasks");
  if (is_terminal(p.state) || p.aborting()) {
    return fail(errc::not_running, concat("task ", quote(p.call->id), " has ended and can have no more children"));
  }
  const auto capped = [&](std::size_t limit, std::string_view of) {
    return fail(errc::limit_exceeded, concat("task ", quote(p.call->id), ": the limit of ", limit, " ", of, " is reached"),
                retry_class::terminal);
  };
  const auto& limits = options.limits;
  const std::size_t staged = p.now_running ? p.now_running->staged.size() : 0;
  if (spawned + staged >= limits.max_spawned_tasks) return capped(limits.max_spawned_tasks, "spawned tasks a run");
  if (children_of(p) + staged >= limits.max_children_per_task) {
    return capped(limits.max_children_per_task, "children a task");
  }
  if (p.depth + 1u > limits.max_depth) return capped(limits.max_depth, "levels of children");
  if (const auto ok = check_wait(parent, child, awaited); ok.has_error()) return ok.error();
  if (!awaited || child.resources.empty() || resources.check(child.resources).has_error()) return {};
  return check_held(parent, child.id, resources.intern(child.resources));
}

// What an awaited child, or a task that it waits for, wants to hold must not be held by an ancestor that waits for it.
result<void> scheduler::impl::check_held(task_index parent, std::string_view who, std::span<const detail::claim> wanted) const {
  for (task_index up = parent; up != no_task; up = records[up].parent) {
    if (!records[up].more || !records[up].more->locked) continue;
    const auto on = resources.conflict(records[up].more->locks, wanted);
    if (on == detail::resource_table::none) continue;
    return fail(errc::unreachable_resource, concat("task ", quote(who), " needs ", quote(resources.name(on)), ", which its ancestor ",
                                                   quote(records[up].call->id), " holds while it waits for it"),
                retry_class::terminal);
  }
  return {};
}

// A child must not need anything that waits for the subtree it becomes part of, nor, when its parent waits for it,
// anything that waits for an ancestor itself.
result<void> scheduler::impl::check_wait(task_index parent, const task_call& child, bool awaited) const {
  std::vector<task_index> ancestors;
  for (task_index up = parent; up != no_task; up = records[up].parent) ancestors.push_back(up);
  std::vector<std::string> path{child.id};
  boost::unordered_flat_set<task_index> seen;
  // Depth first, without recursion: chains may be long. A need of a whole subtree has the subtree bit.
  struct step {
    std::vector<task_index> needs;
    std::size_t next;
  };
  const auto needs_of = [&](const std::vector<std::string>& depends_on, const record* self, bool whole_self) {
    std::vector<task_index> needs;
    for (const auto& d : depends_on) {
      if (const auto need = need_of(d); need != no_task) needs.push_back(need);
    }
    if (!self || !self->more) return needs;
    for (const task_index c : self->more->children) {
      if (!records.holds(c) || records[c].open_subtree == 0) continue;
      if (whole_self) needs.push_back(c | subtree_bit);
      if (!whole_self && records[c].awaited && self->phase() != phase::none) needs.push_back(c);
    }
    return needs;
  };
  std::vector<step> steps;
  steps.push_back({needs_of(child.depends_on, nullptr, false), 0});
  const std::string* ancestor = nullptr;
  while (!steps.empty() && !ancestor) {
    if (steps.back().next == steps.back().needs.size()) {
      steps.pop_back();
      path.pop_back();
      continue;
    }
    const task_index need = steps.back().needs[steps.back().next++];
    const bool whole = (need & subtree_bit) != 0;
    const task_index u = need & ~subtree_bit;
    const record& up = records[u];
    const bool above = std::find(ancestors.begin(), ancestors.end(), u) != ancestors.end();
    const bool over = whole ? up.open_subtree == 0 : is_terminal(up.state);
    if (above && (whole || (awaited && !over))) ancestor = &up.call->id;
    if (ancestor || over || !seen.insert(need).second) continue;
    path.push_back(up.call->id);
    if (awaited && up.phase() == phase::none && !is_terminal(up.state) && up.more && !up.more->locks.empty()) {
      if (const auto held = check_held(parent, join(path, " -> "), up.more->locks); held.has_error()) return held;
    }
    steps.push_back({needs_of(up.call->depends_on, &up, whole), 0});
  }
  if (!ancestor) return {};
  return fail(errc::dependency_cycle, concat("task ", join(path, " -> "), " depends on its own ancestor ", quote(*ancestor),
                                             ", which waits for it"));
}

result<task_index> scheduler::spawn(task_index parent, task_call child, time_point now, bool awaited) {
  auto& s = *impl_;
  child.id = s.child_id(parent, child);
  const task_index known = s.find(child.id);
  if (known != no_task && s.records[known].state == task_state::completed) return known;
  if (const auto checked = s.check_child(parent, child, awaited); checked.has_error()) return checked.error();
  std::vector<task_call> one;
  one.push_back(std::move(child));
  auto p = s.prepare(std::move(one));
  if (p.has_error()) return p.error();
  const auto t = static_cast<task_index>(s.records.size());
  s.add(std::move(*p), parent, awaited, now);
  if (awaited) s.make_urgent(t);
  return t;
}

result<std::string> scheduler::stage(task_index parent, std::uint32_t attempt, task_call child) {
  auto& s = *impl_;
  auto& p = s.records[parent];
  if (p.attempts != attempt || p.phase() == impl::phase::none || p.abandoned) {
    return fail(errc::not_running, concat("task ", quote(p.call->id), ": this attempt has ended"));
  }
  child.id = s.child_id(parent, child);
  if (const auto checked = s.check_child(parent, child, false); checked.has_error()) return checked.error();
  std::string id = child.id;
  auto& staged = p.now_running->staged;
  staged.push_back(std::move(child));
  if (const auto checked = s.prepare(staged); checked.has_error()) {
    staged.pop_back();
    return checked.error();
  }
  return id;
}

result<void> scheduler::replan(task_index parent, std::uint32_t attempt, time_point now) {
  auto& s = *impl_;
  auto& p = s.records[parent];
  if (p.attempts != attempt || p.phase() == impl::phase::none || p.abandoned) {
    return fail(errc::not_running, concat("task ", quote(p.call->id), ": this attempt has ended"));
  }
  if (p.now_running->replans >= s.options.limits.max_replans) {
    return fail(errc::limit_exceeded,
                concat("task ", quote(p.call->id), ": the limit of ", s.options.limits.max_replans, " new plans is reached"),
                retry_class::terminal);
  }
  ++p.now_running->replans;
  p.now_running->staged.clear();
  if (p.more) {
    const std::string text = concat(quote(p.call->id), " made a new plan");
    for (const task_index c : std::vector<task_index>(p.more->children)) {
      if (s.records.holds(c) && s.records[c].phase() == impl::phase::none) s.cancel(c, cancel_reason::superseded, text, now);
    }
  }
  s.settle(now);
  return {};
}

}  // namespace corchestra
