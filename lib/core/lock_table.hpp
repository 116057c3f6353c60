#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <corchestra/core/scheduler.hpp>

namespace corchestra::detail {

using resource_index = std::uint32_t;

struct lock_request {
  resource_index resource = 0;
  lock_mode mode = lock_mode::exclusive;
};

/// Shared and exclusive locks, granted as whole sets or not at all, so nobody ever waits while holding. A task that
/// cannot have its set is parked on the one resource that blocks it and woken when that one changes: nothing is polled,
/// and a blocked task hides nobody. Waiting tasks are served by priority, then listing; a reader does not overtake a
/// writer that is parked before it.
class lock_table {
 public:
  static constexpr resource_index none = ~resource_index{0};

  /// The set with every resource once (exclusive wins), in a fixed order.
  std::vector<lock_request> intern(const std::vector<resource_request>& requests);

  /// Takes the whole set, or nothing and returns the resource in the way.
  resource_index try_acquire(task_index task, int priority, const std::vector<lock_request>& set);
  /// Gives the set back. Those to be considered again are appended to `woken` and no longer parked.
  void release(task_index task, const std::vector<lock_request>& set, std::vector<task_index>& woken);

  void park(task_index task, int priority, lock_mode mode, resource_index resource);
  void unpark(task_index task, int priority, resource_index resource);
  /// A woken task did not take `resource` after all: the next in line gets its chance.
  void wake(resource_index resource, std::vector<task_index>& woken);

  void quarantine(const std::vector<lock_request>& set);
  std::vector<lock_status> status(const std::function<std::string(task_index)>& name) const;

 private:
  struct waiter {
    int priority;
    task_index task;
    lock_mode mode;
    bool operator<(const waiter& o) const noexcept {
      return priority != o.priority ? priority > o.priority : task < o.task;
    }
  };
  struct entry {
    std::string id;
    lock_mode mode = lock_mode::shared;
    std::vector<task_index> holders;
    std::set<waiter> waiters;
    bool quarantined = false;
  };
  bool blocked(const entry& e, task_index task, int priority, lock_mode mode) const;

  std::vector<entry> entries_;
  std::unordered_map<std::string, resource_index> index_;
};

}  // namespace corchestra::detail
