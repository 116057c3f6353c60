#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/core/task_call.hpp>
#include <corchestra/core/task_result.hpp>

#include "core/deficit_round_robin.hpp"
#include "core/resource_table.hpp"
#include "core/scheduler_parts.hpp"

namespace corchestra::detail {

inline constexpr time_point never = time_point::max();

/// Where a running attempt stands.
enum class attempt_phase : std::uint8_t { none, working, waiting, wants_slot };

/// Children that are committed with their attempt's success.
struct staged_children {
  std::vector<task_call> calls;
  std::unordered_set<std::string> ids;
  std::vector<std::pair<std::size_t, std::uint8_t>> suffixes;  // by place: task_extra::suffix
};

/// From the first attempt's start to the task's end.
struct live_attempt {
  attempt_phase phase = attempt_phase::none;
  bool aborting = false, timed_out = false, retry_after_timeout = false;
  bool progress_published = false, progress_pending = false, stall_told = false;
  cancel_reason why = cancel_reason::none;
  std::uint32_t open_waits = 0, open_steps = 0, running_place = 0, tag = 0, next_ordinal = 0, tries = 0, replans = 0;
  time_point ready_at{};  // since when it stands in the queue: an attempt that goes on after a wait keeps its place
  time_point started{}, attempt_due = never, heartbeat_at{}, stall_at = never, abandon_at = never, progress_at{};
  duration attempt_left{};   // of start_to_close, while it waits
  duration patience{};       // silence after which it counts as stalled; 0: any
  duration last_attempt{};
  double progress = 0;
  std::string why_text, progress_text;
  duration waited{};          // of this attempt, inside
  duration worked{};          // with a slot, in the last attempt and in `kept`
  duration kept{};            // work of iterations that completed
  time_point wait_began{};
  std::unique_ptr<staged_children> staged;
  boxed<error> capped;        // a limit on children was hit: this attempt cannot complete
  token_usage usage;
  std::array<std::uint32_t, wait_reason_count> waits{};  // the open ones, by reason
  std::array<std::byte, 88> room;  // makes it as large as a task_result, which takes its memory where many are cancelled at once

  std::uint32_t& open(wait_reason reason) noexcept { return waits[static_cast<std::size_t>(reason)]; }
  std::uint32_t open(wait_reason reason) const noexcept { return waits[static_cast<std::size_t>(reason)]; }
};

/// What few tasks have.
struct task_extra {
  std::vector<claim> locks;  // locks, counters, rates
  std::vector<claim> pools;  // slots of its agent, type, key
  bool locked = false, pooled = false;
  resource_index parked_on = resource_table::none;
  resource_index baton = resource_table::none;  // woken by this one, owes the next in line a chance
  bool budget_parked = false, heavy_parked = false, reserved = false;
  bool backoff_over = false;            // of a drained run: it would be tried again now
  std::int64_t heavy_rank = 0;          // where it stands in its line
  time_point parked_at{};
  time_point waits_since = never;       // for a slot, of this attempt: what aging counts from
  time_point retry_refused = never;     // by the retry budget, for the first time
  std::string last_failure;             // kept when there is a retry budget
  std::vector<task_index> children;
  std::vector<task_index> subtree_watchers;
  bool subtree_failed = false;
  duration subtree_path{};  // the longest `path` of what was spawned under it
  time_point deadline = never;
  std::string deadline_name;
  // joins
  std::uint32_t succeeded = 0;
  task_index lost = no_task;  // an upstream that did not succeed
  bool lost_by_failure = false;  // it failed, and was not just left out by a branch
  bool refused = false;          // it will be skipped: by a branch, or because its join cannot be
  // keep_results::failed: whose results it may ask for (with the subtree bit), and how many may ask for its own
  std::vector<task_index> keeps;
  std::uint32_t keepers = 0, subtree_keepers = 0;
  // approvals
  bool asked = false, approved = false;
  std::uint32_t question = 0;  // makes older alarms stale
  bool approve_by_default = false;
  std::string question_text;
  // loops
  std::uint32_t iteration = 1;
  json previous;
  bool has_previous = false;
  std::optional<json_schema> schema;
  std::uint32_t group = none;
  key_index key = 0;
  bool level_held = false, pause_held = false;
  // children
  bool committed = false;   // from outside, or with an attempt or iteration of its parent that has ended
  std::uint8_t suffix = 0;  // length of the `~2` that tells it from a child of an earlier attempt
  std::uint32_t last_outside = 0;  // of its children from outside without an id, the last one's number
};

/// Task calls that came together and stay where they are.
struct call_batch {
  std::vector<task_call> calls;
  task_index first = no_task;  // the task of the first call; those of the others follow
  std::uint32_t left = 0;      // not forgotten
  std::uint32_t kept = 0;      // of these, ended and kept for good
};

/// What every task has.
struct task_record {
  const task_call* call = nullptr;  // in its batch or its plan; an empty one when it is forgotten
  std::unique_ptr<task_extra> more;
  std::unique_ptr<live_attempt> now_running;
  task_result* result = nullptr;
  time_point submitted{};
  duration path{};             // the longest chain of measured durations that it came after, once it has ended with its own
  float rank = 0;              // upward rank in seconds
  std::uint32_t first_edge = none, last_edge = none;  // to those that need it
  task_index parent = no_task;
  std::uint32_t missing = 0;   // dependencies that have not ended
  std::uint32_t ticket = 0;    // makes older queue entries stale
  std::uint32_t attempts = 0;
  std::uint32_t kind = 0;
  std::uint32_t batch = 0;
  std::uint32_t open_subtree = 1;  // itself, and children whose subtrees have not ended
  std::int32_t priority = 10;      // with what it inherits
  std::uint32_t level = 0;         // longest chain of needs and parents above it
  std::uint16_t depth = 0;
  std::uint16_t urgency = 0;       // a task with locks of its own waits for it: the depth of the awaited child
  task_state state = task_state::pending;
  wait_reason waiting = wait_reason::none;
  bool abandoned = false;      // its body still runs, its result is refused
  bool awaited = false;        // by its parent
  bool needed = false;         // by what a drained run finishes
  bool queued = false;
  bool ruled = false;          // the call has rules; asked more often than the call is in the cache
  bool limited = false;        // the call limits its attempts or their silence
  bool kept = false;           // it has ended and is counted so in its batch

  attempt_phase phase() const noexcept { return now_running ? now_running->phase : attempt_phase::none; }
  bool aborting() const noexcept { return now_running && now_running->aborting; }
  const task_rules* rules() const noexcept { return ruled ? call->rules.get() : nullptr; }
};

}  // namespace corchestra::detail
