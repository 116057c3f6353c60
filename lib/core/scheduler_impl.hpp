#pragma once

#include <array>
#include <deque>
#include <queue>
#include <random>
#include <unordered_map>

#include <corchestra/base/text.hpp>
#include <corchestra/core/scheduler.hpp>

#include "core/lock_table.hpp"
#include "core/ready_queue.hpp"

namespace corchestra {

/// The scheduler's state and the steps its public functions are made of.
struct scheduler::impl {
  static constexpr time_point never = time_point::max();

  /// Where a running attempt stands.
  enum class phase : std::uint8_t { none, working, waiting, wants_slot };

  struct record {
    task_call call;
    std::vector<detail::lock_request> locks;
    std::vector<task_index> dependants, children;
    std::vector<task_call> staged;              // committed with this attempt's success
    std::size_t next_ordinal = 0;               // of this attempt's children
    task_index parent = no_task;
    std::uint32_t depth = 0;
    std::uint32_t missing = 0;   // dependencies that have not ended
    std::uint32_t ticket = 0;    // makes older queue entries stale
    std::uint32_t attempts = 0;
    task_state state = task_state::pending;
    wait_reason waiting = wait_reason::none;
    scheduler::impl::phase phase = phase::none;
    std::uint32_t open_waits = 0;
    bool locked = false;
    bool abandoned = false;      // its body still runs, its result is refused
    detail::resource_index parked_on = detail::lock_table::none;
    detail::resource_index baton = detail::lock_table::none;  // woken by this one, and owes the next in line a chance
    time_point submitted{}, deadline = never;
    std::optional<time_point> started;
    duration last_attempt{};
    std::string deadline_name;
    std::uint32_t running_place = 0;
    time_point attempt_due = never;   // start_to_close
    duration attempt_left{};          // of start_to_close, while it waits
    time_point heartbeat_at{};
    // a request to stop
    bool aborting = false;
    bool timed_out = false;
    bool retry_after_timeout = false;
    cancel_reason why = cancel_reason::none;
    std::string why_text;
    time_point abandon_at = never;
    double progress = 0;
    bool progress_published = false, progress_pending = false;
    time_point progress_at{};
    std::string progress_text;
    token_usage usage;
    std::unique_ptr<task_result> result;
  };

  struct alarm {
    time_point at{};
    task_index task = no_task;
    std::uint32_t ticket = 0;  // back-off only
    enum class kind : std::uint8_t { backoff, schedule_to_start, deadline } what{};
    bool operator>(const alarm& o) const noexcept { return at != o.at ? at > o.at : task > o.task; }
  };

  // data
  std::string run_id;
  run_options options;
  event_sink sink;
  std::function<bool(std::string_view)> known_agent;
  std::deque<record> records;
  std::unordered_map<std::string_view, task_index> index;
  std::array<std::size_t, task_state_count> counts{};
  std::size_t unfinished = 0, slots_in_use = 0, slots = 0, spawned = 0;
  std::vector<task_index> running;
  std::vector<abort_command> aborts;
  detail::ready_queue ready;
  detail::lock_table locks;
  std::priority_queue<alarm, std::vector<alarm>, std::greater<>> alarms;
  time_point running_due = never, run_due = never;
  std::mt19937_64 random;
  std::uint64_t seq = 0;
  run_state state = run_state::running;
  cancel_reason run_cancelled = cancel_reason::none;
  std::string reason;
  bool draining = false, open = false, ended = false, failing = false;
  std::vector<task_index> settling;  // ended tasks whose dependants are still to be told
  bool settling_now = false;

  // scheduler_submit.cpp
  result<void> check(const std::vector<task_call>& calls) const;
  result<void> check_child(task_index parent, const task_call& child, bool at_once) const;
  void add(std::vector<task_call> calls, task_index parent, time_point now);
  std::string child_id(task_index parent, const task_call& child);

  // scheduler_events.cpp
  void publish(event_type type, time_point now, json data = nullptr);
  void publish(event_type type, task_index t, time_point now, json data = nullptr);
  void publish(event& e, task_index t, time_point now);
  void flush_progress(task_index t, time_point now);

  // scheduler_attempt.cpp
  void set_state(task_index t, task_state s, wait_reason w, time_point now);
  void make_ready(task_index t, time_point now);
  void start_attempt(task_index t, time_point now);
  void end_attempt(task_index t, time_point now);
  void take_slot_again(task_index t, time_point now);
  bool is_awaited(task_index t) const;
  void retry(task_index t, const error& e, duration delay, time_point now);
  duration backoff(const record& r, const error& e);
  void release_locks(task_index t, time_point now);
  void wake(const std::vector<task_index>& woken, detail::resource_index by, time_point now);
  void pass_baton(record& r, time_point now);
  void unqueue(task_index t, time_point now);
  void finish(task_index t, task_result result, time_point now);
  void settle(time_point now);
  void skip(task_index t, task_index cause, time_point now);
  void check_end(time_point now);
  task_result result_for(const record& r, task_state s, time_point now) const;
  error time_limit_error(std::string text) const;

  // scheduler_cancel.cpp
  std::size_t cancel(task_index t, cancel_reason why, const std::string& text, time_point now);
  void expire(task_index t, const std::string& text, bool may_retry, time_point now);
  void abort(task_index t, time_point now);
  void abandon(task_index t, time_point now);
  void scan_running(time_point now);
  void note_due(time_point due) { running_due = std::min(running_due, due); }
  time_point due_of(const record& r) const;
};

}  // namespace corchestra
