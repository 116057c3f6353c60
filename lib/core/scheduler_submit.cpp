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

std::uint32_t scheduler::impl::kind_of(const task_call& c) {
  if (last_kind != none && kinds[last_kind].agent == c.agent && kinds[last_kind].task_type == c.task_type) return last_kind;
  last_kind = find_kind(c);
  if (last_kind == kinds.size()) {
    kind& k = kinds.emplace_back();
    k.agent = c.agent;
    k.task_type = c.task_type;
    k.agent_number = agent_of(c.agent);
    use_pool(k.pools, "\1agent ", k.agent);
    use_pool(k.pools, "\1type ", k.task_type);
    const auto [same, first] = all_learnt.try_emplace(k.task_type.empty() ? std::string(1, '\0') + k.agent : k.task_type);
    k.times = &same->second;
    if (!first) return last_kind;
    k.times->agent = k.agent;
    k.times->task_type = k.task_type;
    if (options.durations) {
      if (const auto* before = options.durations->find(k.task_type, k.agent)) {
        k.times->seen = *before;
        k.times->known = true;
        k.times->expected = from_seconds(before->mean_seconds);
      }
    }
  }
  return last_kind;
}

detail::key_index scheduler::impl::key_of(const std::string& name) {
  if (name.empty()) return 0;
  const auto [it, added] = keys.try_emplace(name);
  ++it->second.tasks;
  if (!added) return it->second.number;
  const auto w = options.fairness.find(name);
  if (!free_keys.empty() && !ready.holds(free_keys.back())) {
    it->second.number = free_keys.back();
    free_keys.pop_back();
    key_of_number[it->second.number - 1] = it;
    ready.set_weight(it->second.number, w != options.fairness.end() ? w->second : 1);
    return it->second.number;
  }
  key_of_number.push_back(it);
  it->second.number = static_cast<detail::key_index>(key_of_number.size());
  if (w != options.fairness.end()) ready.set_weight(it->second.number, w->second);
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
  const auto first = static_cast<task_index>(records.size());
  const auto count = static_cast<task_index>(tasks.calls.size());
  if (count == 0) return;
  if (running.capacity() == 0) running.reserve(std::min<std::size_t>(slots, few));
  const std::uint32_t number = store(std::move(tasks.calls));
  const std::span<task_call> calls = batches[number].calls;
  const bool any_needs = !tasks.first_need.empty();
  if (options.keep == keep_results::all && results.capacity() < first + count) results.reserve(std::max<std::size_t>(first + count, 2 * first));
  results_of.reserve(results.capacity());
  tally.reserve(results.capacity());
  if (edges.capacity() < edges.size() + tasks.needs.size()) edges.reserve(std::max(edges.size() + tasks.needs.size(), 2 * edges.size()));
  for (task_index i = 0; i < count; ++i) {
    const task_index t = first + i;
    record& r = records.emplace_back();
    r.call = &calls[i];
    r.batch = number;
    r.submitted = now;
    r.priority = r.call->priority;
    r.parent = parent;
    r.awaited = awaited;
    r.ruled = r.call->rules.has_value();
    ++counts[static_cast<std::size_t>(task_state::pending)];
    ++unfinished;
    enter(t, now);
    r.rank = static_cast<float>(to_seconds(expected(r)));
    if (sink) {
      event e;
      e.type = event_type::task_submitted;
      e.call = r.call;
      e.needs = tasks.needs_of(i);
      e.parent = parent;
      if (parent != no_task && details) e.data = json{{"parent", records[parent].call->id}};
      publish(e, t, now);
    }
  }
  number_ids(tasks, calls);
  for (task_index i = 0; i < count && any_needs; ++i) link(first + i, tasks.needs_of(i), now);
  if (any_needs || parent != no_task || options.mode == scheduling_mode::levels) set_order(first);
  for (task_index t = first; parent != no_task && t < first + count; ++t) {
    if (awaited || records[t].urgency > 0) make_urgent(t, now);
  }
  for (task_index t = first; t < first + count; ++t) {
    record& r = records[t];
    if (is_terminal(r.state)) continue;  // skipped by what happened before it
    if (r.more && r.more->group != none && groups[r.more->group].ended) {
      const group& g = groups[r.more->group];
      end_unstarted(t, g.timed_out ? task_state::timeout : task_state::cancelled, g.timed_out ? cancel_reason::none : cancel_reason::sibling_failed,
                    g.timed_out ? errc::timeout : errc::cancelled, g.why, now);
      continue;
    }
    if (parent != no_task && r.missing > 0 && options.mode == scheduling_mode::levels) pull_to_level(t, now);
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

void scheduler::impl::number_ids(const prepared& tasks, std::span<const task_call> calls) {
  const auto first = static_cast<task_index>(records.size() - calls.size());
  if (first == 0 && tasks.ids) {
    index = std::move(*tasks.ids);
    return;
  }
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
  if (!r.call->resources.empty()) r.get().locks = resources.intern(r.call->resources);
  if (!k.pools.empty()) r.get().pools = k.pools;
  const std::string& fairness_key = fairness_key_of(*r.call, r.parent);
  if (!options.limits.slots_by_key.empty()) use_pool(r.get().pools, "\1key ", fairness_key);
  if (!fairness_key.empty()) r.get().key = key_of(fairness_key);
  if (const auto* rules = r.rules()) {
    extra& x = r.get();
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
    extra& x = r.get();
    x.deadline = detail::later(now, *r.call->limits.schedule_to_close);
    x.deadline_name = concat("schedule_to_close of ", to_text(*r.call->limits.schedule_to_close));
  }
  if (r.parent != no_task) {
    record& p = records[r.parent];
    r.depth = static_cast<std::uint16_t>(p.depth + 1);
    r.priority = std::max(r.priority, p.priority);
    r.urgency = p.urgency;
    r.path = p.path + worked_so_far(p, now);
    p.get().children.push_back(t);
    ++p.open_subtree;
    ++spawned;
    if (deadline_of(p) < deadline_of(r)) {
      extra& x = r.get();
      x.deadline = p.more->deadline;
      x.deadline_name = concat(p.more->deadline_name, " of ", quote(p.call->id));
    }
    if (p.more->group != none && (!r.more || r.more->group == none)) {
      r.get().group = p.more->group;
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
    if (options.keep != keep_results::all) keep_for(t, n);
    if (!over) {
      if (r.priority > up.priority) raise_priority(u, r.priority, now);
      if (whole) {
        up.get().subtree_watchers.push_back(t);
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
  auto& s = *impl_;
  const auto& o = s.options;
  s.began = now;
  if (o.limits.run_timeout) s.run_due = detail::later(now, *o.limits.run_timeout);
  constexpr const char* modes[] = {"auto", "sequential", "levels", "parallel"};
  json data;
  if (s.details) {
    data = json{{"name", o.name},
                {"tasks", tasks.calls.size()},
                {"max_concurrent_tasks", s.slots},
                {"mode", modes[static_cast<std::size_t>(o.mode)]}};
    if (o.mode == scheduling_mode::parallel) data["unsafe"] = true;
  }
  s.publish(event_type::run_started, now, std::move(data));
  if (o.mode == scheduling_mode::parallel) {
    s.publish(event_type::warning, now,
              json{{"message", "mode parallel: dependencies are ignored, results may be wrong (unsafe_ignore_dependencies)"}});
  }
  for (std::uint32_t g = 0; g < s.groups.size(); ++g) {
    if (s.groups[g].options.timeout) s.set_alarm({detail::later(now, *s.groups[g].options.timeout), g, 0, impl::alarm::kind::group});
  }
  s.add(std::move(tasks), no_task, false, now);
  s.check_end(now);
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
