#include "plan/rule_check.hpp"

#include <algorithm>
#include <unordered_map>

namespace corchestra::plan_file {

namespace {

class rule_checker {
 public:
  explicit rule_checker(const plan_document& plan) : plan_(plan), options_(plan.plan.options) {
    for (const resource_limit& l : options_.resources) resources_.emplace(l.id, &l);
  }

  void check(const task_call& t, const field& f) {
    if (!t.resources.empty()) check_resources(t, f);
    check_slots(t, f);
    if (!t.rules) return;
    const task_rules& rules = *t.rules;
    if (!rules.group.empty()) check_group(rules.group, *f.member("group"));
    if (rules.join != join_policy::all_success) check_join(t, *f.member("join"));
    if (rules.branch) check_branches(t, *f.member("branches"));
    if (!rules.reserve.none()) check_reserve(t, *f.member("reserve"));
  }

 private:
  void check_resources(const task_call& t, const field& f) const {
    const auto given = f.member("resources");
    for (std::size_t i = 0; i < t.resources.size(); ++i) {
      const resource_request& r = t.resources[i];
      const field place = !given ? f : given->is_object() ? given->members()[i] : given->list("a list")[i];
      const auto known = resources_.find(r.id);
      if (known == resources_.end()) {
        if (r.amount > 1)
          place.fail(errc::unreachable_resource,
                     concat("task ", quote(t.id), " asks for ", r.amount, " of ", quote(r.id),
                            ", which is a lock: expected its capacity in the plan's 'resources'"));
      } else if (r.mode != lock_mode::exclusive) {
        place.fail(
            concat(quote(r.id), " is a counter or rate of the plan's 'resources': expected an amount, not a mode"));
      } else if (r.amount > known->second->capacity) {
        place.fail(errc::unreachable_resource, concat("task ", quote(t.id), " asks for ", r.amount, " of ", quote(r.id),
                                                      ", and there are ", known->second->capacity));
      }
    }
  }

  void check_slots(const task_call& t, const field& f) const {
    const std::uint32_t weight = t.rules ? t.rules->weight : 1;
    if (weight == 1) return;
    const run_limits& l = options_.limits;
    const auto check = [&](std::uint32_t slots, std::string_view where) {
      if (weight > slots)
        f.member("weight")->fail(errc::unreachable_resource, concat("task ", quote(t.id), " takes ", weight,
                                                                    " slots, and ", where, " gives ", slots));
    };
    const auto check_in = [&](const auto& slots, const std::string& key, std::string_view where) {
      if (const auto found = slots.find(key); found != slots.end()) check(found->second, where);
    };
    if (plan_.declared.contains("max_concurrent_tasks")) check(l.max_concurrent_tasks, "limits.max_concurrent_tasks");
    check_in(l.slots_by_agent, t.agent, "limits.slots_by_agent");
    check_in(l.slots_by_task_type, t.task_type, "limits.slots_by_task_type");
    check_in(l.slots_by_key, t.rules->fairness_key, "limits.slots_by_key");
  }

  void check_group(const std::string& group, const field& place) const {
    if (options_.groups.contains(group)) return;
    std::vector<std::string> known;
    for (const auto& [name, g] : options_.groups) known.push_back(name);
    place.fail(concat("unknown group ", quote(group), suggestion(group, known, "groups")));
  }

  void check_join(const task_call& t, const field& place) const {
    if (t.rules->join == join_policy::all_done) return;
    const std::uint32_t wanted = t.rules->join == join_policy::quorum ? t.rules->quorum : 1;
    if (wanted > t.depends_on.size())
      place.fail(concat("task ", quote(t.id), " waits for ", wanted, " of its dependencies, and it has ",
                        t.depends_on.size()));
  }

  void check_branches(const task_call& t, const field& place) {
    const branch_rule& rule = *t.rules->branch;
    for (const branch_rule::branch_case& c : rule.cases) check_targets(t, c.tasks, place);
    check_targets(t, rule.otherwise, place);
  }

  void check_targets(const task_call& t, const std::vector<std::string>& targets, const field& place) {
    if (by_id_.empty())
      for (const task_call& other : plan_.plan.tasks) by_id_.emplace(other.id, &other);
    for (const std::string& id : targets) {
      const auto found = by_id_.find(id);
      if (found == by_id_.end())
        return place.fail(errc::unknown_task, concat("task ", quote(t.id), ": a branch names the unknown task ",
                                                     quote(id), suggestion(id, task_ids(), "tasks")));
      const auto& needs = found->second->depends_on;
      if (std::find(needs.begin(), needs.end(), t.id) == needs.end())
        return place.fail(concat("task ", quote(t.id), ": a branch names ", quote(id), ", which does not depend on ",
                                 quote(t.id), ": expected ", quote(t.id), " in its depends_on"));
    }
  }

  void check_reserve(const task_call& t, const field& place) const {
    const budget_amount& wanted = t.rules->reserve;
    const auto check = [&](const budget_limit& l, std::string_view whose) {
      if (l.tokens && wanted.tokens > *l.tokens)
        place.fail(errc::unreachable_resource, concat("task ", quote(t.id), " reserves ", wanted.tokens,
                                                      " tokens, and ", whose, " budget is ", *l.tokens));
      if (l.micro_dollars && wanted.micro_dollars > *l.micro_dollars)
        place.fail(errc::unreachable_resource, concat("task ", quote(t.id), " reserves ", wanted.micro_dollars,
                                                      " micro-dollars, and ", whose, " budget is ", *l.micro_dollars));
    };
    check(t.rules->budget, "its own");
    if (const auto a = options_.budget.agents.find(t.agent); a != options_.budget.agents.end())
      check(a->second, concat("the agent ", quote(t.agent), "'s"));
    check(options_.budget.run, "the run's");
  }

  std::vector<std::string> task_ids() const {
    std::vector<std::string> out;
    for (const task_call& t : plan_.plan.tasks) out.push_back(t.id);
    return out;
  }

  const plan_document& plan_;
  const run_options& options_;
  std::unordered_map<std::string_view, const resource_limit*> resources_;
  std::unordered_map<std::string_view, const task_call*> by_id_;
};

}  // namespace

result<void> check_rules(const plan_document& plan, const std::vector<field>& tasks) {
  rule_checker checker(plan);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    checker.check(plan.plan.tasks[i], tasks[i]);
    if (tasks[i].log().first) return *tasks[i].log().first;
  }
  return {};
}

}  // namespace corchestra::plan_file
