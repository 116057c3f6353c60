#include <boost/unordered/unordered_flat_set.hpp>

#include "core/scheduler_impl.hpp"

namespace corchestra {

std::vector<task_index> scheduler::impl::awaited_children(const record& r) const {
  std::vector<task_index> found;
  if (!r.more) return found;
  std::copy_if(r.more->children.begin(), r.more->children.end(), std::back_inserter(found), [&](task_index c) {
    return records.holds(c) && records[c].awaited && !is_terminal(records[c].state);
  });
  return found;
}

// `parent/name`, `parent/1`, from outside `parent/outside-1`; of a loop's later iterations `parent/name@2`; after a child of
// that id that came to nothing, in an earlier attempt for instance, `parent/name~2`.
detail::child_name scheduler::impl::child_id(task_index parent, const task_call& child, origin from) {
  record& p = records[parent];
  const std::string prefix = p.call->id + "/";
  const std::string iteration = p.more && p.more->iteration > 1 ? concat("@", p.more->iteration) : std::string();
  const auto full = [&](std::string id) {
    if (id.compare(0, prefix.size(), prefix) != 0) id = prefix + id;
    return id.ends_with(iteration) ? id : id + iteration;
  };
  const bool own = from != origin::outside && p.now_running, unnamed = child.id.empty();
  // Each child of an attempt has an ordinal, also one with a name; what comes from outside must not shift them.
  const auto next = [&] { return own ? concat(++p.now_running->next_ordinal) : concat("outside-", ++more_of(p).last_outside); };
  const auto is_taken = [&](const std::string& name) {
    const task_index known = find(name);
    const bool from_outside = known != no_task && records[known].more && records[known].more->committed;
    return is_staged(p, name) || (own ? from_outside : known != no_task);
  };
  std::string id = own || unnamed ? next() : std::string();
  id = full(unnamed ? std::move(id) : child.id);
  while (unnamed && is_taken(id)) id = full(next());
  // A child of an earlier attempt that did not complete is not in the way of this attempt's.
  const auto lost = [&](const std::string& name) {
    const task_index known = find(name);
    if (known == no_task) return false;
    const record& earlier = records[known];
    return earlier.aborting() || (is_terminal(earlier.state) && earlier.state != task_state::completed);
  };
  if (!lost(id)) return {std::move(id), 0};
  std::string suffix;
  std::uint32_t number = p.attempts;
  do suffix = concat("~", number++);
  while (lost(id + suffix));
  return {id + suffix, static_cast<std::uint8_t>(suffix.size())};
}

std::size_t scheduler::room_for_children(task_index task) const {
  const auto& s = *impl_;
  const auto& r = s.records[task];
  const auto& limits = s.options->limits;
  if (is_terminal(r.state) || r.depth + 1u > limits.max_depth) return 0;
  const std::size_t staged = r.now_running && r.now_running->staged ? r.now_running->staged->calls.size() : 0;
  const auto left = [](std::size_t limit, std::size_t used) { return limit - std::min(limit, used); };
  return std::min(left(limits.max_spawned_tasks, s.spawned + s.staged_count),
                  left(limits.max_children_per_task, s.children_of(r) + staged));
}

result<void> scheduler::impl::check_child(task_index parent, const task_call& child, origin from) {
  const record& p = records[parent];
  const bool awaited = from == origin::called;
  if (ended || (draining && !awaited)) return fail(errc::not_running, "the run no longer accepts tasks");
  if (is_terminal(p.state) || p.aborting()) {
    return fail(errc::not_running, concat("task ", quote(p.call->id), " has ended and can have no more children"));
  }
  const auto capped = [&](std::size_t limit, std::string_view of) {
    error e = fail(errc::limit_exceeded, concat("task ", quote(p.call->id), ": the limit of ", limit, " ", of, " is reached"),
                   retry_class::terminal);
    if (from != origin::outside && p.now_running) p.now_running->capped = e;
    return e;
  };
  const auto& limits = options->limits;
  const std::size_t staged = p.now_running && p.now_running->staged ? p.now_running->staged->calls.size() : 0;
  if (spawned + staged_count >= limits.max_spawned_tasks) return capped(limits.max_spawned_tasks, "spawned tasks a run");
  if (children_of(p) + staged >= limits.max_children_per_task) {
    return capped(limits.max_children_per_task, "children a task");
  }
  if (p.depth + 1u > limits.max_depth) return capped(limits.max_depth, "levels of children");
  if (const auto ok = check_wait(parent, child, awaited); ok.has_error()) return ok.error();
  if (!awaited || child.resources.empty() || resources.check(child.resources).has_error()) return {};
  const auto wanted = resources.intern(child.resources);
  const auto ok = check_held(parent, child.id, wanted);
  if (options->keep != keep_results::all) resources.drop(wanted);
  return ok;
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
      if (check_held(parent, child.id, up.more->locks).has_error()) return check_held(parent, join(path, " -> "), up.more->locks);
    }
    steps.push_back({needs_of(up.call->depends_on, &up, whole), 0});
  }
  if (!ancestor) return {};
  return fail(errc::dependency_cycle, concat("task ", join(path, " -> "), " depends on its own ancestor ", quote(*ancestor),
                                             ", which waits for it"));
}

result<task_index> scheduler::spawn(task_index parent, task_call child, time_point now, bool awaited) {
  auto& s = *impl_;
  const auto from = awaited ? impl::origin::called : impl::origin::outside;
  auto name = s.child_id(parent, child, from);
  child.id = std::move(name.id);
  if (s.is_staged(s.records[parent], child.id)) {
    return fail(errc::duplicate_task, concat("task ", quote(child.id), ": a child of this id starts after its parent"));
  }
  const task_index known = awaited ? s.find(child.id) : no_task;
  if (known != no_task && s.records[known].parent == parent && s.records[known].state == task_state::completed) return known;
  if (const auto checked = s.check_child(parent, child, from); checked.has_error()) return checked.error();
  std::vector<task_call> one;
  one.push_back(std::move(child));
  auto p = s.prepare(std::move(one), parent);
  if (p.has_error()) return p.error();
  const auto t = static_cast<task_index>(s.records.size());
  s.being_spawned = t;
  s.add(std::move(*p), parent, awaited, now);
  s.being_spawned = no_task;
  if (name.suffix > 0) s.more_of(s.records[t]).suffix = name.suffix;
  if (!awaited) s.more_of(s.records[t]).committed = true;  // whatever becomes of the attempt under way
  return t;
}

result<std::string> scheduler::stage(task_index parent, std::uint32_t attempt, task_call child) {
  auto& s = *impl_;
  auto& p = s.records[parent];
  if (p.attempts != attempt || p.phase() == impl::phase::none || p.abandoned) {
    return fail(errc::not_running, concat("task ", quote(p.call->id), ": this attempt has ended"));
  }
  auto name = s.child_id(parent, child, impl::origin::staged);
  child.id = name.id;
  if (s.is_staged(p, child.id)) return fail(errc::duplicate_task, concat("task ", quote(child.id), ": there is a child of this id already"));
  if (const auto checked = s.check_child(parent, child, impl::origin::staged); checked.has_error()) return checked.error();
  auto& staged = p.now_running->staged;
  if (!staged) staged = std::make_unique<detail::staged_children>();
  // Checked by itself, as those before it were: what it needs of them is there.
  std::vector<std::string> depends_on = child.depends_on;
  const auto sibling = [&](std::string_view id) {
    return staged->ids.contains(std::string(id)) || (id.ends_with("/*") && staged->ids.contains(std::string(id.substr(0, id.size() - 2))));
  };
  const bool counts_needs = child.rules && child.rules->join == join_policy::quorum;
  std::vector<task_call> calls;
  if (counts_needs) calls = staged->calls;
  if (!counts_needs) std::erase_if(child.depends_on, sibling);
  calls.push_back(std::move(child));
  auto checked = s.prepare(std::move(calls), parent);
  if (checked.has_error()) return checked.error();
  for (const task_index need : checked->needs_of(checked->calls.size() - 1)) {
    if (s.options->keep != keep_results::all && (need & ~subtree_bit) < s.records.size()) s.keep_for(parent, need);
  }
  staged->calls.push_back(std::move(checked->calls.back()));
  staged->calls.back().depends_on = std::move(depends_on);
  staged->ids.insert(name.id);
  if (name.suffix > 0) staged->suffixes.emplace_back(staged->calls.size() - 1, name.suffix);
  ++s.staged_count;
  return std::move(name.id);
}

result<scheduler::impl::children_to_commit> scheduler::impl::prepare_staged(task_index parent) {
  auto& staged = *records[parent].now_running->staged;
  for (const task_call& c : staged.calls) {
    if (const auto checked = check_wait(parent, c, false); checked.has_error()) return checked.error();
  }
  auto p = prepare(std::move(staged.calls), parent);
  if (p.has_error()) return p.error();
  return children_to_commit{std::move(*p), std::move(staged.suffixes)};
}

void scheduler::impl::drop_staged(live& l) {
  if (!l.staged) return;
  staged_count -= l.staged->ids.size();
  l.staged.reset();
}

void scheduler::impl::commit(children_to_commit children, task_index parent, time_point now) {
  const auto first = static_cast<task_index>(records.size());
  add(std::move(children.tasks), parent, false, now);
  for (auto t = first; t < records.size(); ++t) {
    if (records.holds(t) && !is_terminal(records[parent].state)) more_of(records[t]).committed = true;
  }
  for (const auto& [place, length] : children.suffixes) {
    if (records.holds(first + place)) more_of(records[first + place]).suffix = length;
  }
}

result<void> scheduler::replan(task_index parent, std::uint32_t attempt, time_point now) {
  auto& s = *impl_;
  auto& p = s.records[parent];
  if (p.attempts != attempt || p.phase() == impl::phase::none || p.abandoned) {
    return fail(errc::not_running, concat("task ", quote(p.call->id), ": this attempt has ended"));
  }
  if (p.now_running->replans >= s.options->limits.max_replans) {
    return fail(errc::limit_exceeded,
                concat("task ", quote(p.call->id), ": the limit of ", s.options->limits.max_replans, " new plans is reached"),
                retry_class::terminal);
  }
  ++p.now_running->replans;
  s.drop_staged(*p.now_running);
  if (p.more) {
    const std::string text = concat(quote(p.call->id), " made a new plan");
    for (const task_index c : std::vector<task_index>(p.more->children)) {
      const bool started = s.records.holds(c) && (s.records[c].attempts > 0 || is_terminal(s.records[c].state));
      if (!started) s.cancel(c, cancel_reason::superseded, text, now);
    }
  }
  s.settle(now);
  return {};
}

}  // namespace corchestra
