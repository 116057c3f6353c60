#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <vector>

#include "core/resource_table.hpp"

namespace corchestra::tests {

/// Plays a scheduler with slots for all: asks for sets, parks those that cannot have theirs, lets the woken try again.
class lock_player {
 public:
  explicit lock_player(duration starvation_after = std::chrono::seconds(60)) : table(starvation_after) {}

  /// The task asks for the set; whether it has it at once.
  bool ask(task_index task, std::vector<resource_request> requests, std::int64_t rank = 0) {
    auto& t = tasks[task];
    t.set = table.intern(requests);
    t.rank = rank;
    return attempt(task);
  }
  void end(task_index task) {
    tasks[task].held = false;
    std::vector<task_index> woken;
    table.release(task, tasks[task].set, woken);
    let_try(woken);
  }
  void cancel(task_index task) {
    auto& t = tasks[task];
    const auto on = std::exchange(t.on, detail::resource_table::none);
    table.unpark(task, on);
    table.forget(task);
    pass(on);
  }
  void raise(task_index task, std::int64_t rank) {
    tasks[task].rank = rank;
    table.raise(task, tasks[task].on, rank);
  }
  void pass(detail::resource_index on) {
    std::vector<task_index> woken;
    table.wake(on, woken);
    let_try(woken);
  }
  /// Time passes until then, and what is due happens when it is due.
  void until(duration d) {
    const auto goal = time_point() + d;
    for (;;) {
      const auto due = table.next_due();
      if (due > goal) break;
      now = std::max(now, due);
      std::vector<task_index> woken;
      table.advance(now, woken);
      let_try(woken);
    }
    now = goal;
  }
  bool holds(task_index task) { return tasks[task].held; }
  /// The name of what the task is parked on; empty when it is not.
  std::string waits_for(task_index task) {
    return tasks[task].on == detail::resource_table::none ? "" : table.name(tasks[task].on);
  }
  std::vector<lock_status> status() const {
    return table.status([](task_index t) { return "t" + std::to_string(t); });
  }

  struct player_task {
    std::vector<detail::claim> set;
    std::int64_t rank = 0;
    detail::resource_index on = detail::resource_table::none;
    bool held = false;
    duration started{};
  };
  detail::resource_table table;
  std::map<task_index, player_task> tasks;
  std::vector<task_index> started;  // in this order
  time_point now{};

 private:
  bool attempt(task_index task) {
    auto& t = tasks[task];
    const auto on = table.try_acquire(task, t.rank, t.set, now);
    if (on != detail::resource_table::none) {
      table.park(task, t.rank, t.set, t.on = on, now);
      return false;
    }
    table.forget(task);
    t.held = true;
    t.started = now.time_since_epoch();
    started.push_back(task);
    return true;
  }
  void let_try(const std::vector<task_index>& woken) {
    for (const auto task : woken) {
      const auto baton = std::exchange(tasks[task].on, detail::resource_table::none);
      if (!attempt(task)) pass(baton);
    }
  }
};

}  // namespace corchestra::tests
