#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

#include "async/shutdown_service.hpp"
#include "runtime/completion.hpp"

namespace corchestra::detail {

/// A function on its way to a worker thread and back to the coroutine that waits for it. Thread-safe. The coroutine's
/// execution context may be destroyed meanwhile: then nothing is posted to it any more.
class thread_job final : public shutdown_listener, public std::enable_shared_from_this<thread_job> {
 public:
  using function = std::function<void(thread_job&)>;
  explicit thread_job(function work) : work_(std::move(work)) {}

  /// `handler` is completed through `executor` when the function has returned, or with operation_aborted when its slot
  /// was cancelled before the function began. To be called once, before a thread knows the job.
  void await_end(const any_io_executor& executor, plain_handler handler);
  /// Throws what the function threw, after the end.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  /// On a worker thread.
  void run() noexcept;
  /// Instead of `run`: ends with `failure`.
  void refuse(std::exception_ptr failure) noexcept;

  void request_stop() noexcept { stop_.request_stop(); }
  std::stop_token stop_token() const noexcept { return stop_.get_token(); }
  /// Calls `f` on the coroutine's executor, before the end is seen there; nothing after the end.
  void post(std::function<void()> f);

 private:
  void cancel();
  void end(boost::system::error_code ec = {});
  void shutdown() noexcept override;

  std::stop_source stop_;
  std::exception_ptr failure_;
  std::mutex mutex_;  // of all below
  function work_;
  plain_handler handler_;
  any_io_executor executor_;
};

}  // namespace corchestra::detail
