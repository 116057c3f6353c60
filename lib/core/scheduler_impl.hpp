#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/base/random_bits.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/core/scheduler.hpp>

#include "base/retry_budget.hpp"
#include "core/budget_ledger.hpp"
#include "core/budget_lines.hpp"
#include "core/id_table.hpp"
#include "core/rate_window.hpp"
#include "core/record_store.hpp"
#include "core/resource_table.hpp"
#include "core/result_store.hpp"
#include "core/run_tally.hpp"
#include "core/scheduler_parts.hpp"
#include "core/scheduler_record.hpp"
#include "core/start_queue.hpp"
#include "core/step_reservations.hpp"

namespace corchestra {

/// The scheduler's state and the steps its public functions are made of.
struct scheduler::impl {
  static constexpr time_point never = detail::never;
  static constexpr std::uint32_t none = detail::none;

  using phase = detail::attempt_phase;
  using live = detail::live_attempt;
  using extra = detail::task_extra;
  using batch = detail::call_batch;
  using record = detail::task_record;

  struct edge {
    task_index to = no_task;
    std::uint32_t next = none;
  };

  using learnt = detail::learnt_durations;
  /// An agent and task type: what tasks have in common.
  struct kind {
    std::string agent, task_type;
    std::vector<detail::claim> pools;
    learnt* times = nullptr;
    std::uint32_t agent_number = 0;
    agent_metrics ended;
  };

  using agent_entry = detail::agent_entry;
  using group = detail::task_group;
  using alarm = detail::alarm;
  explicit impl(run_options&& o);
  impl(const impl&) = delete;
  std::string run_id;
  run_options options;
  std::optional<error> options_error;
  event_sink sink;
  bool details = true;  // the sink reads `event::data`
  std::function<bool(std::string_view)> known_agent;
  detail::record_store<record> records;
  boost::container::small_vector<batch, 1> batches;
  std::vector<std::uint32_t> free_batches;
  detail::id_table index;
  boost::container::small_vector<edge, 8> edges;
  std::uint32_t free_edge = none;
  boost::container::small_vector<std::unique_ptr<live>, 2> spare;  // of ended attempts, for the next
  boost::container::small_vector<kind, 1> kinds;
  std::map<std::string, learnt> all_learnt;  // by type; of an agent: a 0 byte before its name
  std::unordered_map<std::string, std::uint32_t> kind_index;  // agent, 0 byte, type; empty while they are few
  std::uint32_t last_kind = none;
  boost::container::small_vector<agent_entry, 1> agents;
  std::vector<group> groups;
  using key_map = std::map<std::string, detail::fairness_key, std::less<>>;
  key_map keys;
  std::vector<key_map::iterator> key_of_number;    // but of 0, the empty one
  std::vector<detail::key_index> free_keys;        // of which all tasks are forgotten
  std::map<std::string, detail::resource_index, std::less<>> pools;  // of slots, by kind and name
  detail::run_tally tally;
  time_point began{}, ended_at{};
  std::shared_ptr<detail::result_store> stored = std::make_shared<detail::result_store>();  // until they are taken
  boost::container::small_vector<const task_result*, 8> results;                            // in order of ending
  boost::container::small_vector<task_index, 8> results_of;                                 // the tasks
  std::unordered_map<task_index, task_result> passing;  // of ended tasks about to be forgotten
  task_index being_spawned = no_task;                   // whoever spawns it is about to look
  std::array<std::size_t, task_state_count> counts{};
  std::size_t unfinished = 0, slots_in_use = 0, slots = 0, spawned = 0, staged_count = 0, watched_subtrees = 0, good = 0, bad = 0, failures = 0;
  std::vector<task_index> running;
  std::vector<abort_command> aborts;
  std::vector<answer_command> answers;
  std::vector<grant_command> grants;
  detail::start_queue ready;
  detail::resource_table resources;
  detail::budget_ledger ledger;
  detail::retry_budget retries;
  detail::budget_lines budget_waiters;
  using by_priority = std::set<std::pair<std::int64_t, task_index>>;  // falling
  std::set<std::pair<time_point, task_index>> refused_retries;  // by the retry budget: since when
  detail::step_reservations reserved_steps;
  std::map<std::pair<std::uint32_t, detail::key_index>, by_priority> heavy_waiters;  // by weight and key
  std::set<detail::key_index> heavy_owing;  // keys of which one was started without coming up in the queue again
  task_index heavy_offered = no_task;  // the last that was taken from them to the queue
  detail::key_index heavy_key = 0;     // and its key
  task_index kept_for = no_task;       // of them, the one that free slots are kept for
  std::uint32_t heavy_ticket = 0, kept_ticket = 0;
  std::vector<detail::start_queue::entry> set_aside;  // that came up in the queue, and wait for that one
  time_point aside_until = never;
  // All that is in the queue, or set aside, only waits to start, and has at most this priority: no need to look at each.
  bool plain = false;
  std::int32_t plain_priority = 0;
  std::vector<task_index> to_wake;
  std::vector<task_index> suspects;  // of waiting in a circle
  std::set<std::pair<detail::resource_index, task_index>> pressing;  // parked on it, and others wait for them: urgent ones, and attempts that go on
  bool waking_now = false, budget_changed = false, steps_changed = false, retries_changed = false;
  std::set<task_index> asked;  // those that wait for an answer
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

  // run_options_check.cpp
  static result<void> check_options(const run_options& o);
  static result<void> check_retry(const retry_policy& p);

  // scheduler_prepare.cpp
  result<prepared> prepare(std::vector<task_call> calls, task_index parent = no_task) const;
  result<void> check_call(const task_call& c, task_index parent) const;
  task_index find(std::string_view id) const noexcept;
  /// Whom an entry of `depends_on` names, with the subtree bit for `plan/*`; no_task when there is none (any more).
  task_index need_of(std::string_view depends_on) const noexcept;
  auto id_of() const noexcept {
    return [this](task_index t) -> std::string_view { return records[t].call->id; };
  }

  // scheduler_children.cpp
  /// Who asks for a child: its parent's attempt, which starts it with its success or calls it, or somebody else.
  enum class origin : std::uint8_t { staged, called, outside };
  detail::child_name child_id(task_index parent, const task_call& child, origin from);
  bool is_staged(const record& parent, const std::string& id) const {
    return parent.now_running && parent.now_running->staged && parent.now_running->staged->ids.contains(id);
  }
  /// What the attempt has staged, checked once more.
  struct children_to_commit {
    prepared tasks;
    std::vector<std::pair<std::size_t, std::uint8_t>> suffixes;
  };
  result<children_to_commit> prepare_staged(task_index parent);
  void drop_staged(live& l);
  void commit(children_to_commit children, task_index parent, time_point now);
  result<void> check_child(task_index parent, const task_call& child, origin from);
  result<void> check_held(task_index parent, std::string_view who, std::span<const detail::claim> wanted) const;
  result<void> check_wait(task_index parent, const task_call& child, bool awaited) const;

  // scheduler_submit.cpp
  void add(prepared&& tasks, task_index parent, bool awaited, time_point now);
  std::uint32_t store(std::vector<task_call> calls);
  void number_ids(const prepared& tasks, std::span<const task_call> calls);
  void enter(task_index t, time_point now);
  void link(task_index t, std::span<const task_index> needs, time_point now);
  std::uint32_t find_kind(const task_call& c);
  std::uint32_t kind_of(const task_call& c);
  std::uint32_t agent_of(std::string_view name);
  detail::key_index key_of(const std::string& name);
  const std::string& fairness_key_of(const task_call& c, task_index parent) const;
  void use_pool(std::vector<detail::claim>& set, std::string_view kind, std::string_view name) const;
  std::size_t children_of(const record& r) const { return r.more ? r.more->children.size() : 0; }

  // scheduler_order.cpp
  duration expected(const record& r) const;
  /// Slots it takes: never more than there are (mode sequential has one).
  std::uint32_t weight_of(const record& r) const noexcept {
    const auto* rules = r.rules();
    return rules ? static_cast<std::uint32_t>(std::min<std::size_t>(rules->weight, slots)) : 1;
  }
  std::vector<task_index> topological(task_index first) const;
  void set_order(task_index first);
  void open_levels(time_point now);
  std::vector<task_index> all_of(task_index need) const;
  void pull_to_level(task_index child, time_point now);

  // scheduler_events.cpp
  void publish(event_type type, time_point now, event_data data = {});
  void publish(event_type type, task_index t, time_point now, event_data data = {});
  void publish(event& e, task_index t, time_point now);
  void flush_progress(task_index t, time_point now);
  void tell_budget_alerts(time_point now);

  // scheduler_metrics.cpp
  duration worked_so_far(const record& r, time_point now) const;
  void count_work(task_index t, const task_result& result);
  /// `d` waited for the end of `from`: of all beneath it too, if `whole`.
  void come_after(task_index d, task_index from, bool whole);

  // scheduler_admission.cpp
  void set_state(task_index t, task_state s, wait_reason w, time_point now);
  void tell_wrong_change(task_index t, task_state to, time_point now);
  void admit(task_index t, time_point now);
  void make_ready(task_index t, time_point now);
  void push(task_index t, time_point now, bool again = false);
  void requeue(task_index t, time_point now);
  enum class admission : std::uint8_t { started, parked, gone };
  admission try_start(task_index t, time_point now);
  bool take_pools(task_index t, time_point now);
  void park(task_index t, std::span<const detail::claim> set, detail::resource_index on, time_point now);
  void wake(const std::vector<task_index>& woken, time_point now);
  void pass_baton(task_index t, time_point now);
  void step_aside(task_index t, time_point now);
  void unqueue(task_index t, time_point now, bool keeps_question = false);
  void release(task_index t, bool of_pools, bool of_locks, time_point now);
  void tell_slot_wait(task_index t, time_point now);
  double score_of(task_index t, time_point now);
  std::int64_t rank_of(const record& r) const {
    return r.priority + (std::int64_t{r.urgency} << 32) + (keeps_locks(r) ? std::int64_t{1} << 48 : 0) +
           (r.phase() == phase::wants_slot ? std::int64_t{1} << 49 : 0);
  }
  /// It waits and holds locks: over a back-off.
  bool keeps_locks(const record& r) const { return r.more && r.more->locked && r.phase() == phase::none && !r.abandoned; }
  /// Others must not reserve what it waits for: they may wait for what it, or who waits for it, holds.
  bool presses(const record& r) const { return r.urgency > 0 || r.phase() == phase::wants_slot || keeps_locks(r); }
  void make_urgent(task_index child, time_point now);
  void end_reservations(task_index t, detail::resource_index on, time_point now);
  bool press(time_point now);
  bool untangle(time_point now);
  bool is_held(detail::resource_index r) const {  // by tasks, and not used or for a slot
    return resources.kind(r) != detail::resource_kind::pool && resources.kind(r) != detail::resource_kind::rate;
  }

  // scheduler_heavy.cpp
  void serve_heavy(time_point now);
  void offer_heavy(time_point now);
  task_index overdue_heavy(time_point now) const;
  bool keeps_slots() const;
  bool must_wait(task_index t, time_point since, time_point now) const;
  void give_way(const detail::start_queue::entry& e, time_point now);
  void bring_back();
  bool all_wait(time_point now) const;
  void note_all_aside();
  bool take_kept(detail::start_queue::entry& e);
  void park_heavy(task_index t, time_point now);
  void hold_heavy(task_index t, bool parked);
  bool fits(const record& r) const noexcept { return slots_in_use + weight_of(r) <= slots; }
  static bool same_key(const record& a, const record& b) noexcept { return (a.more ? a.more->key : 0) == (b.more ? b.more->key : 0); }
  /// Attempts under way, and what a task with locks waits for.
  static bool goes_first(const record& r) noexcept { return r.urgency > 0 || r.phase() == phase::wants_slot; }

  // scheduler_budget.cpp
  budget_amount settle_budget(task_index t, bool assume_spent);
  task_index budget_above(task_index t) const;
  void hold_for_budget(task_index t, bool waits);
  void offer_budget(time_point now);
  budget_amount close_steps(task_index t);
  void end_step(detail::step_reservations::id i, const std::optional<budget_amount>& spent, bool money_known = true);
  void serve_steps(time_point now);
  void refuse_step(detail::step_reservations::id i, error why);
  void budget_refuses(const detail::budget_ledger::answer& answer, const std::string& agent, time_point now);
  void cancel_running_of(std::string agent, const std::string& text, time_point now);

  // scheduler_cycle.cpp
  std::vector<task_index> awaited_children(const record& r) const;  // that have not ended
  detail::blockers blockers_of(task_index t) const;
  std::vector<task_index> in_a_cycle(task_index suspect) const;
  bool give_way_in(const std::vector<task_index>& circle, time_point now);
  void begin_waiting_anew(task_index t, time_point now);
  void break_cycles(time_point now);
  void end_deadlocked(task_index t, time_point now);

  // scheduler_inherit.cpp
  void raise_priority(task_index t, int priority, time_point now);
  void lower_priority(record& r) const;
  void inherit_from_waiters(record& r) const;
  void raise_holders(const record& r, detail::resource_index on, time_point now);

  // scheduler_outcome.cpp
  struct next_try {
    bool pause = false, in_time = false;
    duration delay{};
  };
  next_try after_failure(task_index t, boxed<error>& failure, task_output& output, bool& loops_on, time_point now);
  bool loop_goes_on(const record& r, const task_output& output) const {
    return r.rules() && r.rules()->repeat && !says_enough(*r.rules()->repeat, output);
  }
  static bool says_enough(const loop_rule& loop, const task_output& output);
  error loop_error(const record& r, const task_output& output) const;
  /// Of a completed attempt: into the shared state, or why not.
  boxed<error> merge_output(const record& r, const task_output& output);
  boxed<error> check_branch(const record& r, const std::vector<std::string>& chosen) const;
  error_decision decide(task_index t, const error& e, time_point now);

  // scheduler_attempt.cpp
  void fetch_ahead(task_index t) const noexcept;
  void fetch_attempt(task_index t) const noexcept;
  void start_attempt(task_index t, time_point now);
  void end_attempt(task_index t, time_point now);
  void take_slot_again(task_index t, time_point now);
  void retry(task_index t, duration delay, time_point now);
  void iterate(task_index t, task_output output, std::optional<children_to_commit> children, time_point now);
  void end_scope(task_index t, const std::string& text, time_point now);
  duration backoff(const record& r, const error& e);
  const retry_policy& policy_of(const record& r) const { return r.call->retry ? *r.call->retry : options.retry; }
  boxed<error> check_output(task_index t, const task_output& output) const;
  static json attempt_data(const record& r, bool loops_on, const budget_amount& estimated);
  void learn(const record& r, duration took);
  optional_duration start_to_close_of(const record& r) const {
    return r.call->limits.start_to_close ? r.call->limits.start_to_close : options.limits.default_start_to_close;
  }
  time_point deadline_of(const record& r) const { return r.more ? r.more->deadline : never; }

  // scheduler_end.cpp
  void finish(task_index t, task_state s, task_result& out, time_point now);
  void settle(time_point now);
  void settle_one(task_index t, time_point now);
  enum class outcome : std::uint8_t { ok, bad, skipped };
  void tell_dependants(task_index t, outcome o, skip_cause cause, time_point now);
  void tell_dependant(task_index d, task_index from, outcome o, skip_cause cause, time_point now, bool not_chosen = false);
  void skip(task_index t, task_index cause, skip_cause why, time_point now);
  void end_unstarted(task_index t, task_state s, cancel_reason why, errc code, std::string text, time_point now);
  void close_subtree(task_index t, time_point now);
  void count_failure(task_index t, time_point now);
  void forget(task_index t);
  void release_unfinished();
  void keep_for(task_index t, task_index need);
  void let_go_of_kept(task_index t);
  void check_end(time_point now);
  bool ended_well(const record& r) const noexcept {
    return r.state == task_state::completed || (r.state == task_state::skipped && is_good(r.result->skipped));
  }
  std::optional<std::vector<std::string>> branches_not_taken(const record& r) const;

  // scheduler_forget.cpp
  void forget_names(const record& r);
  void forget_key(detail::key_index key);
  void forget_member(group& g);
  void keep_call(record& r);
  void gather_kept(batch& b);

  // scheduler_results.cpp
  /// With what the call says.
  task_result& new_result(task_index t, task_output&& output);
  task_result& new_result(task_index t, bool ends_well = false);

  // scheduler_cancel.cpp
  std::size_t cancel(task_index t, cancel_reason why, const std::string& text, time_point now);
  void mark_needed(time_point now);
  /// A drained run starts no more of it; after the shutdown has cancelled what ran, of nothing.
  bool left_out(const record& r) const noexcept { return draining && (!r.needed || run_cancelled == cancel_reason::shutdown); }
  /// A drained run finishes it, paused or not.
  bool goes_on(const record& r) const noexcept { return draining && !left_out(r); }
  static std::string parent_ended(const record& r) { return concat("its parent ", quote(r.call->id), " ended ", to_string(r.state)); }
  void cancel_children(task_index t, cancel_reason why, const std::string& text, time_point now);
  void expire(task_index t, const std::string& text, bool may_retry, time_point now);
  void abort(task_index t, time_point now);
  void abandon(task_index t, time_point now);
  void exhaust(const std::string& text, time_point now);
  bool end_without_budget(task_index t, time_point now);

  // scheduler_time.cpp
  void scan_running(time_point now);
  void tell_stall(task_index t, time_point now);
  bool note_life(live& l, time_point now);
  void fire(const alarm& a, time_point now);
  void end_backoff(task_index t, time_point now);
  void offer_retries(time_point now);
  void set_alarm(const alarm& a);
  bool is_stale(const alarm& a) const;
  void note_due(time_point due) { running_due = std::min(running_due, due); }
  time_point due_of(const record& r) const;

  // scheduler_control.cpp
  void ask_approval(task_index t, const approval_rule& rule, time_point now);
  void answered(task_index t, bool approved, bool by_default, std::string_view message, time_point now);
  void hold(task_index t, std::vector<task_index>& in, time_point now);
  void free_kept_locks(task_index t, time_point now);
  void free_locks_in_pause(time_point now);
  void hold_queued(time_point now);
  bool is_held_back(const record& r) const { return (state == run_state::paused || agents[kinds[r.kind].agent_number].paused) && !goes_on(r); }

  // scheduler_why.cpp
  void explain(task_index t, std::size_t depth, std::vector<std::string>& out, time_point now) const;
};

}  // namespace corchestra
