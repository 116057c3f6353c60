#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>

#include "core/lock_model.hpp"

namespace corchestra::tests {

/// Who holds which locks and counters, and how often rates were used: no table, no order, no waiting.
class resource_model {
 public:
  explicit resource_model(std::vector<resource_limit> limits) : limits_(std::move(limits)) {}

  void take(task_index t, const task_call& c, time_point now) {
    held_[t] = c;
    for (const auto& l : limits_) {
      if (l.period) uses_[l.id].emplace_back(now, amount(c, l.id));
    }
  }
  void give_back(task_index t) { held_.erase(t); }

  /// Beside what others hold. It may hold its locks and counters already; a rate is used by each attempt.
  bool fits(task_index t, const task_call& c, time_point now) const {
    for (const auto& [i, other] : held_) {
      if (i != t && conflict(c, other)) return false;
    }
    for (const auto& l : limits_) {
      std::uint64_t used = amount(c, l.id);
      if (used == 0) continue;
      for (const auto& [i, other] : held_) used += !l.period && i != t ? amount(other, l.id) : 0;
      const auto at = uses_.find(l.id);
      for (const auto& [when, n] : at == uses_.end() ? uses{} : at->second) used += when + *l.period > now ? n : 0;
      if (used > l.capacity) return false;
    }
    return true;
  }
  /// Of a counter, or of a lock or one below it.
  std::set<std::string> holders(const std::string& resource) const {
    std::set<std::string> ids;
    for (const auto& [t, c] : held_) {
      const bool holds = std::ranges::any_of(c.resources, [&](const resource_request& r) {
        return r.id == resource || (!place(resource).empty() && covers(place(resource), place(r.id)));
      });
      if (holds) ids.insert(c.id);
    }
    return ids;
  }

  static std::uint32_t amount(const task_call& c, const std::string& resource) {
    std::uint32_t n = 0;
    for (const auto& r : c.resources) n += r.id == resource ? r.amount : 0;
    return n;
  }
  static bool conflict(const task_call& a, const task_call& b) {
    for (const auto& x : a.resources) {
      for (const auto& y : b.resources) {
        if (!may_go_together(place(x.id), mode(a, x), place(y.id), mode(b, y))) return true;
      }
    }
    return false;
  }

 private:
  /// Who reads a whole place and writes something in it has it for itself: there is no mode between.
  static lock_mode mode(const task_call& c, const resource_request& r) {
    const bool writes = std::ranges::any_of(c.resources, [&](const resource_request& o) {
      return (o.mode == lock_mode::exclusive || o.mode == lock_mode::intent_exclusive) &&
             covers(place(r.id), place(o.id));
    });
    return r.mode == lock_mode::shared && writes ? lock_mode::exclusive : r.mode;
  }
  static std::vector<int> place(const std::string& lock) {
    const auto at = lock_places().find(lock);
    return at == lock_places().end() ? std::vector<int>() : at->second;
  }
  using uses = std::vector<std::pair<time_point, std::uint32_t>>;

  std::vector<resource_limit> limits_;
  std::map<task_index, task_call> held_;
  std::map<std::string, uses> uses_;
};

}  // namespace corchestra::tests
