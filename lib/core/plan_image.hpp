#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <corchestra/core/plan.hpp>
#include <corchestra/core/scheduler.hpp>

#include "core/id_table.hpp"
#include "core/scheduler_parts.hpp"

namespace corchestra::detail {

/// What the runs of a compiled plan have in common.
struct plan_image {
  /// A task as it stands when all tasks have been entered and linked, and none has been admitted.
  struct standing {
    std::uint32_t kind = 0, first_edge = none, last_edge = none, missing = 0, level = 0;
    std::int32_t priority = 0;
    float rank = 0;
    bool limited = false;
  };

  /// Tasks without dependencies that stand alike in the queue, one after the other.
  struct row {
    task_index first = 0;
    std::uint32_t count = 0;
  };

  run_options options;
  scheduler::prepared tasks;
  id_table ids;
  std::vector<std::string> agents;  // by number
  /// Of plain tasks: each run takes these over instead of entering and linking its tasks again. Empty when some task has more to it
  /// than a standing holds, such as locks, a group or a deadline.
  std::vector<standing> standings;
  std::vector<row> first_rows;  // of all that can start at once
  /// The next of `standings`.
  void add_to_rows(task_index t);
  std::vector<task_edge> edges;
  std::vector<task_kind> kinds;
  std::vector<learnt_durations> learnt;
};

}  // namespace corchestra::detail
