#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>

namespace corchestra::tests {

/// What of a run's budgets is spent and reserved, added up from the events: the run's, its agents', and those that
/// tasks have for themselves and their children.
class budget_model {
 public:
  explicit budget_model(budget_options o) : options_(std::move(o)) {}

  void operator()(const event& e) {
    if (e.type == event_type::task_submitted) {
      auto& a = accounts_[e.task];
      a.parent = e.parent;
      a.agent = e.call->agent;
      if (e.call->rules) a.own = e.call->rules->budget, a.reserve = e.call->rules->reserve;
    }
    if (e.task == no_task) return;
    account& a = accounts_.at(e.task);
    if (e.type == event_type::attempt_started) a.told_before = a.told, a.reserves = true;
    if (e.type == event_type::model_call) tell(e.task, e.usage->total_tokens());
    if (e.type != event_type::attempt_ended) return;
    tell(e.task, e.usage->total_tokens() - a.told);
    // What nothing was told of counts as its reserve: of money never anything is told here.
    spend(e.task, {a.told == a.told_before ? a.reserve.tokens : 0, a.reserve.micro_dollars});
    a.reserves = false;
  }

  /// The task's reserve beside what was spent and what others have reserved: by the run's budget, its agent's, its own
  /// and those of its ancestors.
  bool fits(task_index t) const {
    const account& wants = accounts_.at(t);
    const auto room = [&](const budget_limit& l, const budget_amount& spent, auto counts) {
      budget_amount reserved;
      for (const auto& [i, a] : accounts_) {
        if (a.reserves && i != t && counts(i, a))
          reserved += {std::max<std::int64_t>(0, a.reserve.tokens - (a.told - a.told_before)), a.reserve.micro_dollars};
      }
      return below(l.tokens, spent.tokens, reserved.tokens, wants.reserve.tokens) &&
             below(l.micro_dollars, spent.micro_dollars, reserved.micro_dollars, wants.reserve.micro_dollars);
    };
    for (task_index up = t; up != no_task; up = accounts_.at(up).parent) {
      const account& above = accounts_.at(up);
      if (!room(above.own, above.spent, [&](task_index i, const account&) { return is_below(i, up); })) return false;
    }
    const auto limit = options_.agents.find(wants.agent);
    const auto spent = by_agent_.find(wants.agent);
    return room(options_.run, spent_, [](task_index, const account&) { return true; }) &&
           (limit == options_.agents.end() ||
            room(limit->second, spent == by_agent_.end() ? budget_amount{} : spent->second,
                 [&](task_index, const account& a) { return a.agent == wants.agent; }));
  }

 private:
  struct account {
    task_index parent = no_task;
    std::string agent;
    budget_limit own;
    budget_amount reserve, spent;            // spent: with its children
    std::int64_t told = 0, told_before = 0;  // tokens, of all attempts; when this one began
    bool reserves = false;
  };

  static bool below(const std::optional<std::int64_t>& limit, std::int64_t spent, std::int64_t reserved,
                    std::int64_t more) {
    return !limit || (spent < *limit && spent + reserved + more <= *limit);
  }
  bool is_below(task_index i, task_index above) const {
    while (i != no_task && i != above) i = accounts_.at(i).parent;
    return i == above;
  }
  void tell(task_index t, std::int64_t tokens) {
    accounts_.at(t).told += tokens;
    spend(t, {tokens, 0});
  }
  void spend(task_index t, const budget_amount& n) {
    spent_ += n;
    by_agent_[accounts_.at(t).agent] += n;
    for (task_index up = t; up != no_task; up = accounts_.at(up).parent) accounts_.at(up).spent += n;
  }

  budget_options options_;
  std::map<task_index, account> accounts_;
  budget_amount spent_;
  std::map<std::string, budget_amount> by_agent_;
};

}  // namespace corchestra::tests
