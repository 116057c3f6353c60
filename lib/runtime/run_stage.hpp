#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <corchestra/core/scheduler.hpp>
#include <corchestra/runtime/agent.hpp>

#include "async/shutdown_service.hpp"
#include "runtime/completion.hpp"
#include "runtime/strand_queue.hpp"

namespace corchestra::detail {

class run_impl;
struct attempt;

/// A coroutine that carries out attempts, one after the other, and is parked in between.
struct worker {
  asio::cancellation_signal signal;
  std::shared_ptr<run_impl> run;  // that it works for; none while it is parked
  std::shared_ptr<attempt> current;
  std::shared_ptr<agent> body;  // of the current attempt: it may outlive the run
  scheduler::start_command next;  // or the current one, while it is busy
  plain_handler parked;
  std::uint32_t number = 0;
  bool busy = false, lost = false;
};

/// Where a run takes place: a strand and the workers on it. Touched on the strand only, but for what does not change.
class run_stage {
 public:
  explicit run_stage(const any_io_executor& executor);
  run_stage(const run_stage&) = delete;
  /// On the strand, or once nothing runs there any more: parked workers are destroyed.
  ~run_stage();

  const any_io_executor& strand() const noexcept { return strand_; }
  const std::shared_ptr<strand_queue>& queue() const noexcept { return queue_; }

  /// While all are parked: those beyond so many go.
  void keep(std::size_t most);

  std::vector<std::shared_ptr<worker>> workers;  // all that were ever needed; a lost one's place is empty
  std::vector<std::uint32_t> idle, free_places;  // places of parked ones, of lost ones
  int passed = 0;                                // turns of the executor since its run ended

 private:
  std::shared_ptr<strand_queue> queue_;  // of the strand
  any_io_executor strand_;
};

/// Stages of runs that have ended, for those that follow at once: a short run then needs no coroutines of its own. What
/// nobody has taken within a few turns of the executor goes, as parked workers keep the context running. Thread-safe.
class stage_pool : public shutdown_listener, public std::enable_shared_from_this<stage_pool> {
 public:
  explicit stage_pool(any_io_executor executor) : executor_(std::move(executor)) {}

  /// A used one, or a new one.
  std::unique_ptr<run_stage> take();
  /// On its strand; all its workers are parked. One of them may be on its way there: nothing is destroyed at once.
  void give(std::unique_ptr<run_stage> stage);
  void shutdown() noexcept override;

 private:
  void look();

  const any_io_executor executor_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<run_stage>> stages_;  // the last one is taken first
  bool listed_ = false, looking_ = false;
};

}  // namespace corchestra::detail
