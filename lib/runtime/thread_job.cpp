#include "runtime/thread_job.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

namespace corchestra::detail {

void thread_job::await_end(const any_io_executor& executor, plain_handler handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([weak = weak_from_this()](asio::cancellation_type) {
      if (const auto self = weak.lock()) self->cancel();
    });
  }
  {
    std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
    executor_ = asio::prefer(executor, asio::execution::outstanding_work.tracked);
  }
  shutdown_service::of(executor).add(weak_from_this());
}

void thread_job::run() noexcept {
  function work;
  {
    std::lock_guard lock(mutex_);
    work.swap(work_);
  }
  if (!work) return;
  try {
    work(*this);
  } catch (...) {
    failure_ = std::current_exception();
  }
  work = nullptr;
  end();
}

void thread_job::refuse(std::exception_ptr failure) noexcept {
  function work;
  {
    std::lock_guard lock(mutex_);
    work.swap(work_);
  }
  if (!work) return;
  failure_ = std::move(failure);
  end();
}

void thread_job::post(std::function<void()> f) {
  std::lock_guard lock(mutex_);
  if (handler_) asio::post(executor_, std::move(f));
}

void thread_job::cancel() {
  stop_.request_stop();
  function work;
  {
    std::lock_guard lock(mutex_);
    work.swap(work_);
  }
  if (work) end(asio::error::operation_aborted);
}

void thread_job::end(boost::system::error_code ec) {
  std::lock_guard lock(mutex_);
  if (!handler_) return;
  complete(executor_, std::move(handler_), ec);
  handler_ = nullptr;
  executor_ = {};
}

void thread_job::shutdown() noexcept {
  stop_.request_stop();
  function work;
  plain_handler handler;
  {
    std::lock_guard lock(mutex_);
    work.swap(work_);
    handler = std::move(handler_);
    handler_ = nullptr;
    executor_ = {};
  }
}

}  // namespace corchestra::detail
