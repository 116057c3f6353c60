#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <corchestra/runtime/worker_threads.hpp>

#include "runtime/thread_job.hpp"

namespace corchestra::detail {

/// What worker_threads shares with those who use it: the jobs that wait for a thread, and the threads.
class worker_queue {
 public:
  static const std::shared_ptr<worker_queue>& of(const worker_threads& t) noexcept { return t.queue_; }

  void start(std::size_t threads, std::string_view name);
  /// As ~worker_threads.
  void stop() noexcept;
  std::size_t size() const noexcept { return threads_.size(); }

  /// Runs `work` on one of the threads; throws what it throws, `not_running` once stopped. Cancellation: see
  /// thread_job.
  static awaitable<void> run(std::shared_ptr<worker_queue> self, thread_job::function work);

 private:
  void push(std::shared_ptr<thread_job> job);
  void work(std::size_t number);

  std::vector<std::thread> threads_;
  std::mutex mutex_;  // of all below
  std::condition_variable wake_;
  std::deque<std::shared_ptr<thread_job>> waiting_;
  std::vector<std::shared_ptr<thread_job>> under_way_;  // by thread
  bool stopped_ = false;
};

}  // namespace corchestra::detail
