#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/core/compiled_plan.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/lock_status.hpp>
#include <corchestra/core/plan.hpp>
#include <corchestra/core/result_list.hpp>
#include <corchestra/core/run_metrics.hpp>

namespace corchestra {

namespace detail {
class id_table;
}

/// The state machine that decides what may start, and records what became of it. Pure: events in (the functions below,
/// each with the time), commands out (`next_start`, `take_aborts`, `take_answers`, `next_deadline`), facts to the sink. It
/// never calls back into its user but for the sink, the error handler and the reducers, which must not call the
/// scheduler. The same inputs give the same events, byte for byte.
///
/// Admission is all or nothing: once its dependencies and approval are there, a task gets budget, rates, locks and slots
/// together, or holds nothing.
class scheduler {
 public:
  /// `known_agent` tells whether a task may name an agent; absent: any name is fine.
  scheduler(std::string run_id, run_options&& options, event_sink sink, std::function<bool(std::string_view)> known_agent = {},
            std::pmr::memory_resource& memory = *std::pmr::get_default_resource());
  scheduler(std::string run_id, const run_options& options, event_sink sink, std::function<bool(std::string_view)> known_agent = {})
      : scheduler(std::move(run_id), run_options(options), std::move(sink), std::move(known_agent)) {}
  /// Of a compiled plan, which `begin(now)` begins. Its own state is in `memory`, which outlives it.
  scheduler(std::string run_id, const compiled_plan& plan, event_sink sink, std::pmr::memory_resource& memory = *std::pmr::get_default_resource());
  ~scheduler();
  scheduler(scheduler&&) noexcept;
  scheduler& operator=(scheduler&&) noexcept;

  /// For a sink that does not read `event::data`: what has a field of its own, and the options in `run_started`, are no longer
  /// written there.
  void omit_details() noexcept;
  /// As the constructor's `known_agent`.
  void ask_of_agents(std::function<bool(std::string_view)> known);
  /// Where facts go from now on; none: nowhere. `only`: facts of these types; none: of all. Only those that are told are numbered.
  void tell(event_sink sink, std::initializer_list<event_type> only = {});
  /// The functions among its options go: nobody asks them after the end, and they may own whoever owns the scheduler.
  void forget_functions();

  // Events in -----------------------------------------------------------------------------------------------------------

  /// Tasks that were found valid, with their references resolved to numbers.
  struct prepared {
    std::vector<task_call> calls;
    std::vector<std::uint32_t> first_need;  ///< by call, and one more: where its needs begin; empty when there are none
    std::vector<task_index> needs;          ///< numbers in the run; the highest bit marks a whole subtree (`plan/*`)
    std::shared_ptr<detail::id_table> ids;  ///< of the calls; absent for a single one

    std::span<const task_index> needs_of(std::size_t call) const noexcept {
      return first_need.empty() ? std::span<const task_index>() : std::span(needs).subspan(first_need[call], first_need[call + 1] - first_need[call]);
    }
  };
  /// Whether these tasks could be started or submitted now. Errors: `unknown_task`, `duplicate_task`, `dependency_cycle`,
  /// `unknown_agent`, `unreachable_resource`, `invalid_argument`.
  result<prepared> prepare(std::vector<task_call> calls) const;
  result<void> validate(const std::vector<task_call>& calls) const;
  /// The run begins with these tasks.
  void begin(prepared&& tasks, time_point now);
  /// The run of a compiled plan begins.
  void begin(time_point now);
  /// The same from calls that `validate` has accepted.
  void begin(std::vector<task_call> calls, time_point now);
  /// Adds tasks, all or none. Errors: those of `prepare`, `not_running`.
  result<void> submit(std::vector<task_call> calls, time_point now);
  /// Adds a child of a task that has not ended, at once. An id without the parent's prefix gets it; an empty id becomes
  /// the attempt's next ordinal that no child from outside has, or `outside-1` and so on; in a loop's later iterations `@2` is
  /// added, and `~2` after a child of that id that came to nothing. `awaited`: the parent's attempt calls it, waits for it and
  /// deals with its failure; a completed child of the same id is given back as it is. Else it comes from outside: an attempt
  /// of the parent neither answers for it nor takes it along when it is tried again. Errors: as `submit`, `limit_exceeded`;
  /// `dependency_cycle` when it would wait for an ancestor.
  result<task_index> spawn(task_index parent, task_call child, time_point now, bool awaited = false);
  /// A child that is committed together with the success of this attempt (of a loop: of this iteration), and dropped with
  /// its failure. Gives back the id. A limit that was hit, here or by an awaited child, makes the attempt end LIMIT_EXCEEDED.
  result<std::string> stage(task_index parent, std::uint32_t attempt, task_call child);
  /// How many more children the caps allow it now.
  std::size_t room_for_children(task_index task) const;
  /// Drops what this attempt has staged and cancels (superseded) those children of the task that have not started: a new
  /// plan follows. Error `limit_exceeded` after `max_replans`.
  result<void> replan(task_index parent, std::uint32_t attempt, time_point now);
  /// No more submissions: a `stay_open` run may end.
  void close(time_point now);

  /// How an attempt ended. Neither `failure` nor output counts once the attempt was asked to stop.
  struct attempt_end {
    boxed<corchestra::error> failure;
    task_output output;
  };
  /// False when the attempt is not the current one: the result came too late and is refused.
  bool attempt_ended(task_index task, std::uint32_t attempt, boxed<corchestra::error>&& failure, task_output&& output, time_point now);
  bool attempt_ended(task_index task, std::uint32_t attempt, attempt_end end, time_point now) {
    return attempt_ended(task, attempt, std::move(end.failure), std::move(end.output), now);
  }
  /// A running attempt waits for something that is not work: its slot is free meanwhile.
  void attempt_waits(task_index task, std::uint32_t attempt, wait_reason reason, time_point now);
  /// A wait for `reason` is over. The slot stays free while another wait of the same attempt is open: one of them may need
  /// it, and is what the attempt waits for from now on.
  void attempt_leaves_wait(task_index task, std::uint32_t attempt, wait_reason reason, time_point now);
  /// All waits are over, or broken off; a `start_command` with `resume` follows when a slot is free.
  /// False when none will: the attempt has its slot already, needs none yet, or has ended.
  bool attempt_wants_slot(task_index task, std::uint32_t attempt, time_point now);

  /// True when it is published later: `next_deadline` may have come closer.
  bool progress(task_index task, std::uint32_t attempt, double fraction, std::string_view message, time_point now);
  /// True when `next_deadline` may have come closer: a silence was told before it.
  bool heartbeat(task_index task, std::uint32_t attempt, time_point now);
  /// One model call of the attempt ended: `spent` goes to the budgets; without it, the tokens of `usage` do. Settles
  /// `reservation` by that, when it is one.
  void model_call(task_index task, std::uint32_t attempt, const token_usage& usage, json details, time_point now,
                  std::optional<budget_amount> spent = std::nullopt, std::uint64_t reservation = 0);

  /// What a running attempt has reserved for one of its steps, such as a call of a model.
  struct reservation {
    std::uint64_t id = 0;  ///< 0: there is no budget
    bool waits = false;    ///< `take_grants` tells
  };
  /// Takes `most` from the budgets of the run, the agent, the task and its ancestors at once, first of all from what the
  /// task reserved before it started. With `may_wait` it stands in line while it does not fit only because of what others
  /// have reserved. What is not settled when the attempt ends counts as spent. Errors: `limit_exceeded`, `cancelled`,
  /// `not_running`.
  result<reservation> reserve(task_index task, std::uint32_t attempt, const budget_amount& most, bool may_wait,
                              time_point now);
  /// The end of a reservation, or of its waiting: `spent` in its place; absent: nothing. Of one that has ended: nothing.
  void settle(std::uint64_t reservation, const std::optional<budget_amount>& spent, time_point now);
  /// The attempt's model has called a tool, or the tool has ended (`tool_started`, `tool_ended`): as `heartbeat`.
  bool tool_call(task_index task, std::uint32_t attempt, event_type which, json details, time_point now);
  /// A call of a model ended, with all its tries: published only (`model_call` is what counts).
  void model_call_ended(task_index task, std::uint32_t attempt, const token_usage& usage, const corchestra::error* failure,
                        json details, time_point now);
  void warn(task_index task, std::uint32_t attempt, std::string_view message, time_point now);

  /// Requests: idempotent, legal at any time. Each returns the number of tasks that changed state or were asked to stop.
  std::size_t cancel_task(task_index task, cancel_reason reason, std::string_view message, time_point now);
  std::size_t cancel_agent(std::string_view agent, std::string_view message, time_point now);
  /// `shutdown` stops what runs and leaves the rest unfinished.
  std::size_t cancel_run(cancel_reason reason, std::string_view message, time_point now);
  /// Starts nothing new; the run ends when what runs (and what that waits for) has ended.
  void drain(time_point now);

  /// Nothing new starts, of the whole run or of one agent, until `resume`. What runs goes on. Idempotent.
  void pause(std::string_view agent, time_point now);
  void resume(std::string_view agent, time_point now);

  /// A question of a running attempt to a person; `take_answers` gives the answer. One at a time for each attempt. Error
  /// `invalid_argument`: another one is open, or its time limit is not above zero.
  result<void> ask(task_index task, std::uint32_t attempt, approval_rule question, time_point now);
  /// The attempt no longer waits for the answer.
  void withdraw_question(task_index task, std::uint32_t attempt);
  /// The answer to a task that waits for approval. A refused task is CANCELLED. Error `invalid_argument`: nothing was asked.
  result<void> answer(task_index task, bool approved, std::string_view message, time_point now);

  /// Time has passed: deadlines, back-offs and grace periods that are due take effect.
  void advance(time_point now);

  // Commands out --------------------------------------------------------------------------------------------------------

  struct start_command {
    task_index task = no_task;
    std::uint32_t attempt = 0;
    bool resume = false;  ///< not a new attempt: a waiting one has its slot again
  };
  /// The next attempt to begin, if a slot is free and something may start. Call until it is empty.
  std::optional<start_command> next_start(time_point now);
  /// False: `next_start` would give nothing.
  bool may_start_more() const noexcept;

  struct abort_command {
    task_index task = no_task;
    std::uint32_t attempt = 0;
    bool abandoned = false;  ///< the grace period is over: its worker is lost
    std::uint32_t tag = 0;   ///< as `tag`
  };
  /// Whether `take_aborts`, `take_answers` or `take_grants` have something.
  bool has_requests() const noexcept;
  /// Attempts to be asked to stop, since the last call.
  std::vector<abort_command> take_aborts();

  struct answer_command {
    task_index task = no_task;
    std::uint32_t attempt = 0;
    bool approved = false;
    std::string message;
  };
  /// Answers to questions of running attempts, since the last call.
  std::vector<answer_command> take_answers();

  struct grant_command {
    std::uint64_t reservation = 0;
    boxed<corchestra::error> refused;  ///< as `reserve`
  };
  /// What became of reservations that waited, since the last call.
  std::vector<grant_command> take_grants();

  /// When `advance` must be called at the latest.
  std::optional<time_point> next_deadline() const;

  /// Everything has ended (or, when draining, nothing runs), and `run_ended` was published.
  bool finished() const noexcept;

  // Views ---------------------------------------------------------------------------------------------------------------

  const std::string& run_id() const noexcept;
  const run_options& options() const noexcept;
  const json* inputs() const noexcept;  ///< of a compiled plan's run: its own, or null
  run_state state() const noexcept;
  cancel_reason cancelled() const noexcept;  ///< of the run as a whole
  const std::string& reason() const noexcept;
  std::size_t size() const noexcept;         ///< tasks ever added
  task_index find(std::string_view id) const noexcept;  ///< no_task when unknown, or forgotten (keep_results::failed)
  bool known(task_index task) const noexcept;           ///< added and not forgotten
  const task_call& call(task_index task) const;
  task_state state(task_index task) const;
  wait_reason waiting(task_index task) const;
  std::uint32_t attempt(task_index task) const;
  std::uint32_t iteration(task_index task) const;       ///< of a loop: 1 for the first
  const json* previous_output(task_index task) const;   ///< of a loop's last iteration, or null
  double progress(task_index task) const;
  std::optional<time_point> started_at(task_index task) const;
  /// Its id without what tells it from children of its ancestors' earlier attempts (`~2`).
  std::string stable_id(task_index task) const;
  cancel_reason abort_reason(task_index task) const;  ///< why its attempt was asked to stop, if it was
  bool abort_requested(task_index task) const;
  task_index parent(task_index task) const;
  /// A number that the machine's user may keep with a task that is under way.
  std::uint32_t& tag(task_index task);
  /// A task's agent as a small number, and any name's (~0u when no task has it).
  std::uint32_t agent_number(task_index task) const;
  const std::string& agent_name(std::uint32_t number) const;
  /// Null until the task has ended.
  const task_result* result_of(task_index task) const;
  /// The results so far in order of ending.
  std::span<const task_result* const> results() const noexcept;
  /// The results, given away, in listing order: of an interrupted run those of tasks that have not ended too.
  /// `result_of` stays valid while the caller keeps them; nothing may end after it.
  result_list take_results();
  std::size_t count(task_state s) const noexcept;
  std::size_t unfinished() const noexcept;
  std::size_t slots() const noexcept;        ///< there are
  std::size_t slots_in_use() const noexcept;
  std::span<const task_index> running() const noexcept;  ///< attempts under way, in no order
  bool paused(std::string_view agent = {}) const noexcept;
  /// Tasks that wait for an answer, with the question.
  std::vector<std::pair<task_index, std::string>> approvals() const;
  std::vector<lock_status> locks() const;
  /// The fencing token of a lock that the task holds; 0 when it holds none by that name.
  std::uint64_t fence(task_index task, std::string_view resource) const;
  const json& shared_state() const noexcept;  ///< an object: key to merged value
  budget_status budget() const noexcept;
  std::vector<std::pair<std::string, budget_status>> agent_budgets() const;
  /// What the task could reserve at once, of each measure that some budget of it limits.
  budget_limit budget_left(task_index task) const;
  /// What was known of durations at the start, and what this run has added.
  duration_book durations() const;
  /// Up to `now`, or to the end of the run; without failures of callbacks.
  run_metrics metrics(time_point now) const;
  /// Why a task is not running, or what has become of it: a line a cause, deeper causes indented. Never empty.
  std::vector<std::string> why(task_index task, time_point now) const;

 private:
  friend result<compiled_plan> compile_plan(task_plan, const std::function<bool(std::string_view)>&);
  static result<void> make_image(detail::plan_image& image, std::vector<task_call> calls, const std::function<bool(std::string_view)>& known_agent);
  struct impl;
  struct in_memory {
    std::pmr::memory_resource* memory;
    void operator()(impl* i) const noexcept;
  };
  using own_impl = std::unique_ptr<impl, in_memory>;
  static own_impl make_impl(std::shared_ptr<const run_options> options, std::string&& run_id, event_sink&& sink, std::pmr::memory_resource& memory);
  own_impl impl_;
};

}  // namespace corchestra
