#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include <corchestra/async/time_service.hpp>
#include <corchestra/core/scheduler.hpp>
#include <corchestra/runtime/orchestrator.hpp>

#include "async/shutdown_service.hpp"
#include "runtime/completion.hpp"

namespace corchestra::detail {

/// One attempt as its agent's context sees it.
struct attempt {
  std::shared_ptr<run_impl> run;
  task_index task = no_task;
  std::uint32_t number = 0;
  bool live = true;
  std::vector<plain_handler> resume;  // waiting for its slot

  static task_context context(std::shared_ptr<attempt> a) { return task_context(std::move(a)); }
};

/// A run: its scheduler, the worker loops that carry out its commands, and whoever waits for it. Lives on one strand;
/// only functions marked so may be called from elsewhere.
class run_impl : public shutdown_listener, public std::enable_shared_from_this<run_impl> {
 public:
  run_impl(any_io_executor executor, std::string run_id, run_options options, agent_registry agents,
           run_callbacks callbacks, orchestrator_options settings);

  static run handle(std::shared_ptr<run_impl> r) { return run(std::move(r)); }
  static const std::shared_ptr<run_impl>& of(const run& r) { return r.impl_; }

  // Before the run begins, from any thread.
  result<void> validate(const std::vector<task_call>& calls) const { return scheduler_.validate(calls); }
  void launch(std::vector<task_call> calls);

  // From any thread.
  const std::string& id() const noexcept { return scheduler_.run_id(); }
  const any_io_executor& strand() const noexcept { return strand_; }
  /// Called when the run has ended; `outcome` is there then. Cancelling the handler's slot ends only the waiting.
  void on_end(plain_handler handler);
  const run_result& outcome() const { return *result_; }
  void post(std::function<void(run_impl&)> f);
  /// The context is destroyed: lets go of every suspended coroutine.
  void shutdown() noexcept override;

  // On the strand.
  scheduler& machine() noexcept { return scheduler_; }
  const scheduler& machine() const noexcept { return scheduler_; }
  time_point now() const { return time_.now(); }
  /// After anything that may have changed the scheduler: aborts, starts, wake-ups, deadlines.
  void after_event();
  bool full() const noexcept;
  void wait_for_space(plain_handler handler);
  void wait_for_end_of(task_index task, plain_handler handler);
  void resume_now(attempt& a);
  void wait_for_slot(const std::shared_ptr<attempt>& a, plain_handler handler);
  run_status status() const;
  run_metrics metrics() const;
  std::vector<task_result> results() const;
  bool ended() const noexcept { return result_ != nullptr; }

 private:
  struct worker {
    asio::cancellation_signal signal;
    std::shared_ptr<attempt> current;
    scheduler::start_command next;
    plain_handler parked;
    bool lost = false;
  };

  awaitable<void> work(std::shared_ptr<run_impl> self, std::shared_ptr<worker> w);
  awaitable<scheduler::attempt_end> carry_out(std::shared_ptr<attempt> a);
  /// The next attempt to begin; waiting ones that got their slot are resumed on the way.
  std::optional<scheduler::start_command> take();
  void assign(const scheduler::start_command& command);
  void resume(task_index task);
  void observe(const event& e);
  template <class F>
  void call_back(std::string_view name, F f);
  void arm();
  void abort_attempts();
  void end();
  void complete_end();

  any_io_executor executor_, strand_;
  time_service& time_;
  agent_registry agents_;
  run_callbacks callbacks_;
  orchestrator_options settings_;
  scheduler scheduler_;
  metrics_fold metrics_;
  clock_anchor anchor_;
  std::unique_ptr<timer> timer_;
  time_point armed_ = time_point::max();
  std::vector<std::shared_ptr<worker>> idle_;
  std::vector<std::shared_ptr<worker>> worker_of_;  // by task, of attempts under way
  std::size_t workers_ = 0;
  std::vector<plain_handler> space_waiters_;
  std::unordered_map<task_index, std::vector<plain_handler>> task_waiters_;
  std::vector<task_index> just_ended_;
  std::vector<task_index> ended_;  // in order of ending
  std::vector<std::shared_ptr<plain_handler>> end_waiters_;
  std::shared_ptr<run_result> result_;
  std::size_t callback_failures_ = 0;
  bool launched_ = false, ending_ = false, told_ = false;
};

}  // namespace corchestra::detail
