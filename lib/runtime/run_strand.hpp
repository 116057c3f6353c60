#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <corchestra/async/awaitable.hpp>

#include "runtime/strand_queue.hpp"

namespace corchestra::detail {

/// Asio's strand, made for runs: handlers run one at a time, in the order in which they were posted. A handler that is
/// posted from within the strand takes no lock; and the strand keeps its turn for up to `patience` handlers in all, so
/// that a run whose steps follow one upon the other does not go through the context, and its `epoll_wait`, for each. With a clock, a turn whose
/// handlers are quick goes on for some tens of microseconds: see strand_queue. With a patience of 0 it runs what was there when its turn came, as Asio's does. A completion on one of the context's
/// threads begins a turn at once when the strand is free, as with Asio's, but never in the middle of another run's.
template <class Inner>
class run_strand {
 public:
  run_strand(Inner inner, std::size_t patience, const time_service* clock = nullptr)
      : queue_(new strand_queue(patience, clock)), inner_(std::move(inner)) {}
  template <class Other>
  run_strand(Inner inner, const run_strand<Other>& other) noexcept : queue_(other.queue_), inner_(std::move(inner)) {}

  run_strand(const run_strand& o) noexcept : queue_(o.queue_), inner_(o.inner_) {}
  run_strand(run_strand&& o) noexcept : queue_(std::move(o.queue_)), inner_(std::move(o.inner_)) {}

  const strand_queue_ptr& queue() const noexcept { return queue_; }

  template <class Property>
    requires asio::can_query<const Inner&, Property>::value
  decltype(auto) query(const Property& p) const noexcept {
    return asio::query(inner_, p);
  }
  template <class Property>
    requires(asio::can_require<const Inner&, Property>::value &&
             !std::is_convertible_v<Property, asio::execution::blocking_t::always_t>)
  auto require(const Property& p) const noexcept {
    return with(asio::require(inner_, p));
  }
  template <class Property>
    requires(asio::can_prefer<const Inner&, Property>::value &&
             !std::is_convertible_v<Property, asio::execution::blocking_t::always_t>)
  auto prefer(const Property& p) const noexcept {
    return with(asio::prefer(inner_, p));
  }

  template <class F>
  void execute(F&& f) const {
    if (!queue_->runs_here()) {
      if (runs_at_once() && queue_->begin_turn_if_free()) return run_turn(inner_, queue_, std::forward<F>(f));
      if (!queue_->push_from_outside(std::forward<F>(f))) return;
      if (strand_queue::any_runs_here()) {
        begin_turn(inner_, queue_);
      } else {
        inner_.execute(turn(inner_, queue_));
      }
    } else if (asio::query(inner_, asio::execution::blocking) == asio::execution::blocking.never) {
      queue_->push_here(std::forward<F>(f));
    } else {
      std::decay_t<F> own(std::forward<F>(f));
      own();
    }
  }

  friend bool operator==(const run_strand& a, const run_strand& b) noexcept { return a.queue_ == b.queue_; }
  friend bool operator!=(const run_strand& a, const run_strand& b) noexcept { return !(a == b); }

 private:
  template <class Other>
  friend class run_strand;

  /// The strand's turn on the inner executor. It exists while something waits and the strand does not run; when it is
  /// destroyed instead of called, the context is going away, and so does what waits.
  class turn {
   public:
    turn(const Inner& inner, strand_queue_ptr queue) : inner_(inner), queue_(std::move(queue)) {}
    turn(turn&&) noexcept = default;
    ~turn() {
      if (queue_) queue_->drop();
    }
    void operator()() {
      const auto queue = std::move(queue_);
      queue->begin_turn();
      const ending at_end{inner_, queue};
      queue->run();
    }

   private:
    Inner inner_;
    strand_queue_ptr queue_;
  };
  /// Of a turn, also when a handler throws.
  struct ending {
    const Inner& inner;
    const strand_queue_ptr& queue;
    ~ending() {
      if (queue->end_turn()) begin_turn(inner, queue);
    }
  };
  /// A turn that has begun, with a handler that need not wait in the queue. What it throws the context throws, not the caller.
  template <class F>
  static void run_turn(const Inner inner, const strand_queue_ptr queue, F&& f) noexcept {  // copies: `f` may own the caller
    try {
      const ending at_end{inner, queue};
      {
        std::decay_t<F> own(std::forward<F>(f));
        own();
      }
      queue->run();
    } catch (...) {
      asio::require(inner, asio::execution::blocking.never).execute([e = std::current_exception()] { std::rethrow_exception(e); });
    }
  }
  /// On a thread of the context, in no run's turn, and not for a post.
  bool runs_at_once() const noexcept {
    if constexpr (requires(const Inner& i) { i.running_in_this_thread(); }) {
      return asio::query(inner_, asio::execution::blocking) != asio::execution::blocking.never && inner_.running_in_this_thread() &&
             !strand_queue::any_runs_here();
    } else {
      return false;
    }
  }
  static void begin_turn(const Inner& inner, const strand_queue_ptr& queue) {
    asio::require(inner, asio::execution::blocking.never).execute(turn(inner, queue));
  }

  template <class Next>
  run_strand<std::decay_t<Next>> with(Next&& inner) const noexcept {
    return {std::forward<Next>(inner), *this};
  }

  strand_queue_ptr queue_;
  // Executors are moved as soon as they are made: what was written in two parts is not to be read in one, which waits for the writes.
  void* gap_;  // never written, nor copied
  Inner inner_;
};

}  // namespace corchestra::detail
