#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include <corchestra/core/budget.hpp>
#include <corchestra/core/event.hpp>

namespace corchestra::detail {

/// Tasks that wait for budget. Those that the same budgets count stand in one line: when these have an answer of "later" to
/// its least reserve and to its greatest, they have it to all between, and nobody of the line is asked.
class budget_lines {
 public:
  /// The agent, and the task with a budget of its own that is nearest: itself or above it.
  using counted_by = std::pair<std::uint32_t, task_index>;
  struct entry {
    task_index task = no_task;
    std::int64_t priority = 0;
    budget_amount reserve;
  };

  void add(const counted_by& by, const entry& e) {
    line& l = lines_[by];
    l.ranked.emplace(place{-e.priority, e.task}, e.reserve);
    l.tokens.insert(e.reserve.tokens);
    l.money.insert(e.reserve.micro_dollars);
  }
  /// The same as was added.
  void remove(const counted_by& by, const entry& e) {
    const auto at = lines_.find(by);
    line& l = at->second;
    l.ranked.erase({-e.priority, e.task});
    l.tokens.erase(l.tokens.find(e.reserve.tokens));
    l.money.erase(l.money.find(e.reserve.micro_dollars));
    if (l.ranked.empty()) lines_.erase(at);
  }
  bool empty() const noexcept { return lines_.empty(); }

  /// The first by priority, then by number, for whom `later(task, amount)` does not hold; no_task when it does for all.
  template <class F>
  task_index first_served(F later) const {
    const place* best = nullptr;
    for (const auto& [by, l] : lines_) {
      const place& front = l.ranked.begin()->first;
      if (best != nullptr && *best < front) continue;
      if (later(front.second, l.least()) && later(front.second, l.greatest())) continue;
      for (auto w = l.ranked.begin(); w != l.ranked.end() && (best == nullptr || w->first < *best); ++w) {
        if (!later(w->first.second, w->second)) best = &w->first;
      }
    }
    return best == nullptr ? no_task : best->second;
  }
  /// The first by priority, then by number, of those that are `wanted`.
  template <class F>
  task_index first_of(F wanted) const {
    const place* best = nullptr;
    for (const auto& [by, l] : lines_) {
      for (auto w = l.ranked.begin(); w != l.ranked.end() && (best == nullptr || w->first < *best); ++w) {
        if (wanted(w->first.second)) best = &w->first;
      }
    }
    return best == nullptr ? no_task : best->second;
  }

 private:
  using place = std::pair<std::int64_t, task_index>;  // falling priority
  struct line {
    std::map<place, budget_amount> ranked;
    std::multiset<std::int64_t> tokens, money;

    budget_amount least() const { return {*tokens.begin(), *money.begin()}; }
    budget_amount greatest() const { return {*tokens.rbegin(), *money.rbegin()}; }
  };
  std::map<counted_by, line> lines_;
};

}  // namespace corchestra::detail
