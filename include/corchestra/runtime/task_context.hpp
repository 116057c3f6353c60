#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/core/task_call.hpp>
#include <corchestra/core/task_result.hpp>
#include <corchestra/runtime/budget_reservation.hpp>

namespace corchestra {

namespace detail {
struct attempt;
}

/// What a person said to a question of a running task.
struct approval_answer {
  bool approved = false;
  std::string message;  ///< the person's own words; `no answer in time` when it is the rule's default
  operator bool() const noexcept { return approved; }  // NOLINT(google-explicit-constructor): `if (*answer)` reads best
};

/// What an agent knows of its attempt and can do during it. A handle, cheap to copy; use it on the run's strand only, which
/// is where agents run. After the attempt has ended every operation does nothing or answers `not_running`.
class task_context {
 public:
  const task_call& task() const noexcept;
  std::uint32_t attempt() const noexcept;      ///< 1 for the first
  std::string_view run_id() const noexcept;
  /// `run_id/task_id`: the same over attempts (its own, and its ancestors': without the `~2` of the id) and resumes, and
  /// another one in each iteration of a loop; hand it to services that drop duplicates.
  std::string idempotency_key() const;
  any_io_executor executor() const noexcept;   ///< the run's strand
  /// The W3C `traceparent` for what this attempt calls: its own, or that of its nth call of a model. Empty: the run is not
  /// traced (run_options::trace). `trace_state` goes with it.
  std::string trace_parent(std::uint32_t model_call = 0) const;
  std::string_view trace_state() const noexcept;

  /// What the run was started with (`compiled_plan::with_inputs`); null: nothing.
  const json* inputs() const noexcept;

  /// The result of a task that this one depends on, directly or not. Null when there is none by that id, or it has not ended.
  const task_result* upstream(std::string_view id) const noexcept;

  /// 1, and more in a loop's later iterations, where `previous` is the last one's output (else null).
  std::uint32_t iteration() const noexcept;
  const json* previous() const noexcept;
  /// What tasks with a state key have made of the run's shared state so far: an object, to be read only.
  const json& shared_state() const noexcept;
  /// The token granted with an exclusive lock that this task holds: rises with every grant. Hand it to the resource, which
  /// must refuse older ones; without that check a lock is only advisory. 0 when the task holds no such lock.
  std::uint64_t fence(std::string_view resource) const noexcept;

  /// Progress of this attempt in [0, 1]: clamped, never falls; NaN is ignored. Counts as a heartbeat.
  void report_progress(double fraction, std::string_view message = {});
  /// Keeps `heartbeat_timeout` from firing.
  void heartbeat();
  /// Adds what one model call cost to this attempt and to the budgets (without `spent`: its tokens), and publishes
  /// `model_call` with `details`. Settles the reservation of the call by that.
  void report_usage(const token_usage& usage, json details = nullptr, std::optional<budget_amount> spent = std::nullopt,
                    budget_reservation* settles = nullptr);

  /// Takes the most that one step can cost from the budgets of the run, of the agent, of this task and of its ancestors at
  /// once: none is ever overspent by what was reserved first. Where it does not fit only because of what others have
  /// reserved, it waits for them to settle, with the slot given back (`budget`). What the task reserved before it started
  /// (`task_rules::reserve`) is used first. Without any budget there is nothing to hold, and no wait.
  ///
  /// Steps that run side by side may each hold one. A step that holds one must not wait for another, nor for what waits
  /// for one: they could wait for each other for ever.
  ///
  /// Errors: `limit_exceeded` (it can never fit; an attempt that fails with it ends its task LIMIT_EXCEEDED),
  /// `cancelled`, `not_running`.
  awaitable<result<budget_reservation>> reserve(budget_amount most);
  /// The same without waiting: `limit_exceeded` also when it does not fit now.
  result<budget_reservation> try_reserve(budget_amount most);
  /// What could be reserved at once, by measure; absent: no budget of this task limits it.
  budget_limit budget_left() const;

  /// Publishes `tool_started` or `tool_ended` with `details`. Counts as a heartbeat.
  void report_tool_started(json details);
  void report_tool_ended(json details);
  /// The number of the next call of a model by this attempt: 1, 2, 3, ...
  std::uint32_t next_model_call() noexcept;
  /// Publishes `model_call_ended` with what one of them came to, all its tries together. `details` has its number as
  /// `call`, and so has the `details` of each `report_usage` that belongs to it.
  void report_model_call(const token_usage& usage, const error* failure, json details);
  /// Publishes a `warning` event for this task.
  void warn(std::string_view message);

  /// A child that is committed together with this task's success and starts after it. An id without `/` is put under this
  /// task's id; an empty one becomes the ordinal; in a loop's later iterations `@2` is added. Returns the child's full id.
  /// Errors: `limit_exceeded` (an attempt that returns a success is then LIMIT_EXCEEDED), `duplicate_task`, `unknown_agent`.
  result<std::string> spawn(task_call child);
  /// How many more children the run's caps allow this task now: to grow as far as them without hitting one.
  std::size_t room_for_children() const;

  /// Drops what this attempt has spawned and cancels (superseded) children that have not started: a new plan follows.
  /// Error: `limit_exceeded` after run_limits::max_replans.
  result<void> replan();

  /// Asks a person, and waits with the slot given back (`run::answer` answers). False when refused, or when `timeout`
  /// passed and the rule does not approve by default.
  awaitable<result<approval_answer>> ask(approval_rule question);

  /// A child that starts now and is awaited, with this task's slot given back meanwhile. The child's failure is a value.
  /// When the waiting is cancelled (`timeout(10s, ..., c.call(x))`), so is the child: parent_cancelled.
  awaitable<result<task_result>> call(task_call child);

  /// Awaits anything that is not work (a limiter, an approval, another task) with the slot given back meanwhile; it is
  /// taken again, ahead of equals, before this returns, also when the waiting is cancelled by a `timeout` of the body's
  /// own. `start_to_close` stands still, the deadline does not.
  template <class T>
  awaitable<T> wait(wait_reason reason, awaitable<T> what) {
    if constexpr (std::is_void_v<T>) {
      co_await wait_for(reason, std::move(what));
    } else {
      std::optional<T> value;
      co_await wait_for(reason, keep(std::move(what), value));
      co_return std::move(*value);
    }
  }

  /// Whether this attempt has been asked to stop, and why.
  bool cancelled() const noexcept;
  cancel_reason why_cancelled() const noexcept;

 private:
  friend struct detail::attempt;
  explicit task_context(std::shared_ptr<detail::attempt> a) : attempt_(std::move(a)) {}
  /// `over` is told whether the waiting was cut, before a slot is wanted again; false when the run knows already that it is over.
  awaitable<void> wait_for(wait_reason reason, awaitable<void> what, std::function<bool(bool cut)> over = {});
  template <class T>
  static awaitable<void> keep(awaitable<T> what, std::optional<T>& value) {
    value.emplace(co_await std::move(what));
  }

  std::shared_ptr<detail::attempt> attempt_;
};

}  // namespace corchestra
