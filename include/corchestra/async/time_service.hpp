#pragma once

#include <atomic>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/execution_context.hpp>
#include <cstdint>
#include <memory>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/time.hpp>

namespace corchestra {

/// Waits for one moment at a time. Not thread-safe: use it from one strand.
class timer {
 public:
  virtual ~timer() = default;
  /// Completes with success at `due`, or with operation_aborted when cancelled or re-armed. Never inline.
  virtual void async_wait_until(time_point due, asio::any_completion_handler<void(boost::system::error_code)> handler) = 0;
  virtual void cancel() = 0;
};

/// Where time comes from: the system, or the test kit.
class time_source {
 public:
  virtual ~time_source() = default;
  virtual time_point now() const = 0;
  virtual wall_time wall_now() const = 0;
  virtual std::unique_ptr<timer> make_timer(any_io_executor executor) = 0;
  /// Work that this source cannot see (threads, children, sockets) is under way: virtual time must stand still.
  virtual void hold() noexcept {}
  virtual void release() noexcept {}
};

/// The time of an execution context: real unless the test kit installed its own source before first use.
class time_service : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;

  explicit time_service(asio::execution_context& context);
  ~time_service() override;

  /// The service of the context that `executor` belongs to.
  static time_service& of(const any_io_executor& executor);

  time_source& source() noexcept { return *source_; }
  time_point now() const { return source_->now(); }
  /// Now, by both clocks. The wall clock itself is looked at when that was a second or more ago: between, it is taken to go as the other does.
  clock_anchor anchor() const;
  std::unique_ptr<timer> make_timer(any_io_executor executor) { return source_->make_timer(std::move(executor)); }
  void install(std::unique_ptr<time_source> source);

 private:
  void shutdown() override;
  std::unique_ptr<time_source> source_;
  // When the wall clock was looked at last, and how far it was ahead then; nanoseconds.
  mutable std::atomic<std::int64_t> looked_at_, ahead_;
};

/// Keeps virtual time still for its lifetime; free under real time.
class time_hold {
 public:
  explicit time_hold(const any_io_executor& executor) : source_(&time_service::of(executor).source()) { source_->hold(); }
  time_hold(time_hold&& o) noexcept : source_(std::exchange(o.source_, nullptr)) {}
  time_hold& operator=(time_hold&&) = delete;
  ~time_hold() {
    if (source_) source_->release();
  }

 private:
  time_source* source_;
};

}  // namespace corchestra
