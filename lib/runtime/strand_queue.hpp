#pragma once

#include <atomic>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

namespace corchestra::detail {

/// A function to be called once. One of a pointer's size, as Asio's erased functions are, needs no memory of its own.
class strand_job {
 public:
  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, strand_job>)
  explicit strand_job(F&& f) {
    using function = std::decay_t<F>;
    if constexpr (fits<function>) {
      ::new (static_cast<void*>(&place_)) function(std::forward<F>(f));
      act_ = [](strand_job& from, strand_job* to, bool call) {
        function& stored = *std::launder(reinterpret_cast<function*>(&from.place_));
        function f(std::move(stored));
        stored.~function();
        if (to != nullptr) ::new (static_cast<void*>(&to->place_)) function(std::move(f));
        if (call) f();
      };
    } else {
      place_ = new function(std::forward<F>(f));
      act_ = [](strand_job& from, strand_job* to, bool call) {
        if (to != nullptr) {
          to->place_ = from.place_;
          return;
        }
        const std::unique_ptr<function> stored(static_cast<function*>(from.place_));
        if (!call) return;
        function f(std::move(*stored));
        f();
      };
    }
  }
  strand_job(strand_job&& o) noexcept : act_(std::exchange(o.act_, nullptr)) {
    if (act_ != nullptr) act_(o, this, false);
  }
  strand_job& operator=(strand_job&& o) noexcept {
    std::destroy_at(this);
    return *std::construct_at(this, std::move(o));
  }
  ~strand_job() {
    if (act_ != nullptr) act_(*this, nullptr, false);
  }
  void operator()() { std::exchange(act_, nullptr)(*this, nullptr, true); }

 private:
  template <class F>
  static constexpr bool fits =
      sizeof(F) <= sizeof(void*) && alignof(F) <= alignof(void*) && std::is_nothrow_move_constructible_v<F>;

  /// Takes the function out of `from`: into `to`, to call it, or to destroy it.
  void (*act_)(strand_job& from, strand_job* to, bool call);
  void* place_;
};

/// What a run_strand's copies share: the jobs that wait. Those that come from within the strand stand in a list that
/// only the thread that runs it touches.
class strand_queue {
 public:
  explicit strand_queue(std::size_t patience) noexcept : patience_(patience) {}

  bool runs_here() const noexcept { return runner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  /// In a turn: what would be posted now would come next.
  bool idle() const noexcept { return waiting() == 0 && !has_mail_.load(std::memory_order_acquire); }

  /// True when a turn is to be begun.
  bool push(strand_job job);
  /// In a turn: what was there at its begin, and what came since while that is not much.
  void run();
  /// True when another one is to be begun.
  bool end_turn() noexcept;
  /// Destroys what waits, and what will come.
  void drop() noexcept;

 private:
  std::size_t waiting() const noexcept { return ready_.size() - next_ + after_.size(); }
  void take_inbox();

  const std::size_t patience_;
  std::atomic<std::thread::id> runner_{};
  using jobs = boost::container::small_vector<strand_job, 2>;  // few runs have more waiting at once
  jobs ready_;  // from `next_` on
  jobs after_;  // those
  std::size_t next_ = 0;
  std::atomic<bool> has_mail_ = false;
  std::mutex mutex_;               // of all below
  jobs inbox_;  // from outside
  bool busy_ = false, closed_ = false;
};

}  // namespace corchestra::detail
