#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <set>
#include <unordered_set>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/base/random_bits.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/core/scheduler.hpp>

#include "base/retry_budget.hpp"
#include "core/budget_ledger.hpp"
#include "core/budget_lines.hpp"
#include "core/id_table.hpp"
#include "core/plan_image.hpp"
#include "core/rate_window.hpp"
#include "core/record_store.hpp"
#include "core/resource_table.hpp"
#include "core/result_store.hpp"
#include "core/run_tally.hpp"
#include "core/scheduler_parts.hpp"
#include "core/scheduler_record.hpp"
#include "core/start_queue.hpp"
#include "core/step_reservations.hpp"

namespace corchestra::detail {

/// What runs mostly do without: queues of those that lack more than a slot.
struct rare_state {
  using by_priority = std::set<std::pair<std::int64_t, task_index>>;  // falling
  using key_map = std::map<std::string, fairness_key, std::less<>>;

  key_map keys;
  std::vector<key_map::iterator> key_of_number;  // but of 0, the empty one
  std::vector<key_index> free_keys;              // of which all tasks are forgotten
  std::map<task_index, task_result> passing;     // of ended tasks about to be forgotten
  budget_lines budget_waiters;
  step_reservations reserved_steps;
  std::set<std::pair<time_point, task_index>> refused_retries;  // by the retry budget: since when
  std::map<std::pair<std::uint32_t, key_index>, by_priority> heavy_waiters;  // by weight and key
  std::set<key_index> heavy_owing;               // keys of which one was started without coming up in the queue again
  std::vector<start_queue::entry> set_aside;     // that came up in the queue, and wait for a heavy one
  std::set<std::pair<resource_index, task_index>> pressing;  // parked on it, and others wait for them: urgent ones, and attempts that go on
  std::set<task_index> asked;                    // those that wait for an answer
};

/// What a scheduler knows of its run.
struct scheduler_state {
  using phase = attempt_phase;
  using live = live_attempt;
  using extra = task_extra;
  using batch = call_batch;
  using record = task_record;

  using edge = task_edge;
  using kind = task_kind;
  using learnt = learnt_durations;
  using group = task_group;

  explicit scheduler_state(std::shared_ptr<const run_options> o);
  scheduler_state(const scheduler_state&) = delete;
  ~scheduler_state();

  std::string run_id;
  std::shared_ptr<const run_options> options;
  std::shared_ptr<run_options> own_options;  // the same; null: those of a compiled plan
  std::shared_ptr<const plan_image> image;   // of a compiled plan's run
  std::shared_ptr<const json> inputs;       // its own
  std::optional<error> options_error;
  event_sink sink;
  std::uint32_t wanted = 0;  // of the types of events, a bit each; none without a sink
  bool details = true;                       // the sink reads `event::data`
  bool wants(event_type type) const noexcept { return (wanted >> static_cast<unsigned>(type) & 1) != 0; }
  std::function<bool(std::string_view)> known_agent;
  record_store<record> records;
  bool some_own = false;  // of ended tasks: memory beyond their records
  extra& more_of(record& r) {
    if (!r.more) {
      r.more = std::make_unique<extra>();
      some_own = true;
    }
    return *r.more;
  }
  boost::container::small_vector<batch, 1> batches;
  std::vector<std::uint32_t> free_batches;
  id_table index;
  bool shares_ids = false;  // those of the image instead
  boost::container::small_vector<edge, 8> edges;
  std::uint32_t free_edge = none;
  boost::container::small_vector<std::unique_ptr<live>, 2> spare;  // of ended attempts, for the next
  boost::container::small_vector<kind, 1> kinds;
  boost::container::small_vector<learnt, 1> all_learnt;
  boost::unordered_flat_map<std::string, std::uint32_t> learnt_index;  // type, or 0 byte and agent; empty while they are few
  boost::unordered_flat_map<std::string, std::uint32_t> kind_index;    // agent, 0 byte, type; empty while they are few
  std::uint32_t last_kind = none;
  boost::container::small_vector<agent_entry, 1> agents;
  std::vector<group> groups;
  rare_state& rare() {
    if (!rare_) rare_ = std::make_unique<rare_state>();
    return *rare_;
  }
  const rare_state& rare() const noexcept {
    static const rare_state nothing;
    return rare_ ? *rare_ : nothing;
  }
  bool any_heavy() const noexcept { return rare_ && !rare_->heavy_waiters.empty(); }
  /// Of those that others wait for, or that wait for a budget.
  bool none_waits_for_more() const noexcept {
    return !rare_ || (rare_->pressing.empty() && rare_->budget_waiters.empty() && rare_->reserved_steps.waiting() == 0);
  }
  std::map<std::string, resource_index, std::less<>> pools;  // of slots, by kind and name
  run_tally tally;
  time_point began{}, ended_at{};
  std::shared_ptr<result_store> stored = std::make_shared<result_store>();  // until they are taken
  boost::container::small_vector<const task_result*, 8> results;                            // in order of ending
  boost::container::small_vector<task_index, 8> results_of;                                 // the tasks
  task_index being_spawned = no_task;                   // whoever spawns it is about to look
  std::array<std::size_t, task_state_count> counts{};
  std::size_t unfinished = 0, slots_in_use = 0, slots = 0, spawned = 0, staged_count = 0, watched_subtrees = 0, good = 0, bad = 0, failures = 0;
  boost::container::small_vector<task_index, 4> running;
  std::vector<task_index> all_running() const { return {running.begin(), running.end()}; }  // for loops that may end some
  std::vector<scheduler::abort_command> aborts;
  std::vector<scheduler::answer_command> answers;
  std::vector<scheduler::grant_command> grants;
  start_queue ready;
  resource_table resources;
  budget_ledger ledger;
  retry_budget retries;
  task_index heavy_offered = no_task;  // the last that was taken from them to the queue
  key_index heavy_key = 0;     // and its key
  task_index kept_for = no_task;       // of them, the one that free slots are kept for
  std::uint32_t heavy_ticket = 0, kept_ticket = 0;
  time_point aside_until = never;
  // All that is in the queue, or set aside, only waits to start, and has at most this priority: no need to look at each.
  bool plain = false;
  std::int32_t plain_priority = 0;
  std::vector<task_index> to_wake;
  std::vector<task_index> suspects;  // of waiting in a circle
  bool waking_now = false, budget_changed = false, steps_changed = false, retries_changed = false;
  std::vector<task_index> paused_tasks;
  std::vector<task_index> level_held;
  std::vector<std::size_t> level_open;  // tasks of a level that have not ended
  std::uint32_t level = 0;
  std::vector<alarm> alarms;  // a heap
  std::size_t alarms_kept = 0;  // after they were last gone through
  time_point running_due = never, run_due = never;
  random_bits random;
  std::uint64_t seq = 0;
  json state_values;  // null: nothing yet
  run_state state = run_state::running;
  cancel_reason run_cancelled = cancel_reason::none;
  std::string reason;
  bool draining = false, open = false, ended = false, failing = false, closing = false, budget_gone = false, own_budgets = false, score_failed = false;
  boost::container::small_vector<task_index, 4> settling;  // ended tasks whose dependants are still to be told
  bool settling_now = false;

 private:
  std::unique_ptr<rare_state> rare_;  // once it is needed
};

}  // namespace corchestra::detail
