#pragma once

#include "base/inline_here.hpp"
#include "core/scheduler_state.hpp"

namespace corchestra {

/// The steps that a scheduler's public functions are made of.
struct scheduler::impl : detail::scheduler_state {
  static constexpr time_point never = detail::never;
  static constexpr std::uint32_t none = detail::none;
  using alarm = detail::alarm;

  explicit impl(std::shared_ptr<const run_options> o);

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
  [[gnu::cold]] result<children_to_commit> prepare_staged(task_index parent);
  [[gnu::cold]] void drop_staged(live& l);
  [[gnu::cold]] void commit(children_to_commit children, task_index parent, time_point now);
  result<void> check_child(task_index parent, const task_call& child, origin from);
  result<void> check_held(task_index parent, std::string_view who, std::span<const detail::claim> wanted) const;
  result<void> check_wait(task_index parent, const task_call& child, bool awaited) const;

  // scheduler_submit.cpp
  void open_run(std::size_t tasks, time_point now);
  void tell_start(std::size_t tasks, time_point now);
  void add(prepared&& tasks, task_index parent, bool awaited, time_point now);
  void make_room(std::size_t tasks, std::size_t needs);
  void enter_all(const prepared& tasks, std::span<const task_call> calls, std::uint32_t number, task_index parent, bool awaited, time_point now);
  void publish_submitted(const prepared& tasks, std::size_t call, task_index t, time_point now);
  void link_all(const prepared& tasks, task_index first, task_index parent, time_point now);
  void admit_all(task_index first, task_index parent, bool awaited, time_point now);
  std::uint32_t store(std::vector<task_call> calls);
  void number_ids(const std::shared_ptr<detail::id_table>& ids, std::span<const task_call> calls);
  void enter(task_index t, time_point now);
  void link(task_index t, std::span<const task_index> needs, time_point now);
  std::uint32_t find_kind(const task_call& c);
  std::uint32_t learnt_of(std::uint32_t number);
  std::uint32_t kind_of(const task_call& c);
  std::uint32_t agent_of(std::string_view name);
  detail::key_index key_of(const std::string& name);
  const std::string& fairness_key_of(const task_call& c, task_index parent) const;
  void use_pool(std::vector<detail::claim>& set, std::string_view kind, std::string_view name) const;
  std::size_t children_of(const record& r) const { return r.more ? r.more->children.size() : 0; }

  // compiled_plan.cpp
  void begin_image(time_point now);
  bool seed_agents();
  bool take_over(bool held, time_point now);

  // scheduler_order.cpp
  duration expected(const record& r) const;
  /// Slots it takes: never more than there are (mode sequential has one).
  std::uint32_t weight_of(const record& r) const noexcept {
    const auto* rules = r.rules();
    return rules ? static_cast<std::uint32_t>(std::min<std::size_t>(rules->weight, slots)) : 1;
  }
  std::vector<task_index> topological(task_index first) const;
  void set_order(task_index first);
  [[gnu::cold]] void open_levels(time_point now);
  std::vector<task_index> all_of(task_index need) const;
  [[gnu::cold]] void pull_to_level(task_index child, time_point now);

  // scheduler_events.cpp
  void tell(event_sink to, std::initializer_list<event_type> only = {});
  void publish(event_type type, time_point now, event_data data = {});
  void publish(event_type type, task_index t, time_point now, event_data data = {});
  /// One that somebody wants.
  void publish(event& e, task_index t, time_point now);
  void flush_progress(task_index t, time_point now);
  void tell_budget_alerts(time_point now);

  // scheduler_metrics.cpp
  duration worked_so_far(const record& r, time_point now) const;
  void count_work(record& r, const task_result& result);
  /// `d` waited for the end of `from`: of all beneath it too, if `whole`.
  void come_after(task_index d, task_index from, bool whole);

  // scheduler_admission.cpp
  void set_state(task_index t, task_state s, wait_reason w, time_point now) { set_state(t, records[t], s, w, now); }
  void set_state(task_index t, record& r, task_state s, wait_reason w, time_point now) {
    if (r.state == s && r.waiting == w) return;
    if (r.state != s && !may_become(r.state, s)) tell_wrong_change(t, s, now);
    --counts[static_cast<std::size_t>(r.state)];
    ++counts[static_cast<std::size_t>(s)];
    const bool resumed = r.state == s;
    r.state = s;
    r.waiting = w;
    // attempt_started and task_ended say the rest themselves
    if (!is_terminal(s) && (s != task_state::running || resumed) && wants(event_type::task_state_changed)) publish(event_type::task_state_changed, t, now);
  }
  [[gnu::cold]] void tell_wrong_change(task_index t, task_state to, time_point now);
  void admit(task_index t, time_point now);
  void make_ready(task_index t, time_point now);
  void push(task_index t, time_point now, bool again = false);
  void requeue(task_index t, time_point now);
  bool is_calm() const noexcept;
  bool lacks_nothing(const record& r) const noexcept;
  std::optional<start_command> start(const detail::start_queue::entry& e, time_point now);
  enum class admission : std::uint8_t { started, parked, gone };
  admission try_start(task_index t, record& r, time_point now);
  bool take_pools(task_index t, time_point now);
  [[gnu::cold]] void park(task_index t, std::span<const detail::claim> set, detail::resource_index on, time_point now);
  [[gnu::cold]] void wake(const std::vector<task_index>& woken, time_point now);
  [[gnu::cold]] void pass_baton(task_index t, time_point now);
  [[gnu::cold]] void step_aside(task_index t, time_point now);
  void unqueue(task_index t, time_point now, bool keeps_question = false);
  void release(task_index t, bool of_pools, bool of_locks, time_point now);
  [[gnu::cold]] void tell_slot_wait(task_index t, time_point now);
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
  [[gnu::cold]] void end_reservations(task_index t, detail::resource_index on, time_point now);
  [[gnu::cold]] bool press(time_point now);
  [[gnu::cold]] bool untangle(time_point now);
  bool is_held(detail::resource_index r) const {  // by tasks, and not used or for a slot
    return resources.kind(r) != detail::resource_kind::pool && resources.kind(r) != detail::resource_kind::rate;
  }

  // scheduler_heavy.cpp
  [[gnu::cold]] void serve_heavy(time_point now);
  [[gnu::cold]] void offer_heavy(time_point now);
  [[gnu::cold]] task_index overdue_heavy(time_point now) const;
  [[gnu::cold]] bool keeps_slots() const;
  [[gnu::cold]] bool must_wait(task_index t, time_point since, time_point now) const;
  [[gnu::cold]] void give_way(const detail::start_queue::entry& e, time_point now);
  [[gnu::cold]] void bring_back();
  [[gnu::cold]] bool all_wait(time_point now) const;
  [[gnu::cold]] void note_all_aside();
  [[gnu::cold]] bool take_kept(detail::start_queue::entry& e);
  [[gnu::cold]] void park_heavy(task_index t, time_point now);
  [[gnu::cold]] void hold_heavy(task_index t, bool parked);
  bool fits(const record& r) const noexcept { return slots_in_use + weight_of(r) <= slots; }
  static bool same_key(const record& a, const record& b) noexcept { return (a.more ? a.more->key : 0) == (b.more ? b.more->key : 0); }
  /// Attempts under way, and what a task with locks waits for.
  static bool goes_first(const record& r) noexcept { return r.urgency > 0 || r.phase() == phase::wants_slot; }

  // scheduler_budget.cpp
  /// What its attempt had reserved is settled: at that if it is assumed to be spent.
  budget_amount settle_budget(task_index t, bool assume_spent) {
    const record& r = records[t];
    return r.more || (r.now_running && r.now_running->open_steps > 0) ? end_reservation(t, assume_spent) : budget_amount{};
  }
  budget_amount end_reservation(task_index t, bool assume_spent);
  task_index budget_above(task_index t) const;
  [[gnu::cold]] void hold_for_budget(task_index t, bool waits);
  [[gnu::cold]] void offer_budget(time_point now);
  [[gnu::cold]] budget_amount close_steps(task_index t);
  [[gnu::cold]] void end_step(detail::step_reservations::id i, const std::optional<budget_amount>& spent, bool money_known = true);
  [[gnu::cold]] void serve_steps(time_point now);
  [[gnu::cold]] void refuse_step(detail::step_reservations::id i, error why);
  [[gnu::cold]] void budget_refuses(const detail::budget_ledger::answer& answer, const std::string& agent, time_point now);
  [[gnu::cold]] void cancel_running_of(std::string agent, const std::string& text, time_point now);

  // scheduler_cycle.cpp
  [[gnu::cold]] std::vector<task_index> awaited_children(const record& r) const;  // that have not ended
  [[gnu::cold]] detail::blockers blockers_of(task_index t) const;
  [[gnu::cold]] std::vector<task_index> in_a_cycle(task_index suspect) const;
  [[gnu::cold]] bool give_way_in(const std::vector<task_index>& circle, time_point now);
  [[gnu::cold]] void begin_waiting_anew(task_index t, time_point now);
  [[gnu::cold]] void break_cycles(time_point now);
  [[gnu::cold]] void end_deadlocked(task_index t, time_point now);

  // scheduler_inherit.cpp
  void raise_priority(task_index t, int priority, time_point now);
  void lower_priority(record& r) const;
  void inherit_from_waiters(record& r) const;
  [[gnu::cold]] void raise_holders(const record& r, detail::resource_index on, time_point now);

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
  [[gnu::cold]] error loop_error(const record& r, const task_output& output) const;
  /// Of a completed attempt: into the shared state, or why not.
  [[gnu::cold]] boxed<error> merge_output(const record& r, const task_output& output);
  [[gnu::cold]] boxed<error> check_branch(const record& r, const std::vector<std::string>& chosen) const;
  [[gnu::cold]] error_decision decide(task_index t, const error& e, time_point now);

  // scheduler_attempt.cpp
  void fetch_ahead(task_index t) const noexcept;
  void fetch_attempt(task_index t) const noexcept;
  void start_attempt(task_index t, record& r, time_point now);
  void end_attempt(task_index t, record& r, time_point now);
  bool is_plain(const record& r) const;
  void end_stopped(task_index t, time_point now);
  void decide_end(task_index t, boxed<error>&& failure, task_output&& output, time_point now);
  void publish_attempt_ended(task_index t, task_state outcome, const error* why, optional_duration retry_in, event_data data, time_point now);
  [[gnu::cold]] void retry(task_index t, duration delay, time_point now);
  [[gnu::cold]] void iterate(task_index t, task_output output, std::optional<children_to_commit> children, time_point now);
  [[gnu::cold]] void end_scope(task_index t, const std::string& text, time_point now);
  [[gnu::cold]] duration backoff(const record& r, const error& e);
  const retry_policy& policy_of(const record& r) const { return r.call->retry ? *r.call->retry : options->retry; }
  boxed<error> check_output(task_index t, const task_output& output) const;
  static json attempt_data(const record& r, bool loops_on, const budget_amount& estimated);
  void learn(const record& r, duration took);
  optional_duration start_to_close_of(const record& r) const {
    return r.limited && r.call->limits.start_to_close ? r.call->limits.start_to_close : options->limits.default_start_to_close;
  }
  time_point deadline_of(const record& r) const { return r.more ? r.more->deadline : never; }

  // scheduler_wait.cpp
  void take_slot_again(task_index t, time_point now);

  // scheduler_end.cpp
  void finish(task_index t, record& r, task_state s, task_result& out, time_point now);
  void settle(time_point now);
  void settle_one(task_index t, time_point now);
  enum class outcome : std::uint8_t { ok, bad, skipped };
  void tell_dependants(task_index t, outcome o, skip_cause cause, time_point now);
  void tell_dependant(task_index d, task_index from, outcome o, skip_cause cause, time_point now, bool not_chosen = false);
  void tell_joining(task_index d, task_index from, outcome o, skip_cause cause, time_point now, bool not_chosen);
  [[gnu::cold]] void skip(task_index t, task_index cause, skip_cause why, time_point now);
  [[gnu::cold]] void end_unstarted(task_index t, task_state s, cancel_reason why, errc code, std::string text, time_point now);
  void close_subtree(task_index t, record& r, time_point now);
  void close_subtrees(task_index t, time_point now);
  void count_failure(task_index t, time_point now);
  [[gnu::cold]] void forget(task_index t);
  [[gnu::cold]] void release_unfinished();
  [[gnu::cold]] void keep_for(task_index t, task_index need);
  [[gnu::cold]] void let_go_of_kept(task_index t);
  void check_end(time_point now) {
    if ((unfinished == 0 && !open) || (draining && running.empty())) end_run(now);
  }
  void end_run(time_point now);
  bool ended_well(const record& r) const noexcept {
    return r.state == task_state::completed || (r.state == task_state::skipped && is_good(r.result->skipped));
  }
  [[gnu::cold]] std::optional<std::vector<std::string>> branches_not_taken(const record& r) const;

  // scheduler_forget.cpp
  void forget_names(const record& r);
  void forget_key(detail::key_index key);
  void forget_member(group& g);
  void keep_call(record& r);
  void gather_kept(batch& b);

  // scheduler_results.cpp
  /// With what the call says.
  task_result& new_result(task_index t, const record& r, task_output&& output);
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
  [[gnu::cold]] void expire(task_index t, const std::string& text, bool may_retry, time_point now);
  void abort(task_index t, time_point now);
  [[gnu::cold]] void abandon(task_index t, time_point now);
  [[gnu::cold]] void exhaust(const std::string& text, time_point now);
  [[gnu::cold]] bool end_without_budget(task_index t, time_point now);

  // scheduler_time.cpp
  [[gnu::cold]] void scan_running(time_point now);
  [[gnu::cold]] void tell_stall(task_index t, time_point now);
  bool note_life(live& l, time_point now);
  void fire(const alarm& a, time_point now);
  [[gnu::cold]] void end_backoff(task_index t, time_point now);
  [[gnu::cold]] void offer_retries(time_point now);
  void set_alarm(const alarm& a);
  bool is_stale(const alarm& a) const;
  void note_due(time_point due) { running_due = std::min(running_due, due); }
  time_point due_of(const record& r) const;

  // scheduler_control.cpp
  [[gnu::cold]] void ask_approval(task_index t, const approval_rule& rule, time_point now);
  [[gnu::cold]] void answered(task_index t, bool approved, bool by_default, std::string_view message, time_point now);
  [[gnu::cold]] void hold(task_index t, std::vector<task_index>& in, time_point now);
  [[gnu::cold]] void free_kept_locks(task_index t, time_point now);
  [[gnu::cold]] void free_locks_in_pause(time_point now);
  [[gnu::cold]] void hold_queued(time_point now);
  bool is_held_back(const record& r) const { return (state == run_state::paused || agents[kinds[r.kind].agent_number].paused) && !goes_on(r); }

  // scheduler_why.cpp
  [[gnu::cold]] void explain(task_index t, std::size_t depth, std::vector<std::string>& out, time_point now) const;
};

}  // namespace corchestra
