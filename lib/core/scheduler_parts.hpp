#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/core/duration_book.hpp>
#include <corchestra/core/plan.hpp>
#include <corchestra/core/run_metrics.hpp>

#include "core/claim.hpp"
#include "core/deficit_round_robin.hpp"

// What a scheduler keeps besides its tasks.
namespace corchestra::detail {

inline constexpr std::uint32_t none = ~std::uint32_t{0};  // no edge, no group

/// What tasks of a type (without one: of an agent) take.
struct learnt_durations {
  std::uint32_t kind = 0;  // the first such
  duration_book::entry seen;
  std::optional<duration> expected;
  bool known = false;  // expected was learnt or given, not assumed
};

/// An agent and task type: what tasks have in common.
struct task_kind {
  std::string agent, task_type;
  std::vector<claim> pools;
  std::uint32_t learnt = 0, agent_number = 0;
  agent_metrics ended;
};

/// From a task to one that needs it, in a list of them.
struct task_edge {
  task_index to = no_task;
  std::uint32_t next = none;
};

struct agent_entry {
  std::string name;
  bool paused = false;
  std::vector<task_index> held;
};

struct task_group {
  std::string name;
  group_options options;
  std::vector<task_index> members;
  std::size_t failed = 0, size = 0, forgotten = 0;  // of them all; forgotten ones that are still among the members
  bool ended = false, timed_out = false;
  std::string why;  // it has ended

  void add(task_index t) {
    members.push_back(t);
    ++size;
  }
};

/// A fairness key that some task has.
struct fairness_key {
  key_index number = 0;
  std::uint32_t tasks = 0;  // that are not forgotten
};

struct alarm {
  time_point at{};
  task_index task = no_task;
  std::uint32_t ticket = 0;  // back-off and approvals: makes it stale
  enum class kind : std::uint8_t { backoff, schedule_to_start, deadline, approval, group, progress } what{};
  bool operator>(const alarm& o) const noexcept { return at != o.at ? at > o.at : task > o.task; }
};

/// An id, and the length of the `~2` at its end that tells it from a child of an earlier attempt.
struct child_name {
  std::string id;
  std::uint8_t suffix = 0;
};

/// Whom a task waits for, when nothing else could let it go on.
struct blockers {
  std::vector<task_index> who;
  bool each_is_needed = false;  // else one is enough
  bool only_reserve = false;    // they have not started, and keep what they have waited long for
};

}  // namespace corchestra::detail
