#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr std::size_t few = 8;
}

std::uint32_t scheduler::impl::agent_of(std::string_view name) {
  for (std::uint32_t a = 0; a < agents.size(); ++a) {
    if (agents[a].name == name) return a;
  }
  agents.push_back({std::string(name), false, {}});
  return static_cast<std::uint32_t>(agents.size() - 1);
}

// The next number when it is new. A few are compared one by one.
std::uint32_t scheduler::impl::find_kind(const task_call& c) {
  const auto next = static_cast<std::uint32_t>(kinds.size());
  if (next < few) {
    std::uint32_t k = 0;
    while (k < next && !(kinds[k].agent == c.agent && kinds[k].task_type == c.task_type)) ++k;
    return k;
  }
  const auto name = [](const auto& of) { return concat(of.agent, '\0', of.task_type); };
  if (kind_index.empty()) {
    for (std::uint32_t k = 0; k < next; ++k) kind_index.emplace(name(kinds[k]), k);
  }
  return kind_index.try_emplace(name(c), next).first->second;
}

// Tasks are learnt of by type; those without one by agent.
std::uint32_t scheduler::impl::learnt_of(std::uint32_t number) {
  const kind& k = kinds[number];
  const auto next = static_cast<std::uint32_t>(all_learnt.size());
  const auto name = [](const kind& of) { return of.task_type.empty() ? concat('\0', of.agent) : of.task_type; };
  const auto is_same = [&](const kind& o) { return o.task_type == k.task_type && (!k.task_type.empty() || o.agent == k.agent); };
  std::uint32_t same = 0;
  if (next < few) {
    while (same < next && !is_same(kinds[all_learnt[same].kind])) ++same;
  } else {
    if (learnt_index.empty()) {
      for (std::uint32_t l = 0; l < next; ++l) learnt_index.emplace(name(kinds[all_learnt[l].kind]), l);
    }
    same = learnt_index.try_emplace(name(k), next).first->second;
  }
  if (same < next) return same;
  learnt& l = all_learnt.emplace_back();
  l.kind = number;
  const auto* before = options->durations ? options->durations->find(k.task_type, k.agent) : nullptr;
  if (before) {
    l.seen = *before;
    l.known = true;
    l.expected = from_seconds(before->mean_seconds);
  }
  return same;
}

std::uint32_t scheduler::impl::kind_of(const task_call& c) {
  if (last_kind != none && kinds[last_kind].agent == c.agent && kinds[last_kind].task_type == c.task_type) return last_kind;
  last_kind = find_kind(c);
  if (last_kind == kinds.size()) {
    kind& k = kinds.emplace_back();
    k.agent = c.agent;
    k.task_type = c.task_type;
    k.agent_number = agent_of(c.agent);
    k.learnt = learnt_of(last_kind);
    use_pool(k.pools, "\1agent ", k.agent);
    use_pool(k.pools, "\1type ", k.task_type);
  }
  return last_kind;
}

detail::key_index scheduler::impl::key_of(const std::string& name) {
  if (name.empty()) return 0;
  const auto [it, added] = rare().keys.try_emplace(name);
  ++it->second.tasks;
  if (!added) return it->second.number;
  const auto w = options->fairness.find(name);
  if (!rare().free_keys.empty() && !ready.holds(rare().free_keys.back())) {
    it->second.number = rare().free_keys.back();
    rare().free_keys.pop_back();
    rare().key_of_number[it->second.number - 1] = it;
    ready.set_weight(it->second.number, w != options->fairness.end() ? w->second : 1);
    return it->second.number;
  }
  rare().key_of_number.push_back(it);
  it->second.number = static_cast<detail::key_index>(rare().key_of_number.size());
  if (w != options->fairness.end()) ready.set_weight(it->second.number, w->second);
  return it->second.number;
}

// A child without one has its parent's.
const std::string& scheduler::impl::fairness_key_of(const task_call& c, task_index parent) const {
  static const std::string no_key;
  if (c.rules && !c.rules->fairness_key.empty()) return c.rules->fairness_key;
  for (task_index up = parent; up != no_task; up = records[up].parent) {
    const auto* rules = records[up].rules();
    if (rules && !rules->fairness_key.empty()) return rules->fairness_key;
  }
  return no_key;
}

// Slots that are limited besides the run's: no request by name finds them.
void scheduler::impl::use_pool(std::vector<detail::claim>& set, std::string_view kind, std::string_view name) const {
  if (pools.empty()) return;
  if (const auto it = pools.find(concat(kind, name)); it != pools.end()) set.push_back({.resource = it->second});
}

void scheduler::impl::add(prepared&& tasks, task_index parent, bool awaited, time_point now) {
  if (tasks.calls.empty()) return;
  const auto first = static_cast<task_index>(records.size());
  const std::uint32_t number = store(std::move(tasks.calls));
  const std::span<const task_call> calls = batches[number].calls;
  make_room(calls.size(), tasks.needs.size());
  enter_all(tasks, calls, number, parent, awaited, now);
  number_ids(tasks.ids, calls);
  link_all(tasks, first, parent, now);
  admit_all(first, parent, awaited, now);
}

void scheduler::impl::make_room(std::size_t tasks, std::size_t needs) {
  const std::size_t before = records.size(), all = before + tasks;
  if (options->keep == keep_results::all) {
    records.make_room(all);
    if (results.capacity() < all) results.reserve(std::max(all, 2 * before));
  }
  results_of.reserve(results.capacity());
  tally.reserve(results.capacity());
  if (edges.capacity() < edges.size() + needs) edges.reserve(std::max(edges.size() + needs, 2 * edges.size()));
}

void scheduler::impl::enter_all(const prepared& tasks, std::span<const task_call> calls, std::uint32_t number, task_index parent, bool awaited,
                                time_point now) {
  const auto first = static_cast<task_index>(records.size());
  for (task_index i = 0; i < calls.size(); ++i) {
    const task_index t = first + i;
    record& r = records.emplace_back();
    r.call = &calls[i];
    r.batch = number;
    r.submitted = now;
    r.priority = r.call->priority;
    r.parent = parent;
    r.awaited = awaited;
    r.ruled = r.call->rules.has_value();
    r.limited = r.call->limits.start_to_close || r.call->limits.heartbeat_timeout;
    ++counts[static_cast<std::size_t>(task_state::pending)];
    ++unfinished;
    enter(t, now);
    r.rank = static_cast<float>(to_seconds(expected(r)));
    if (wants(event_type::task_submitted)) publish_submitted(tasks, i, t, now);
  }
}

void scheduler::impl::publish_submitted(const prepared& tasks, std::size_t call, task_index t, time_point now) {
  const record& r = records[t];
  event e;
  e.type = event_type::task_submitted;
  e.call = r.call;
  e.needs = tasks.needs_of(call);
  e.parent = r.parent;
  if (r.parent != no_task && details) e.data = json{{"parent", records[r.parent].call->id}};
  publish(e, t, now);
}

void scheduler::impl::link_all(const prepared& tasks, task_index first, task_index parent, time_point now) {
  const auto count = static_cast<task_index>(records.size()) - first;
  const bool any_needs = !tasks.first_need.empty();
  for (task_index i = 0; i < count && any_needs; ++i) link(first + i, tasks.needs_of(i), now);
  if (any_needs || parent != no_task || options->mode == scheduling_mode::levels) set_order(first);
}

void scheduler::impl::admit_all(task_index first, task_index parent, bool awaited, time_point now) {
  const auto end = static_cast<task_index>(records.size());
  for (task_index t = first; parent != no_task && t < end; ++t) {
    if (awaited || records[t].urgency > 0) make_urgent(t, now);
  }
  for (task_index t = first; t < end; ++t) {
    record& r = records[t];
    if (is_terminal(r.state)) continue;  // skipped by what happened before it
    if (r.more && r.more->group != none && groups[r.more->group].ended) {
      const group& g = groups[r.more->group];
      end_unstarted(t, g.timed_out ? task_state::timeout : task_state::cancelled, g.timed_out ? cancel_reason::none : cancel_reason::sibling_failed,
                    g.timed_out ? errc::timeout : errc::cancelled, g.why, now);
      continue;
    }
    if (parent != no_task && r.missing > 0 && options->mode == scheduling_mode::levels) pull_to_level(t, now);
    if (r.missing > 0) {
      set_state(t, task_state::waiting, wait_reason::deps, now);
    } else {
      admit(t, now);
    }
  }
  if (draining) mark_needed(now);
  settle(now);
}

std::uint32_t scheduler::impl::store(std::vector<task_call> calls) {
  std::uint32_t number = static_cast<std::uint32_t>(batches.size());
  if (free_batches.empty()) {
    batches.emplace_back();
  } else {
    number = free_batches.back();
    free_batches.pop_back();
  }
  const auto count = static_cast<std::uint32_t>(calls.size());
  batches[number] = {.calls = std::move(calls), .first = static_cast<task_index>(records.size()), .left = count};
  return number;
}

void scheduler::impl::number_ids(const std::shared_ptr<detail::id_table>& ids, std::span<const task_call> calls) {
  const auto first = static_cast<task_index>(records.size() - calls.size());
  if (first == 0 && ids) {
    index = std::move(*ids);
    return;
  }
  if (std::exchange(shares_ids, false)) index = image->ids;
  index.reserve(index.size() + calls.size(), static_cast<task_index>(records.size()), id_of());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    index.insert(first + static_cast<task_index>(i), detail::id_table::hash(calls[i].id), id_of());
  }
}

// What depends on the task alone: kind, resources, group, deadlines, parent.
void scheduler::impl::enter(task_index t, time_point now) {
  record& r = records[t];
  r.kind = kind_of(*r.call);
  const kind& k = kinds[r.kind];
  if (!r.call->resources.empty()) more_of(r).locks = resources.intern(r.call->resources);
  if (!k.pools.empty()) more_of(r).pools = k.pools;
  const std::string& fairness_key = fairness_key_of(*r.call, r.parent);
  if (!options->limits.slots_by_key.empty()) use_pool(more_of(r).pools, "\1key ", fairness_key);
  if (!fairness_key.empty()) more_of(r).key = key_of(fairness_key);
  if (const auto* rules = r.rules()) {
    extra& x = more_of(r);
    if (!rules->group.empty()) {
      x.group = static_cast<std::uint32_t>(std::distance(
          groups.begin(), std::find_if(groups.begin(), groups.end(), [&](const group& g) { return g.name == rules->group; })));
      groups[x.group].add(t);
    }
    if (!rules->budget.none()) {
      own_budgets = true;
      ledger.limit(t, rules->budget, budget_above(t));
    }
    if (!rules->output_schema.is_null()) x.schema = *json_schema::compile(rules->output_schema);
  }
  for (auto& p : r.more ? std::span<detail::claim>(r.more->pools) : std::span<detail::claim>()) p.amount = weight_of(r);
  if (r.call->limits.schedule_to_close) {
    extra& x = more_of(r);
    x.deadline = detail::later(now, *r.call->limits.schedule_to_close);
    x.deadline_name = concat("schedule_to_close of ", to_text(*r.call->limits.schedule_to_close));
  }
  if (r.parent != no_task) {
    record& p = records[r.parent];
    r.depth = static_cast<std::uint16_t>(p.depth + 1);
    r.priority = std::max(r.priority, p.priority);
    r.urgency = p.urgency;
    r.path = p.path + worked_so_far(p, now);
    more_of(p).children.push_back(t);
    ++p.open_subtree;
    ++spawned;
    if (deadline_of(p) < deadline_of(r)) {
      extra& x = more_of(r);
      x.deadline = p.more->deadline;
      x.deadline_name = concat(p.more->deadline_name, " of ", quote(p.call->id));
    }
    if (p.more->group != none && (!r.more || r.more->group == none)) {
      more_of(r).group = p.more->group;
      groups[p.more->group].add(t);
    }
  }
  if (r.call->limits.schedule_to_start) {
    set_alarm({detail::later(now, *r.call->limits.schedule_to_start), t, 0, alarm::kind::schedule_to_start});
  }
  if (deadline_of(r) != never) set_alarm({r.more->deadline, t, 0, alarm::kind::deadline});
}

// Ties a new task to what it needs, and lets what has ended count.
void scheduler::impl::link(task_index t, std::span<const task_index> needs, time_point now) {
  record& r = records[t];
  for (const task_index n : needs) {
    const bool whole = (n & subtree_bit) != 0;
    const task_index u = n & ~subtree_bit;
    record& up = records[u];
    const bool over = whole ? up.open_subtree == 0 : is_terminal(up.state);
    ++r.missing;
    r.level = std::max(r.level, up.level + 1);
    if (options->keep != keep_results::all) keep_for(t, n);
    if (!over) {
      if (r.priority > up.priority) raise_priority(u, r.priority, now);
      if (whole) {
        more_of(up).subtree_watchers.push_back(t);
        continue;
      }
      auto e = free_edge;
      if (e != none) {
        free_edge = edges[e].next;
        edges[e] = {t, none};
      } else {
        e = static_cast<std::uint32_t>(edges.size());
        edges.push_back({t, none});
      }
      (up.last_edge == none ? up.first_edge : edges[up.last_edge].next) = e;
      up.last_edge = e;
    }
  }
  for (const task_index n : needs) {
    const bool whole = (n & subtree_bit) != 0;
    const task_index u = n & ~subtree_bit;
    const record& up = records[u];
    if (is_terminal(r.state) || !(whole ? up.open_subtree == 0 : is_terminal(up.state))) continue;
    come_after(t, u, whole);
    const bool ok = up.state == task_state::completed && !(whole && up.more && up.more->subtree_failed);
    const bool skipped = up.state == task_state::skipped;
    tell_dependant(t, u, ok ? outcome::ok : skipped ? outcome::skipped : outcome::bad,
                   skipped ? up.result->skipped : skip_cause::upstream_failed, now);
  }
}

void scheduler::begin(prepared&& tasks, time_point now) {
  impl_->open_run(tasks.calls.size(), now);
  impl_->add(std::move(tasks), no_task, false, now);
  impl_->check_end(now);
}

void scheduler::begin(time_point now) {
  impl_->open_run(impl_->image->tasks.calls.size(), now);
  impl_->begin_image(now);
  impl_->check_end(now);
}

void scheduler::impl::tell_start(std::size_t tasks, time_point now) {
  const auto& o = *options;
  constexpr const char* modes[] = {"auto", "sequential", "levels", "parallel"};
  json data;
  if (details) {
    data = json{{"name", o.name}, {"tasks", tasks}, {"max_concurrent_tasks", slots}, {"mode", modes[static_cast<std::size_t>(o.mode)]}};
    if (o.mode == scheduling_mode::parallel) data["unsafe"] = true;
  }
  publish(event_type::run_started, now, std::move(data));
  if (o.mode == scheduling_mode::parallel) {
    publish(event_type::warning, now,
            json{{"message", "mode parallel: dependencies are ignored, results may be wrong (unsafe_ignore_dependencies)"}});
  }
}

void scheduler::impl::open_run(std::size_t tasks, time_point now) {
  const auto& o = *options;
  began = now;
  if (o.limits.run_timeout) run_due = detail::later(now, *o.limits.run_timeout);
  if (sink) tell_start(tasks, now);
  for (std::uint32_t g = 0; g < groups.size(); ++g) {
    if (groups[g].options.timeout) set_alarm({detail::later(now, *groups[g].options.timeout), g, 0, alarm::kind::group});
  }
}

void scheduler::begin(std::vector<task_call> calls, time_point now) {
  if (auto p = impl_->prepare(std::move(calls))) begin(std::move(*p), now);
}

result<void> scheduler::submit(std::vector<task_call> calls, time_point now) {
  auto& s = *impl_;
  if (s.ended || s.draining || s.closing || s.failing || s.run_cancelled != cancel_reason::none) {
    return fail(errc::not_running, "the run no longer accepts tasks");
  }
  auto p = s.prepare(std::move(calls));
  if (p.has_error()) return p.error();
  s.add(std::move(*p), no_task, false, now);
  return {};
}

void scheduler::close(time_point now) {
  impl_->open = false;
  impl_->check_end(now);
}

}  // namespace corchestra
