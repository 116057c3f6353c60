#pragma once

#include <algorithm>
#include <random>
#include <set>

#include <corchestra/core/plan.hpp>

#include "core/lock_model.hpp"

namespace corchestra::tests {

/// Random tasks under random rules and limits, all from one seed. Each plan uses only some of what there is, so that
/// what fails stays small.
class random_plan {
 public:
  random_plan(std::uint64_t seed, int size) : random_(seed), size_(size), options(make_options()) {}

  int pick(int from, int to) { return from + static_cast<int>(random_() % static_cast<std::uint64_t>(to - from + 1)); }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  duration seconds(int from, int to) { return std::chrono::milliseconds(pick(from * 4, to * 4) * 250); }
  std::vector<task_call> calls() {
    std::vector<task_call> all;
    std::vector<std::string> ids;
    for (int i = 0, n = pick(1, size_); i < n; ++i) {
      task_call c = call("t" + std::to_string(i));
      random_needs(c, ids);
      ids.push_back(c.id);
      all.push_back(std::move(c));
    }
    if (has_joins) {
      for (auto& up : all) add_branch(up, all);
    }
    std::shuffle(all.begin(), all.end(), random_);
    return all;
  }

  task_call call(std::string id) {
    task_call c;
    c.id = std::move(id);
    c.agent = chance(50) ? "a" : "b";
    c.task_type = chance(50) ? "x" : "y";
    c.priority = pick(0, 3) * 10;
    for (int i = has_locks ? pick(-1, 2) : 0; i > 0; --i)
      c.resources.push_back({random_lock(), static_cast<lock_mode>(pick(0, 3)), 1});
    if (has_quantities && chance(30)) c.resources.push_back({"gpu", {}, 1});
    if (has_quantities && chance(30)) c.resources.push_back({"calls", {}, 1});
    if (has_limits) {
      if (chance(15)) c.limits.start_to_close = seconds(1, 4);
      if (chance(10)) c.limits.schedule_to_start = seconds(1, 20);
      if (chance(10)) c.limits.schedule_to_close = seconds(1, 30);
      if (chance(10)) c.limits.heartbeat_timeout = seconds(1, 3);
    }
    if (chance(10))
      c.retry = retry_policy{.max_retries = pick(0, 3), .first_delay = seconds(0, 3), .jitter = chance(50)};
    if (!has_rules && !has_budget && !has_groups && !has_approvals) return c;
    task_rules r;
    if (has_rules) {
      if (chance(30)) r.weight = static_cast<std::uint32_t>(pick(1, heaviest(c)));
      if (chance(30)) r.fairness_key = chance(50) ? "k1" : "k2";
      if (const auto& l = options.limits.slots_by_key; l.contains(r.fairness_key))
        r.weight = std::min(r.weight, l.at(r.fairness_key));
      if (chance(15)) r.repeat = loop_rule{"/done", true, static_cast<std::uint32_t>(pick(1, 4))};
      if (chance(15)) r.effect = effect_class::at_most_once;
      if (chance(15)) r.hold_across_waits = true;
      if (chance(10)) r.state_key = "sum";
      if (chance(10)) r.expected_duration = seconds(1, 6);
    }
    if (has_budget) {
      if (chance(50)) r.reserve.tokens = pick(0, 50);
      if (chance(10)) r.reserve.micro_dollars = pick(0, 50);
      if (chance(15)) r.budget.tokens = pick(50, 90);
    }
    if (has_groups && chance(60)) r.group = chance(70) ? "g1" : "g2";
    if (has_approvals && chance(25)) {
      r.approval = approval_rule{"may I?", {}, chance(50)};
      if (chance(50)) r.approval->timeout = seconds(1, 10);
    }
    c.rules = r;
    return c;
  }

  bool has_locks = false, has_joins = false, has_rules = false, has_budget = false, has_groups = false,
       has_limits = false;
  bool has_children = false, has_pauses = false, has_approvals = false, has_cancels = false, has_quantities = false;
  bool has_waits = false, can_fail = false;

 private:
  run_options make_options() {
    run_options o;
    has_locks = chance(40), has_joins = chance(40), has_rules = chance(40), has_budget = chance(25),
    has_groups = chance(25);
    has_limits = chance(40), has_children = chance(50), has_pauses = chance(25), has_approvals = chance(25);
    has_cancels = chance(40), has_quantities = chance(30), has_waits = chance(50), can_fail = chance(60);
    o.limits.max_concurrent_tasks = static_cast<std::uint32_t>(pick(1, 5));
    o.retry.max_retries = can_fail ? pick(0, 2) : 0;
    if (chance(20)) o.retry.first_delay = seconds(0, 2);
    o.retry.pause_when_exhausted = has_pauses && chance(20);
    o.seed = random_();
    if (chance(20)) o.mode = scheduling_mode::sequential;
    if (chance(10)) o.mode = scheduling_mode::levels;
    if (chance(5)) o.mode = scheduling_mode::parallel, o.unsafe_ignore_dependencies = true;
    o.order = static_cast<start_order>(pick(0, 5));
    o.score = [](const task_call& c) { return static_cast<double>(c.id.size() * 7 % 5); };
    o.fail_fast = chance(5);
    if (chance(5)) o.max_failed = static_cast<std::uint32_t>(pick(0, 3));
    if (has_limits && chance(20)) o.limits.run_timeout = seconds(1, 60);
    if (chance(20)) o.limits.slots_by_agent["a"] = static_cast<std::uint32_t>(pick(1, 3));
    if (chance(20)) o.limits.slots_by_task_type["x"] = static_cast<std::uint32_t>(pick(1, 3));
    if (chance(20)) o.limits.slots_by_key[chance(30) ? "" : "k1"] = static_cast<std::uint32_t>(pick(1, 3));
    if (chance(30)) o.fairness = {{"k1", 2.0}, {"k2", 0.5}};
    if (has_quantities) {
      o.resources = {{"gpu", static_cast<std::uint32_t>(pick(1, 3)), {}},
                     {"calls", static_cast<std::uint32_t>(pick(1, 4)), seconds(1, 8)}};
    }
    if (has_groups) {
      auto& g = o.groups["g1"];
      g.fail_fast = chance(30);
      if (chance(30)) g.max_failed = static_cast<std::uint32_t>(pick(0, 2));
      if (chance(30)) g.max_failed_percent = pick(0, 60);
      if (chance(30)) g.timeout = seconds(1, 30);
      o.groups["g2"].max_failed = 1;
    }
    if (has_budget) {
      if (chance(70)) o.budget.run.tokens = pick(50, 600);
      if (chance(20)) o.budget.run.micro_dollars = pick(50, 600);
      if (chance(40)) o.budget.agents["a"].tokens = pick(50, 300);
      if (chance(30)) o.budget.on_exhausted = on_exhausted::cancel;
    }
    if (chance(20)) o.retry_budget = 0.2;
    if (can_fail && chance(25)) o.on_error = random_decisions(random_());
    if (chance(25)) o.keep = keep_results::failed;
    o.stay_open = chance(15);
    return o;
  }

  // Pure: the same attempt of the same task gets the same answer.
  static error_handler random_decisions(std::uint64_t seed) {
    return [seed](const task_call& c, std::uint32_t attempt, const error&) {
      error_decision d;
      d.what = static_cast<error_decision::action>((seed + std::hash<std::string>{}(c.id) + attempt * 31) % 5);
      if (d.what == error_decision::action::pause && attempt > 5) d.what = error_decision::action::fail;
      d.delay = std::chrono::milliseconds(seed % 3000);
      d.output = json{{"go", 1}, {"done", true}};
      return d;
    };
  }

  std::string random_lock() {
    const auto& all = lock_places();
    return std::next(all.begin(), pick(0, static_cast<int>(all.size()) - 1))->first;
  }

  int heaviest(const task_call& c) const {
    std::uint32_t most = options.limits.max_concurrent_tasks;
    const auto& l = options.limits;
    if (l.slots_by_agent.contains(c.agent)) most = std::min(most, l.slots_by_agent.at(c.agent));
    if (l.slots_by_task_type.contains(c.task_type)) most = std::min(most, l.slots_by_task_type.at(c.task_type));
    return static_cast<int>(most);
  }

  void random_needs(task_call& c, const std::vector<std::string>& earlier) {
    for (int d = pick(-1, 3); d > 0 && !earlier.empty(); --d) {
      const auto& id = earlier[static_cast<std::size_t>(pick(0, static_cast<int>(earlier.size()) - 1))];
      c.depends_on.push_back(has_children && chance(25) ? id + "/*" : id);
    }
    if (c.depends_on.empty() || !has_joins || chance(40)) return;
    task_rules r = c.rules ? *c.rules : task_rules{};
    r.join = static_cast<join_policy>(pick(0, 4));
    r.quorum = static_cast<std::uint32_t>(
        pick(1, static_cast<int>(std::set(c.depends_on.begin(), c.depends_on.end()).size())));
    c.rules = r;
  }

  void add_branch(task_call& up, const std::vector<task_call>& calls) {
    if (!chance(40)) return;
    branch_rule b{"/go", {{0, {}}, {1, {}}}, {}};
    bool any = false;
    for (const auto& c : calls) {
      if (std::find(c.depends_on.begin(), c.depends_on.end(), up.id) == c.depends_on.end() || chance(30)) continue;
      (chance(40) ? b.cases[0].tasks : chance(60) ? b.cases[1].tasks : b.otherwise).push_back(c.id);
      any = true;
    }
    if (!any) return;
    task_rules r = up.rules ? *up.rules : task_rules{};
    r.branch = b;
    up.rules = r;
  }

  std::mt19937_64 random_;
  int size_;

 public:
  const run_options options;
};

}  // namespace corchestra::tests
