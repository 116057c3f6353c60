#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <mutex>
#include <thread>
#include <utility>

#include <corchestra/async/time_service.hpp>

#include "base/owner_count.hpp"
#include "runtime/job_ring.hpp"

namespace corchestra::detail {

/// What a run_strand's copies share: the jobs that wait. Those that come from within the strand stand in a list that
/// only the thread that runs it touches.
class strand_queue : public owner_count<strand_queue> {
 public:
  /// `clock`, when given, must live as long as handlers are run.
  explicit strand_queue(std::size_t patience, const time_service* clock = nullptr) noexcept : patience_(patience), clock_(clock) {}

  bool runs_here() const noexcept { return runner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  /// Some run's strand has its turn on this thread.
  static bool any_runs_here() noexcept { return turns_here_ > 0; }

  /// Handlers may follow one another without a look at the context.
  bool keeps_turn() const noexcept { return patience_ > 0; }

  /// In a turn: what would be posted now would come next.
  bool idle() const noexcept { return jobs_.empty() && !has_mail_.load(std::memory_order_acquire); }

  /// In a turn.
  template <class F>
  void push_here(F&& f) {
    if (has_mail_.load(std::memory_order_acquire)) take_inbox();  // it came first
    jobs_.push(std::forward<F>(f));
  }
  /// From elsewhere. True when a turn is to be begun.
  bool push_from_outside(one_shot job);
  /// Begins a turn, as `begin_turn` does, when nothing waits and no turn is under way or to come.
  bool begin_turn_if_free();
  /// The turn that was to be begun.
  void begin_turn() noexcept;
  /// In a turn: what was there at its begin, and what came since while that is not much, or, with a clock, while it is done quickly.
  void run();
  /// True when another one is to be begun.
  bool end_turn() noexcept;
  /// Destroys what waits, and what will come.
  void drop() noexcept;

 private:
  void take_inbox();
  bool run_some(std::size_t count);

  static inline thread_local int turns_here_ = 0;
  const std::size_t patience_;
  const time_service* const clock_;
  std::atomic<std::thread::id> runner_{};
  job_ring jobs_;
  std::atomic<bool> has_mail_ = false;
  std::mutex mutex_;  // of all below
  job_ring inbox_;    // from outside
  bool busy_ = false, closed_ = false;
};

using strand_queue_ptr = boost::intrusive_ptr<strand_queue>;

}  // namespace corchestra::detail
