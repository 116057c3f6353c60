#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

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
  std::size_t size() const noexcept { return size_; }

  /// Runs `work` on one of the threads; throws what it throws, `not_running` once stopped. Cancellation: see
  /// thread_job.
  static awaitable<void> run(std::shared_ptr<worker_queue> self, thread_job::function work) {
    return run(std::move(self), std::make_shared<thread_job>(std::move(work)));
  }
  static awaitable<void> run(std::shared_ptr<worker_queue> self, std::shared_ptr<thread_job> job);
  /// Nobody waits for this job any more. If it is under way, a fresh thread takes the place of its own, which ends when
  /// the function returns.
  void abandon(const std::shared_ptr<thread_job>& job) noexcept;

 private:
  struct worker {
    std::thread thread;
    std::shared_ptr<thread_job> job;  // under way
    bool replaced = false, done = false;
  };

  void push(std::shared_ptr<thread_job> job);
  void add_worker();
  void work(worker& self);

  std::size_t size_ = 0;
  std::string name_;
  std::mutex mutex_;  // of all below
  std::condition_variable wake_;
  std::deque<std::shared_ptr<thread_job>> waiting_;
  std::list<worker> workers_;  // those that were replaced, until they are done, besides the `size_` others
  std::size_t started_ = 0;
  bool stopped_ = false;
};

}  // namespace corchestra::detail
