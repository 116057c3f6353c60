#pragma once

#include <boost/asio/post.hpp>
#include <boost/container/small_vector.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <corchestra/async/time_service.hpp>
#include <corchestra/core/scheduler.hpp>
#include <corchestra/runtime/orchestrator.hpp>

#include "runtime/completion.hpp"
#include "runtime/run_stage.hpp"

namespace corchestra::detail {

/// One attempt as its agent's context sees it.
struct attempt {
  std::shared_ptr<run_impl> run;
  task_index task = no_task;
  std::uint32_t number = 0;
  bool live = true;
  std::uint32_t model_calls = 0;
  approval_answer answered;           // to its last question
  std::vector<std::shared_ptr<plain_handler>> resume;  // waiting for its slot
  plain_handler answer;               // waiting for a person
  std::function<void()> when_abandoned;

  static task_context context(std::shared_ptr<attempt> a) { return task_context(std::move(a)); }
  static const std::shared_ptr<attempt>& of(const task_context& c) { return c.attempt_; }
};

/// A child that its parent waits for.
struct awaited_child {
  std::weak_ptr<attempt> by;  // its parent's
  bool left = false;  // the parent's wait has ended for the scheduler: it stands in the queue for its slot
  plain_handler parent;
  std::optional<task_result> result;  // a copy: the scheduler may forget its own
};

/// A reservation that an attempt waits for.
struct awaited_grant {
  plain_handler handler;
  bool told = false;
  boxed<error> refused;
};

/// A run: its scheduler, the stage on which its commands are carried out, and whoever waits for it. Lives on the stage's
/// strand, and keeps itself until its end; only functions marked so may be called from elsewhere.
class run_impl : public std::enable_shared_from_this<run_impl> {
 public:
  run_impl(any_io_executor executor, time_service& time, std::shared_ptr<stage_pool> stages, scheduler&& machine,
           const agent_registry& agents, run_callbacks&& callbacks, std::shared_ptr<const orchestrator_options> settings);
  ~run_impl() { stages_->remove(entry_); }

  static run handle(std::shared_ptr<run_impl> r) { return run(std::move(r)); }
  static const std::shared_ptr<run_impl>& of(const run& r) { return r.impl_; }

  // Before the run begins, from any thread.
  result<scheduler::prepared> prepare(std::vector<task_call> calls) const { return scheduler_.prepare(std::move(calls)); }
  /// Instead, for a compiled plan: error `unknown_agent`.
  result<void> bind_agents(const compiled_plan& plan);
  /// Without tasks: of a compiled plan.
  void launch(std::optional<scheduler::prepared>&& tasks);
  /// Before `launch`: gets the outcome, and keeps the context running until then.
  void deliver_to(run_completion handler);

  // From any thread.
  const std::string& id() const noexcept { return scheduler_.run_id(); }
  /// Once it is launched.
  const any_io_executor& strand() const noexcept { return strand_; }
  /// Called when the run has ended; `outcome` is there then. Cancelling the handler's slot ends only the waiting.
  void on_end(plain_handler handler);
  const run_result& outcome() const { return **result_; }
  void post(std::function<void(run_impl&)> f);
  /// The context is destroyed: lets go of every suspended coroutine.
  void shutdown() noexcept;

  // On the strand.
  scheduler& machine() noexcept { return scheduler_; }
  const scheduler& machine() const noexcept { return scheduler_; }
  time_point now() const { return time_.now(); }
  /// After anything that may have changed the scheduler: aborts, starts, wake-ups, deadlines.
  void after_event() { after_event(now()); }
  /// `starts`: something may be there to be started.
  void after_event(time_point at, bool starts = true);
  bool full() const noexcept;
  std::size_t max_pending() const noexcept { return settings_->max_pending; }
  void wait_for_space(plain_handler handler);
  /// To be called before anything else happens to the child, which may end in the next step.
  std::shared_ptr<awaited_child> await_child(task_index task, std::weak_ptr<attempt> by);
  void wait_for_end_of(task_index task, plain_handler handler);
  /// Nobody waits for it any more: it is cancelled.
  void give_up_child(task_index task, std::string_view parent);
  void resume_now(attempt& a);
  void wait_for_slot(const std::shared_ptr<attempt>& a, plain_handler handler);
  void wait_for_answer(const std::shared_ptr<attempt>& a, plain_handler handler);
  /// To be called before anything else happens to the reservation.
  std::shared_ptr<awaited_grant> await_grant(std::uint64_t reservation);
  void wait_for_grant(const std::shared_ptr<awaited_grant>& grant, plain_handler handler);
  void give_back(std::uint64_t reservation) noexcept;
  run_status status() const;
  run_metrics metrics() const;
  std::vector<task_result> results() const;
  bool ended() const noexcept { return result_ != nullptr; }
  void deadline_passed();

 private:
  struct stop_request {
    std::uint32_t place;  // of its worker
    task_index task;
    std::uint32_t attempt;
  };
  /// Only the scheduler's own short work lies between the callbacks of a step: one begins when the one before it ended.
  struct step {
    explicit step(run_impl& r) noexcept : run(r) { run.in_step_ = true; }
    step(const step&) = delete;
    ~step() {
      run.in_step_ = false;
      run.called_back_.reset();
    }
    run_impl& run;
  };

  template <class F>
  void to_strand(F f);
  void begin(std::optional<scheduler::prepared>&& tasks);
  void spawn(const std::shared_ptr<worker>& w, bool at_once);
  static awaitable<void> work(std::shared_ptr<worker> w, bool at_once);
  static void park(worker& w, plain_handler handler);
  /// The next attempt to begin; waiting ones that got their slot are resumed on the way.
  std::optional<scheduler::start_command> take(time_point at);
  void assign(const scheduler::start_command& command);
  worker* worker_of(task_index task, std::uint32_t number);
  void stop(const std::vector<stop_request>& those);
  const std::shared_ptr<agent>& agent_of(task_index task);
  void begin_attempt(worker& w);
  void fetch_next(const worker& w) const noexcept;
  bool conclude(worker& w, boxed<error>&& failure, task_output&& output);
  void expand(worker& w, const task_output& output);
  /// Makes the scheduler tell it what somebody asks for.
  void observe();
  void told(const event& e);
  void note_submission(const event& e);
  template <class F>
  void call_back(std::string_view name, F f);
  void arm();
  void carry_out_requests();
  void tell_grants();
  void call_parents(time_point at);
  void end();
  void complete_end();
  void deliver();
  void let_go();

  any_io_executor executor_;
  time_service& time_;
  std::shared_ptr<stage_pool> stages_;
  stage_pool::entry entry_{*this};
  std::unique_ptr<run_stage> stage_;  // until its end
  strand_queue_ptr queue_;  // of the strand
  any_io_executor strand_;
  agent_registry agents_;
  boost::container::small_vector<std::shared_ptr<agent>, 2> agent_by_number_;
  run_callbacks callbacks_;
  std::shared_ptr<const orchestrator_options> settings_;
  scheduler scheduler_;
  clock_anchor anchor_;
  time_point armed_ = time_point::max();
  boost::container::small_vector_base<std::shared_ptr<worker>>* first_workers_ = nullptr;  // while the run begins
  std::size_t working_ = 0;  // workers that are not parked, without lost ones
  std::shared_ptr<run_impl> self_;  // until its end
  std::vector<std::shared_ptr<plain_handler>> space_waiters_, end_waiters_;
  std::unordered_map<task_index, std::shared_ptr<awaited_child>> awaited_;
  std::unordered_map<std::uint64_t, std::shared_ptr<awaited_grant>> awaited_grants_;
  std::vector<task_index> just_ended_;
  std::shared_ptr<result<run_result>> result_;  // as handlers get it: never an error
  run_completion result_handler_;
  any_io_executor work_;  // tracked, while the handler waits or something has begun
  std::size_t callback_failures_ = 0;
  std::shared_ptr<const std::atomic<std::size_t>> failures_elsewhere_;  // of callbacks bound to an executor
  std::optional<std::chrono::nanoseconds> called_back_;  // when the last callback of the step ended
  bool observing_ = false, look_again_ = false;  // the scheduler tells something; a callback has changed something meanwhile
  bool in_step_ = false, submits_ = false;               // the last event was a submission
  bool ending_ = false, told_ = false;
};

template <class F>
void run_impl::to_strand(F f) {
  if (queue_->runs_here()) {
    queue_->push_here(std::move(f));
  } else {
    asio::post(strand_, std::move(f));
  }
}

}  // namespace corchestra::detail
