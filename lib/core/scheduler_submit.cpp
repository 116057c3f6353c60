#include <corchestra/core/dependency_graph.hpp>

#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {

result<void> check_limits(const task_call& c) {
  const std::pair<const char*, const std::optional<duration>&> all[] = {
      {"schedule_to_start", c.limits.schedule_to_start},
      {"start_to_close", c.limits.start_to_close},
      {"schedule_to_close", c.limits.schedule_to_close},
      {"heartbeat_timeout", c.limits.heartbeat_timeout},
  };
  for (const auto& [name, value] : all) {
    if (value && *value <= duration::zero()) {
      return fail(errc::invalid_argument, concat("task ", quote(c.id), ": ", name, " must be above zero"));
    }
  }
  if (c.retry && (c.retry->max_retries < 0 || c.retry->factor < 1 || c.retry->first_delay < duration::zero())) {
    return fail(errc::invalid_argument, concat("task ", quote(c.id),
                                               ": a retry policy needs max_retries >= 0, factor >= 1 and first_delay >= 0"));
  }
  for (const auto& r : c.resources) {
    if (r.id.empty()) return fail(errc::invalid_argument, concat("task ", quote(c.id), ": a resource needs a name"));
  }
  return {};
}

// Dependencies on tasks that the run already has cannot close a cycle: those gain no dependency. So only the new ones
// among themselves go through the graph.
result<void> check_graph(const std::vector<task_call>& calls, const std::unordered_map<std::string_view, task_index>& known) {
  bool inner = false;
  for (const auto& c : calls) {
    for (const auto& d : c.depends_on) inner = inner || !known.contains(d);
  }
  if (!inner && calls.size() == 1) return {};
  if (known.empty()) {
    const auto graph = dependency_graph::build(calls);
    if (graph.has_error()) return graph.error();
    return {};
  }
  std::vector<task_call> shadows;
  shadows.reserve(calls.size());
  for (const auto& c : calls) {
    task_call s;
    s.id = c.id;
    for (const auto& d : c.depends_on) {
      if (!known.contains(d)) s.depends_on.push_back(d);
    }
    shadows.push_back(std::move(s));
  }
  const auto graph = dependency_graph::build(shadows);
  if (graph.has_error()) return graph.error();
  return {};
}

}  // namespace

result<void> scheduler::impl::check(const std::vector<task_call>& calls) const {
  for (const auto& c : calls) {
    if (c.id.empty()) return fail(errc::invalid_argument, "a task needs an id");
    if (index.contains(c.id)) {
      return fail(errc::duplicate_task, concat("task ", quote(c.id), ": the run already has a task of this id"));
    }
    if (known_agent && !known_agent(c.agent)) {
      return fail(errc::unknown_agent, concat("task ", quote(c.id), ": no agent named ", quote(c.agent), " is registered"));
    }
    if (const auto limits = check_limits(c); limits.has_error()) return limits.error();
  }
  if (const auto graph = check_graph(calls, index); graph.has_error()) return graph.error();
  return {};
}

void scheduler::impl::add(std::vector<task_call> calls, task_index parent, time_point now) {
  const auto first = static_cast<task_index>(records.size());
  for (auto& c : calls) {
    const auto t = static_cast<task_index>(records.size());
    record& r = records.emplace_back();
    r.call = std::move(c);
    r.submitted = now;
    r.locks = locks.intern(r.call.resources);
    index.emplace(r.call.id, t);
    ++counts[static_cast<std::size_t>(task_state::pending)];
    ++unfinished;
    if (r.call.limits.schedule_to_close) {
      r.deadline = now + *r.call.limits.schedule_to_close;
      r.deadline_name = concat("schedule_to_close of ", to_text(*r.call.limits.schedule_to_close));
    }
    if (parent != no_task) {
      record& p = records[parent];
      r.parent = parent;
      r.depth = p.depth + 1;
      p.children.push_back(t);
      ++spawned;
      if (p.deadline < r.deadline) {
        r.deadline = p.deadline;
        r.deadline_name = concat(p.deadline_name, " of ", quote(p.call.id));
      }
    }
    if (r.call.limits.schedule_to_start) {
      alarms.push({now + *r.call.limits.schedule_to_start, t, 0, alarm::kind::schedule_to_start});
    }
    if (r.deadline != never) alarms.push({r.deadline, t, 0, alarm::kind::deadline});
    if (sink) {
      event e;
      e.type = event_type::task_submitted;
      e.call = &r.call;
      if (parent != no_task) e.data = json{{"parent", records[parent].call.id}};
      publish(e, t, now);
    }
  }
  for (auto t = first; t < records.size(); ++t) {
    record& r = records[t];
    task_index lost = no_task;
    for (const auto& d : r.call.depends_on) {
      const task_index u = index.at(d);
      record& up = records[u];
      if (up.state == task_state::completed) continue;
      if (is_terminal(up.state)) lost = u;
      ++r.missing;
      up.dependants.push_back(t);
    }
    if (lost != no_task) {
      skip(t, lost, now);
    } else if (r.missing > 0) {
      set_state(t, task_state::waiting, wait_reason::deps, now);
    } else {
      make_ready(t, now);
    }
  }
  settle(now);
}

std::string scheduler::impl::child_id(task_index parent, const task_call& child) {
  record& p = records[parent];
  const std::string prefix = p.call.id + "/";
  const std::size_t ordinal = ++p.next_ordinal;
  std::string id = child.id.empty() ? concat(prefix, ordinal) : child.id;
  if (id.compare(0, prefix.size(), prefix) != 0) id = prefix + id;
  // A child of an earlier attempt that did not complete is not in the way of this attempt's.
  const auto it = index.find(id);
  if (it == index.end()) return id;
  const record& earlier = records[it->second];
  const bool lost = earlier.aborting || (is_terminal(earlier.state) && earlier.state != task_state::completed);
  return lost ? id + concat("~", p.attempts) : id;
}

result<void> scheduler::validate(const std::vector<task_call>& calls) const { return impl_->check(calls); }

void scheduler::begin(std::vector<task_call> calls, time_point now) {
  auto& s = *impl_;
  const auto& o = s.options;
  if (o.limits.run_timeout) s.run_due = now + *o.limits.run_timeout;
  s.publish(event_type::run_started, now,
            json{{"name", o.name},
                 {"tasks", calls.size()},
                 {"max_concurrent_tasks", s.slots},
                 {"mode", o.mode == scheduling_mode::sequential ? "sequential" : "auto"}});
  s.add(std::move(calls), no_task, now);
  s.check_end(now);
}

result<void> scheduler::submit(std::vector<task_call> calls, time_point now) {
  auto& s = *impl_;
  if (s.ended || s.draining || s.run_cancelled != cancel_reason::none) {
    return fail(errc::not_running, "the run no longer accepts tasks");
  }
  if (const auto checked = s.check(calls); checked.has_error()) return checked.error();
  s.add(std::move(calls), no_task, now);
  return {};
}

result<void> scheduler::impl::check_child(task_index parent, const task_call& child, bool at_once) const {
  const record& p = records[parent];
  if (ended || draining) return fail(errc::not_running, "the run no longer accepts tasks");
  if (is_terminal(p.state) || p.aborting) {
    return fail(errc::not_running, concat("task ", quote(p.call.id), " has ended and can have no more children"));
  }
  const auto capped = [&](std::size_t limit, std::string_view of) {
    return fail(errc::limit_exceeded, concat("task ", quote(p.call.id), ": the limit of ", limit, " ", of, " is reached"),
                retry_class::terminal);
  };
  const auto& limits = options.limits;
  if (spawned + p.staged.size() >= limits.max_spawned_tasks) return capped(limits.max_spawned_tasks, "spawned tasks a run");
  if (p.children.size() + p.staged.size() >= limits.max_children_per_task) {
    return capped(limits.max_children_per_task, "children a task");
  }
  if (p.depth + 1 > limits.max_depth) return capped(limits.max_depth, "levels of children");
  if (!at_once) return {};
  for (task_index up = parent; up != no_task; up = records[up].parent) {
    const auto& d = child.depends_on;
    if (!is_terminal(records[up].state) && std::find(d.begin(), d.end(), records[up].call.id) != d.end()) {
      return fail(errc::dependency_cycle, concat("task ", quote(child.id), " depends on its own ancestor ",
                                                 quote(records[up].call.id), ", which waits for it"));
    }
    if (!records[up].locked) continue;
    for (const auto& wanted : child.resources) {
      for (const auto& held : records[up].call.resources) {
        if (wanted.id != held.id || (wanted.mode == lock_mode::shared && held.mode == lock_mode::shared)) continue;
        return fail(errc::unreachable_resource, concat("task ", quote(child.id), " needs ", quote(wanted.id), ", which its ancestor ",
                                                       quote(records[up].call.id), " holds while it waits for it"),
                    retry_class::terminal);
      }
    }
  }
  return {};
}

result<task_index> scheduler::spawn(task_index parent, task_call child, time_point now) {
  auto& s = *impl_;
  child.id = s.child_id(parent, child);
  if (const auto it = s.index.find(child.id); it != s.index.end()) {
    if (s.records[it->second].state == task_state::completed) return it->second;
  }
  if (const auto checked = s.check_child(parent, child, true); checked.has_error()) return checked.error();
  std::vector<task_call> one;
  one.push_back(std::move(child));
  if (const auto checked = s.check(one); checked.has_error()) return checked.error();
  const auto t = static_cast<task_index>(s.records.size());
  s.add(std::move(one), parent, now);
  return t;
}

result<std::string> scheduler::stage(task_index parent, std::uint32_t attempt, task_call child) {
  auto& s = *impl_;
  auto& p = s.records[parent];
  if (p.attempts != attempt || p.phase == impl::phase::none || p.abandoned) {
    return fail(errc::not_running, concat("task ", quote(p.call.id), ": this attempt has ended"));
  }
  child.id = s.child_id(parent, child);
  if (const auto checked = s.check_child(parent, child, false); checked.has_error()) return checked.error();
  std::string id = child.id;
  p.staged.push_back(std::move(child));
  if (const auto checked = s.check(p.staged); checked.has_error()) {
    p.staged.pop_back();
    return checked.error();
  }
  return id;
}

void scheduler::close(time_point now) {
  impl_->open = false;
  impl_->check_end(now);
}

}  // namespace corchestra
