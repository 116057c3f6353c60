#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "testing/seeded_random.hpp"

namespace corchestra::testing {

/// Handlers that are ready, to be run in an order that a seed decides. Posting is thread-safe, running is not.
class permuted_queue {
 public:
  explicit permuted_queue(std::uint64_t seed) : random_(seed) {}

  /// After `close` the handler is destroyed, unrun.
  void post(std::unique_ptr<std::function<void()>> handler) {
    const std::lock_guard lock(mutex_);
    if (!closed_) ready_.push_back(std::move(handler));
  }

  /// Runs one of those that are ready; false when there is none.
  bool run_one() {
    std::unique_ptr<std::function<void()>> next;
    {
      const std::lock_guard lock(mutex_);
      if (ready_.empty()) return false;
      std::swap(ready_[choose(ready_.size())], ready_.back());
      next = std::move(ready_.back());
      ready_.pop_back();
    }
    (*next)();
    return true;
  }

  /// One of `n`, remembered as part of the order.
  std::size_t choose(std::size_t n) {
    const std::size_t i = random_.below(n);
    if (n > 1) {
      ++choices_;
      order_ = (order_ ^ (i + n * 31)) * 1099511628211ull;
    }
    return i;
  }

  std::size_t choices() const noexcept { return choices_; }
  std::uint64_t order() const noexcept { return order_; }

  /// Lets go of all handlers. What is destroyed with them, and coroutine frames later, may post: to no effect.
  void close() {
    std::vector<std::unique_ptr<std::function<void()>>> all;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    all.swap(ready_);
  }

 private:
  std::mutex mutex_;
  bool closed_ = false;
  std::vector<std::unique_ptr<std::function<void()>>> ready_;
  seeded_random random_;
  std::size_t choices_ = 0;
  std::uint64_t order_ = 14695981039346656037ull;
};

/// Posts to a permuted_queue: an executor of the context, whose services it gives.
class permuting_executor {
 public:
  permuting_executor(boost::asio::io_context& context, std::shared_ptr<permuted_queue> queue)
      : context_(&context), queue_(std::move(queue)) {}

  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept { return *context_; }
  static constexpr boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) noexcept {
    return boost::asio::execution::blocking.never;
  }

  template <class F>
  void execute(F f) const {
    auto kept = std::make_shared<F>(std::move(f));  // handlers are move-only
    queue_->post(std::make_unique<std::function<void()>>([kept] { (*kept)(); }));
    boost::asio::post(*context_, [] {});  // wakes a driver that waits for other threads
  }

  friend bool operator==(const permuting_executor& a, const permuting_executor& b) noexcept {
    return a.queue_ == b.queue_;
  }
  friend bool operator!=(const permuting_executor& a, const permuting_executor& b) noexcept { return !(a == b); }

 private:
  boost::asio::io_context* context_;
  std::shared_ptr<permuted_queue> queue_;
};

}  // namespace corchestra::testing
