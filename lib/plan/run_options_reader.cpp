#include "plan/run_options_reader.hpp"

#include <charconv>

#include <corchestra/core/preset.hpp>

#include "plan/budget_reader.hpp"
#include "plan/flow_reader.hpp"
#include "plan/plan_reader.hpp"
#include "plan/resource_reader.hpp"

namespace corchestra::plan_file {

namespace {

constexpr std::int64_t max_tasks = 10'000'000;
constexpr std::int64_t max_slots = 100'000;

std::uint32_t read_count(const field& f, std::int64_t least, std::int64_t most) {
  return static_cast<std::uint32_t>(f.integer(least, most));
}

/// Keys that name agents of the plan.
void check_agents(const field& by_agent, const plan_document& plan) {
  for (const auto& [name, entry] : by_agent.entries()) {
    if (plan.agents.contains(name)) continue;
    std::vector<std::string> known;
    for (const auto& [agent, spec] : plan.agents) known.push_back(agent);
    return entry.fail(errc::unknown_agent, concat("unknown agent ", quote(name), suggestion(name, known, "agents")));
  }
}

std::map<std::string, std::uint32_t> read_slots(const field& f) {
  std::map<std::string, std::uint32_t> out;
  if (!f.is_object()) f.expected("an object of numbers of slots");
  for (const auto& [name, slots] : f.entries()) out.emplace(name, read_count(slots, 1, max_slots));
  return out;
}

void read_limits(const field& f, plan_document& out) {
  run_limits& l = out.plan.options.limits;
  if (!f.object({"preset", "max_concurrent_tasks", "run_timeout", "cancel_grace", "max_spawned_tasks",
                 "max_children_per_task", "max_depth", "max_iterations", "max_replans", "slots_by_agent",
                 "slots_by_task_type", "slots_by_key"}))
    return;
  if (const auto x = f.member("preset")) {
    if (const auto known = apply_preset(x->non_empty("a preset's name"), out.plan.options); known.has_error()) {
      x->expected(concat("one of ", join(preset_names(), ", ")));
    } else {
      declare(out, "preset", *x);
    }
  }
  if (const auto x = f.member("max_concurrent_tasks")) {
    l.max_concurrent_tasks = read_count(*x, 1, max_slots);
    declare(out, "max_concurrent_tasks", *x);
  }
  if (const auto x = f.member("run_timeout")) {
    l.run_timeout = x->time_span();
    declare(out, "run_timeout", *x);
  }
  if (const auto x = f.member("cancel_grace")) l.cancel_grace = x->time_span();
  if (const auto x = f.member("max_spawned_tasks")) l.max_spawned_tasks = read_count(*x, 0, max_tasks);
  if (const auto x = f.member("max_children_per_task")) l.max_children_per_task = read_count(*x, 0, max_tasks);
  if (const auto x = f.member("max_depth")) l.max_depth = read_count(*x, 0, 10'000);
  if (const auto x = f.member("max_iterations")) l.max_iterations = read_count(*x, 1, max_loop_iterations);
  if (const auto x = f.member("max_replans")) l.max_replans = read_count(*x, 0, 10'000);
  if (const auto x = f.member("slots_by_agent")) {
    l.slots_by_agent = read_slots(*x);
    check_agents(*x, out);
  }
  if (const auto x = f.member("slots_by_task_type")) l.slots_by_task_type = read_slots(*x);
  if (const auto x = f.member("slots_by_key")) l.slots_by_key = read_slots(*x);
}

/// `3`, or `20%` of the group's tasks.
void read_max_failed(const field& f, group_options& g) {
  if (!f.is_text()) {
    if (!f.value().value.is_number_integer()) return f.expected("a number of tasks, or a part such as 20%");
    g.max_failed = read_count(f, 0, max_tasks);
    return;
  }
  const std::string text = f.text();
  double percent = -1;
  const char* const end = text.data() + text.size();
  const auto [after, problem] = std::from_chars(text.data(), end, percent, std::chars_format::fixed);
  const bool whole = problem == std::errc() && after + 1 == end && *after == '%';
  if (!whole || !(percent >= 0 && percent <= 100)) return f.expected("a number of tasks, or a part such as 20%");
  g.max_failed_percent = percent;
}

group_options read_group(const field& f) {
  group_options g;
  if (!f.object({"fail_fast", "max_failed", "timeout"})) return g;
  if (const auto x = f.member("fail_fast")) g.fail_fast = x->boolean();
  if (const auto x = f.member("max_failed")) read_max_failed(*x, g);
  if (const auto x = f.member("timeout")) g.timeout = x->time_span();
  return g;
}

void read_scheduling_mode(const field& root, plan_document& out) {
  run_options& o = out.plan.options;
  if (const auto x = root.member("unsafe_ignore_dependencies")) {
    o.unsafe_ignore_dependencies = x->boolean();
    declare(out, "unsafe_ignore_dependencies", *x);
  }
  if (const auto x = root.member("mode")) {
    o.mode = x->choice<scheduling_mode>({{"auto", scheduling_mode::automatic},
                                         {"sequential", scheduling_mode::sequential},
                                         {"levels", scheduling_mode::levels},
                                         {"parallel", scheduling_mode::parallel}});
    if (o.mode == scheduling_mode::parallel && !o.unsafe_ignore_dependencies)
      x->fail(
          "parallel ignores dependencies, which gives wrong results where they are real: it needs "
          "'unsafe_ignore_dependencies: true' beside it");
    declare(out, "mode", *x);
  }
  if (const auto x = root.member("order")) {
    o.order = x->choice<start_order>({{"priority", start_order::priority},
                                      {"critical_path", start_order::critical_path},
                                      {"depth_first", start_order::depth_first},
                                      {"breadth_first", start_order::breadth_first},
                                      {"fifo", start_order::fifo}});
    declare(out, "order", *x);
  }
}

void read_failures(const field& root, plan_document& out) {
  run_options& o = out.plan.options;
  if (const auto x = root.member("fail_fast")) {
    o.fail_fast = x->boolean();
    declare(out, "fail_fast", *x);
  }
  if (const auto x = root.member("max_failed")) o.max_failed = read_count(*x, 0, max_tasks);
  if (const auto x = root.member("retry_budget")) o.retry_budget = x->number(0, 1);
  if (const auto x = root.member("groups")) {
    if (!x->is_object()) x->expected("an object of groups by name");
    for (const auto& [name, g] : x->entries()) o.groups.emplace(name, read_group(g));
  }
}

}  // namespace

void read_run_options(const field& root, plan_document& out) {
  run_options& o = out.plan.options;
  read_failures(root, out);  // a preset may say something about groups
  if (const auto x = root.member("limits")) read_limits(*x, out);
  read_scheduling_mode(root, out);
  if (const auto x = root.member("resources")) o.resources = read_resource_limits(*x);
  if (const auto x = root.member("budget")) {
    o.budget = read_budget_options(*x);
    if (const auto agents = x->member("agents")) check_agents(*agents, out);
    if (const auto allowed = x->member("allow_unpriced")) {
      (void)allowed->boolean();
      declare(out, "allow_unpriced", *allowed);
    }
  }
  if (const auto x = root.member("fairness")) {
    if (!x->is_object()) x->expected("an object of weights by fairness key");
    for (const auto& [key, weight] : x->entries()) o.fairness.emplace(key, weight.number(0.001, 1'000'000));
  }
  if (const auto x = root.member("state")) {
    if (!x->is_object()) x->expected("an object of reducers by key");
    for (const auto& [key, reducer] : x->entries())
      o.reducers.emplace(key, reducer.choice<std::string_view>({{"last", "last"},
                                                                {"append", "append"},
                                                                {"merge", "merge"},
                                                                {"sum", "sum"},
                                                                {"min", "min"},
                                                                {"max", "max"},
                                                                {"union", "union"}}));
  }
  if (const auto x = root.member("keep"))
    o.keep = x->choice<keep_results>({{"all", keep_results::all}, {"failed", keep_results::failed}});
}

}  // namespace corchestra::plan_file
