#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <vector>

#include <corchestra/core/scheduler.hpp>
#include <corchestra/runtime/agent.hpp>

#include "async/shared_timer.hpp"
#include "async/shutdown_service.hpp"
#include "base/block_pool.hpp"
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
  const void* frame = nullptr;       // a place in its coroutine's
  const void* body_frame = nullptr;  // the current attempt's
  std::uint32_t number = 0;
  bool busy = false, lost = false;
};

/// For the next deadline of the run on a stage: it keeps its place in the timer from one run to the next.
class run_alarm final : public shared_timer::client {
 public:
  using client::client;
  ~run_alarm() override { clear(); }
  run_impl* run = nullptr;  // set while it rests

 private:
  std::function<void()> when_due() override;
};

/// Where a run takes place: a strand and the workers on it. Touched on the strand only, but for what does not change.
class run_stage {
 public:
  explicit run_stage(const any_io_executor& executor);
  run_stage(const run_stage&) = delete;
  /// On the strand, or once nothing runs there any more: parked workers are destroyed.
  ~run_stage();

  const any_io_executor& strand() const noexcept { return strand_; }
  const strand_queue_ptr& queue() const noexcept { return queue_; }

  /// While all are parked: those beyond so many go.
  void keep(std::size_t most);

  std::vector<std::shared_ptr<worker>> workers;  // all that were ever needed; a lost one's place is empty
  std::vector<std::uint32_t> idle, free_places;  // places of parked ones, of lost ones
  run_alarm alarm;
  int passed = 0;                                // turns of the executor since its run ended

 private:
  strand_queue_ptr queue_;  // of the strand
  any_io_executor strand_;
};

/// An orchestrator's runs, and the stages of those that have ended, for those that follow at once: a short run then needs no
/// coroutines of its own. What nobody has taken within a few turns of the executor goes, as parked workers keep the context running.
/// Thread-safe.
class stage_pool : public shutdown_listener, public std::enable_shared_from_this<stage_pool> {
 public:
  explicit stage_pool(any_io_executor executor) : executor_(std::move(executor)) {}

  /// A used one, or a new one.
  std::unique_ptr<run_stage> take();
  /// On its strand; all its workers are parked. One of them may be on its way there: nothing is destroyed at once.
  void give(std::unique_ptr<run_stage> stage);
  /// A run's place in the list of those that are there: they are told when the context is destroyed.
  class entry : public boost::intrusive::list_base_hook<> {
   public:
    explicit entry(run_impl& r) noexcept : run(r) {}
    run_impl& run;
  };
  void add(entry& e);
  void remove(entry& e) noexcept;
  std::vector<std::shared_ptr<run_impl>> runs() const;
  std::pmr::memory_resource& memory_of_runs() noexcept { return memory_of_runs_; }
  std::pmr::memory_resource& memory_of_schedulers() noexcept { return memory_of_schedulers_; }
  void shutdown() noexcept override;

 private:
  void look();

  const any_io_executor executor_;
  block_pool memory_of_runs_, memory_of_schedulers_;
  mutable std::mutex mutex_;  // of all below
  boost::intrusive::list<entry> runs_;
  std::vector<std::unique_ptr<run_stage>> stages_;  // the last one is taken first
  bool listed_ = false, looking_ = false;
};

/// Of a pool's memory, which it keeps.
template <class T>
class pooled {
 public:
  using value_type = T;
  explicit pooled(std::shared_ptr<stage_pool> pool) noexcept : pool_(std::move(pool)) {}
  template <class U>
  pooled(const pooled<U>& o) noexcept : pool_(o.pool_) {}  // NOLINT(google-explicit-constructor): as allocators are

  T* allocate(std::size_t n) { return static_cast<T*>(pool_->memory_of_runs().allocate(n * sizeof(T), alignof(T))); }
  void deallocate(T* at, std::size_t n) noexcept { pool_->memory_of_runs().deallocate(at, n * sizeof(T), alignof(T)); }
  friend bool operator==(const pooled& a, const pooled& b) noexcept { return a.pool_ == b.pool_; }

 private:
  template <class U>
  friend class pooled;
  std::shared_ptr<stage_pool> pool_;
};

}  // namespace corchestra::detail
