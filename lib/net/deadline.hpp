#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/async/semaphore.hpp>
#include <corchestra/base/time.hpp>

namespace corchestra::net {

class byte_stream;

/// The time limits of one exchange on one timer, which ends what is guarded when the first of them passes. Lives on one
/// coroutine's executor.
class deadline {
 public:
  enum kind : std::size_t { total, connect, idle };

  explicit deadline(any_io_executor executor);
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;
  ~deadline();

  /// Starts a limit; one of the same kind that runs or has passed starts again.
  void arm(kind k, duration span);
  void disarm(kind k);
  /// Starts an armed limit's span again, without touching the timer.
  void touch(kind k);

  std::optional<kind> expired() const noexcept;
  /// What is left of an armed limit, never negative; a very long time when it is not armed.
  duration remaining(kind k) const;
  duration span(kind k) const noexcept;
  /// Which limit passed, in words.
  std::string describe() const;

  /// Names the stream that expiry closes, or what else it does, for the guard's lifetime; at once when it was before.
  class guard {
   public:
    guard(deadline& d, byte_stream& stream);
    guard(deadline& d, std::function<void()> on_expiry);
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard();

   private:
    deadline& deadline_;
  };

 private:
  struct state;
  std::shared_ptr<state> state_;
};

/// Waits for a permit within the total limit, and the connect limit if that is armed. Error: `timeout`, naming `what`.
awaitable<result<semaphore::permit>> acquire_within(semaphore permits, deadline& limits, std::string what);

}  // namespace corchestra::net
