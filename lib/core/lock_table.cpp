#include "core/lock_table.hpp"

#include <algorithm>

namespace corchestra::detail {

std::vector<lock_request> lock_table::intern(const std::vector<resource_request>& requests) {
  std::vector<lock_request> set;
  for (const auto& r : requests) {
    const auto [it, added] = index_.try_emplace(r.id, static_cast<resource_index>(entries_.size()));
    if (added) entries_.push_back(entry{r.id, {}, {}, {}, false});
    const auto same = std::find_if(set.begin(), set.end(), [&](const lock_request& l) { return l.resource == it->second; });
    if (same == set.end()) {
      set.push_back({it->second, r.mode});
    } else if (r.mode == lock_mode::exclusive) {
      same->mode = lock_mode::exclusive;
    }
  }
  std::sort(set.begin(), set.end(), [](const auto& a, const auto& b) { return a.resource < b.resource; });
  return set;
}

bool lock_table::blocked(const entry& e, task_index task, int priority, lock_mode mode) const {
  if (e.holders.empty()) return false;
  if (mode == lock_mode::exclusive || e.mode == lock_mode::exclusive) return true;
  const waiter me{priority, task, mode};
  return std::any_of(e.waiters.begin(), e.waiters.lower_bound(me),
                     [](const waiter& w) { return w.mode == lock_mode::exclusive; });
}

resource_index lock_table::try_acquire(task_index task, int priority, const std::vector<lock_request>& set) {
  for (const auto& l : set) {
    if (blocked(entries_[l.resource], task, priority, l.mode)) return l.resource;
  }
  for (const auto& l : set) {
    auto& e = entries_[l.resource];
    e.mode = l.mode;
    e.holders.push_back(task);
  }
  return none;
}

void lock_table::release(task_index task, const std::vector<lock_request>& set, std::vector<task_index>& woken) {
  for (const auto& l : set) {
    auto& e = entries_[l.resource];
    std::erase(e.holders, task);
    if (e.holders.empty()) e.quarantined = false;
    wake(l.resource, woken);
  }
}

void lock_table::park(task_index task, int priority, lock_mode mode, resource_index resource) {
  entries_[resource].waiters.insert({priority, task, mode});
}

void lock_table::unpark(task_index task, int priority, resource_index resource) {
  entries_[resource].waiters.erase({priority, task, lock_mode::shared});
}

void lock_table::wake(resource_index resource, std::vector<task_index>& woken) {
  auto& e = entries_[resource];
  if (!e.holders.empty() && e.mode == lock_mode::exclusive) return;
  while (!e.waiters.empty()) {
    const waiter w = *e.waiters.begin();
    if (w.mode == lock_mode::exclusive && !e.holders.empty()) return;
    e.waiters.erase(e.waiters.begin());
    woken.push_back(w.task);
    if (w.mode == lock_mode::exclusive) return;
  }
}

void lock_table::quarantine(const std::vector<lock_request>& set) {
  for (const auto& l : set) entries_[l.resource].quarantined = true;
}

std::vector<lock_status> lock_table::status(const std::function<std::string(task_index)>& name) const {
  std::vector<lock_status> all;
  for (const auto& e : entries_) {
    if (e.holders.empty() && e.waiters.empty()) continue;
    lock_status s{e.id, e.mode, {}, {}, e.quarantined};
    for (const auto t : e.holders) s.holders.push_back(name(t));
    for (const auto& w : e.waiters) s.waiters.push_back(name(w.task));
    all.push_back(std::move(s));
  }
  return all;
}

}  // namespace corchestra::detail
