#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <corchestra/core/dependency_graph.hpp>

#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {

error bad_task(const task_call& c, std::string_view what) {
  return fail(errc::invalid_argument, concat("task ", quote(c.id), ": ", what));
}

result<void> check_limits(const task_call& c) {
  const std::pair<const char*, optional_duration> all[] = {
      {"schedule_to_start", c.limits.schedule_to_start},
      {"start_to_close", c.limits.start_to_close},
      {"schedule_to_close", c.limits.schedule_to_close},
      {"heartbeat_timeout", c.limits.heartbeat_timeout},
  };
  for (const auto& [name, value] : all) {
    if (value && *value <= duration::zero()) return bad_task(c, concat(name, " must be above zero"));
  }
  return {};
}

bool names(const std::vector<std::string>& list, std::string_view id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

result<void> check_rules(const task_call& c, const std::string& key, const run_options& options, std::size_t slots) {
  const auto& r = *c.rules;
  if (r.weight == 0) return bad_task(c, "weight must be at least 1");
  const auto weight = options.mode == scheduling_mode::sequential ? std::min<std::size_t>(r.weight, slots) : r.weight;
  if (weight > slots) {
    return fail(errc::unreachable_resource,
                concat("task ", quote(c.id), ": needs ", r.weight, " slots, and the run has ", slots));
  }
  const auto pool = [&](const std::map<std::string, std::uint32_t>& limits, const std::string& name) -> result<void> {
    const auto l = limits.find(name);
    if (l == limits.end() || weight <= l->second) return {};
    return fail(errc::unreachable_resource,
                concat("task ", quote(c.id), ": needs ", r.weight, " slots, and ", quote(name), " has ", l->second));
  };
  if (auto ok = pool(options.limits.slots_by_agent, c.agent); ok.has_error()) return ok;
  if (auto ok = pool(options.limits.slots_by_task_type, c.task_type); ok.has_error()) return ok;
  if (auto ok = pool(options.limits.slots_by_key, key); ok.has_error()) return ok;
  auto needs = c.depends_on;
  if (r.join == join_policy::quorum) {
    std::sort(needs.begin(), needs.end());
    needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
  }
  if (r.join == join_policy::quorum && (r.quorum == 0 || r.quorum > needs.size())) {
    return bad_task(c, concat("a quorum of ", r.quorum, " cannot be reached with ", needs.size(), " dependencies"));
  }
  if (!r.group.empty() && !options.groups.contains(r.group)) {
    return bad_task(c, concat("the run's options have no group ", quote(r.group)));
  }
  if (r.repeat && (r.repeat->max_iterations == 0 || r.repeat->max_iterations > options.limits.max_iterations)) {
    return bad_task(c, concat("max_iterations must be from 1 to ", options.limits.max_iterations));
  }
  if (r.approval && r.approval->timeout && *r.approval->timeout <= duration::zero()) {
    return bad_task(c, "the time limit of an approval must be above zero");
  }
  if (!r.output_schema.is_null()) {
    const auto schema = json_schema::compile(r.output_schema);
    if (schema.has_error()) return bad_task(c, concat("output_schema: ", schema.error().message));
  }
  const auto spent = [](const budget_limit& l, const budget_amount& a) {
    return (l.tokens && a.tokens > *l.tokens) || (l.micro_dollars && a.micro_dollars > *l.micro_dollars);
  };
  const auto agent = options.budget.agents.find(c.agent);
  if (r.reserve.tokens < 0 || r.reserve.micro_dollars < 0) return bad_task(c, "a reserve cannot be negative");
  if (spent(r.budget, r.reserve) || spent(options.budget.run, r.reserve) ||
      (agent != options.budget.agents.end() && spent(agent->second, r.reserve))) {
    return fail(errc::unreachable_resource, concat("task ", quote(c.id), ": reserves more than its budget has"));
  }
  return {};
}

/// Kahn over the numbers of the new tasks; true when all of them can be ordered.
bool acyclic(const scheduler::prepared& p, task_index base) {
  if (p.first_need.empty()) return true;
  const auto n = static_cast<task_index>(p.first_need.size() - 1);
  const auto inner = [&](task_index need) { return (need & ~subtree_bit) >= base; };
  bool forward = false;
  for (task_index t = 0; t < n && !forward; ++t) {
    for (auto i = p.first_need[t]; i < p.first_need[t + 1]; ++i) {
      forward = forward || (inner(p.needs[i]) && (p.needs[i] & ~subtree_bit) - base >= t);
    }
  }
  if (!forward) return true;  // everything needs only what was listed before it
  std::vector<std::uint32_t> missing(n), first(n + 1), to;
  for (task_index t = 0; t < n; ++t) {
    for (auto i = p.first_need[t]; i < p.first_need[t + 1]; ++i) {
      if (!inner(p.needs[i])) continue;
      ++missing[t];
      ++first[(p.needs[i] & ~subtree_bit) - base + 1];
    }
  }
  for (task_index t = 0; t < n; ++t) first[t + 1] += first[t];
  to.resize(first[n]);
  auto next = first;
  for (task_index t = 0; t < n; ++t) {
    for (auto i = p.first_need[t]; i < p.first_need[t + 1]; ++i) {
      if (inner(p.needs[i])) to[next[(p.needs[i] & ~subtree_bit) - base]++] = t;
    }
  }
  std::vector<task_index> order;
  order.reserve(n);
  for (task_index t = 0; t < n; ++t) {
    if (missing[t] == 0) order.push_back(t);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (auto e = first[order[i]]; e < first[order[i] + 1]; ++e) {
      if (--missing[to[e]] == 0) order.push_back(to[e]);
    }
  }
  return order.size() == n;
}

/// The message names the cycle, or all unknown and duplicate ids: the graph does that.
error graph_error(const std::vector<task_call>& calls, const std::function<bool(std::string_view)>& known) {
  std::vector<task_call> shadows(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    shadows[i].id = calls[i].id;
    for (std::string d : calls[i].depends_on) {
      if (known(d)) continue;
      if (d.ends_with("/*")) d.resize(d.size() - 2);
      if (!known(d)) shadows[i].depends_on.push_back(std::move(d));
    }
  }
  const auto graph = dependency_graph::build(shadows);
  return graph.has_error() ? graph.error() : fail(errc::internal, "the plan's graph was refused without a reason");
}

}  // namespace

result<void> scheduler::impl::check_call(const task_call& c, task_index parent) const {
  if (c.id.empty()) return fail(errc::invalid_argument, "a task needs an id");
  if (find(c.id) != no_task) {
    return fail(errc::duplicate_task, concat("task ", quote(c.id), ": the run already has a task of this id"));
  }
  if (const auto ok = check_limits(c); ok.has_error()) return ok.error();
  if (c.retry) {
    if (const auto ok = check_retry(*c.retry); ok.has_error()) return in_place(ok.error(), concat("task ", quote(c.id)));
  }
  if (c.rules) {
    if (const auto ok = check_rules(c, fairness_key_of(c, parent), *options, slots); ok.has_error()) return ok.error();
  }
  for (const auto& r : c.resources) {
    if (r.id.empty()) return bad_task(c, "a resource needs a name");
  }
  if (!c.resources.empty()) {
    if (const auto ok = resources.check(c.resources); ok.has_error()) return in_place(ok.error(), concat("task ", quote(c.id)));
  }
  return {};
}

result<scheduler::prepared> scheduler::impl::prepare(std::vector<task_call> calls, task_index parent) const {
  if (options_error) return *options_error;
  const auto base = static_cast<task_index>(records.size());
  if (base + calls.size() >= subtree_bit) {
    return fail(errc::limit_exceeded, concat("a run has at most ", subtree_bit, " tasks"));
  }
  prepared p;
  const auto count = static_cast<task_index>(calls.size());
  const auto own_id = [&](task_index i) -> std::string_view { return calls[i].id; };
  if (count > 1) {
    p.ids = std::make_shared<detail::id_table>();
    p.ids->reset(count);
  }
  const std::string* last_agent = nullptr;
  bool wrong = false, branches = false;
  std::size_t edges_wanted = 0;
  std::array<std::uint64_t, 32> hashes;  // in blocks: the table's memory is fetched meanwhile
  for (task_index begin = 0; begin < count; begin += hashes.size()) {
    const auto end = std::min<task_index>(count, begin + hashes.size());
    for (task_index i = begin; i < end && p.ids; ++i) {
      hashes[i - begin] = detail::id_table::hash(calls[i].id);
      p.ids->prefetch(hashes[i - begin]);
    }
    for (task_index i = begin; i < end; ++i) {
      const task_call& c = calls[i];
      if (known_agent && (!last_agent || *last_agent != c.agent) && !known_agent(c.agent)) {
        return fail(errc::unknown_agent, concat("task ", quote(c.id), ": no agent named ", quote(c.agent), " is registered"));
      }
      last_agent = &c.agent;
      if (const auto ok = check_call(c, parent); ok.has_error()) return ok.error();
      wrong = (p.ids && !p.ids->insert(i, hashes[i - begin], own_id)) || wrong;
      edges_wanted += c.depends_on.size();
      branches = branches || (c.rules && c.rules->branch);
    }
  }
  const auto number = [&](std::string_view id) -> task_index {
    const task_index own = p.ids ? p.ids->find(id, detail::id_table::hash(id), own_id) : count == 1 && calls[0].id == id ? 0 : no_task;
    return own == no_task ? find(id) : base + own;
  };
  const bool ignore = options->mode == scheduling_mode::parallel;
  if (edges_wanted > 0) {
    p.first_need.reserve(calls.size() + 1);
    p.first_need.push_back(0);
    p.needs.reserve(edges_wanted);
  }
  boost::unordered_flat_set<task_index> asked_by;  // of a wide join, by which each is asked once
  for (const auto& c : calls) {
    if (edges_wanted == 0 && !branches) break;
    const auto begin = p.needs.size();
    for (const auto& d : c.depends_on) {
      task_index need = number(d);
      if (need == no_task && d.ends_with("/*")) {
        need = number(std::string_view(d).substr(0, d.size() - 2));
        if (need != no_task) need |= subtree_bit;
      }
      wrong = wrong || need == no_task;
      const auto mine = p.needs.begin() + static_cast<std::ptrdiff_t>(begin);
      const bool wide = c.depends_on.size() > 64;
      if (wide ? asked_by.insert(need).second : std::find(mine, p.needs.end(), need) == p.needs.end()) p.needs.push_back(need);
    }
    asked_by.clear();
    if (ignore) p.needs.resize(begin);
    if (edges_wanted > 0) p.first_need.push_back(static_cast<std::uint32_t>(p.needs.size()));
    if (!c.rules || !c.rules->branch) continue;
    const auto& b = *c.rules->branch;
    const auto all_known = [&](const std::vector<std::string>& tasks) -> const std::string* {
      const auto it = std::find_if(tasks.begin(), tasks.end(), [&](const std::string& id) { return number(id) == no_task; });
      return it == tasks.end() ? nullptr : &*it;
    };
    const std::string* unknown = all_known(b.otherwise);
    for (const auto& x : b.cases) unknown = unknown ? unknown : all_known(x.tasks);
    if (unknown) {
      return fail(errc::unknown_task, concat("task ", quote(c.id), ": a branch names ", quote(*unknown), ", which is no task of the run"));
    }
  }
  if (wrong || !acyclic(p, base)) {
    return graph_error(calls, [&](std::string_view id) { return find(id) != no_task; });
  }
  for (const auto& c : calls) {  // what a branch chooses must wait for it
    if (!branches) break;
    if (!c.rules || !c.rules->branch) continue;
    const auto waits = [&](const std::vector<std::string>& tasks) -> const std::string* {
      for (const auto& id : tasks) {
        const auto t = number(id);
        const auto& other = t >= base ? calls[t - base] : *records[t].call;
        if (!names(other.depends_on, c.id)) return &id;
      }
      return nullptr;
    };
    const std::string* loose = waits(c.rules->branch->otherwise);
    for (const auto& x : c.rules->branch->cases) loose = loose ? loose : waits(x.tasks);
    if (loose) return bad_task(c, concat("a branch names ", quote(*loose), ", which does not depend on it"));
  }
  p.calls = std::move(calls);
  return p;
}

result<scheduler::prepared> scheduler::prepare(std::vector<task_call> calls) const {
  return impl_->prepare(std::move(calls));
}

result<void> scheduler::validate(const std::vector<task_call>& calls) const {
  if (const auto p = impl_->prepare(calls); p.has_error()) return p.error();
  return {};
}

}  // namespace corchestra
