#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include <corchestra/async/awaitable.hpp>

namespace corchestra {

/// A counting semaphore for coroutines: first come, first served, nobody barges past a waiter. A permit is given back
/// by its destructor. Cancelling a waiter removes it in O(1); a waiter is always resumed by a post, never inline.
/// Thread-safe. A handle: copies share the semaphore, and permits keep it alive.
class semaphore {
 public:
  class permit {
   public:
    permit() = default;
    permit(permit&&) noexcept = default;
    permit& operator=(permit&& o) noexcept;
    ~permit() { release(); }
    /// Gives the permit back early; a second call does nothing.
    void release() noexcept;
    explicit operator bool() const noexcept { return impl_ != nullptr; }

   private:
    friend class semaphore;
    std::shared_ptr<void> impl_;
    std::size_t count_ = 0;
  };

  /// Ends one wait from outside.
  class wait {
   public:
    /// What waits, or will, gets an empty permit. Afterwards nothing happens.
    void give_up();

   private:
    friend class semaphore;
    std::weak_ptr<void> impl_, waiter_;
    bool over_ = false;
  };

  explicit semaphore(std::size_t permits);

  /// Waits for `count` permits (1 by default). Throws operation_aborted when cancelled; asking for more than the
  /// capacity is `unreachable_resource`, at once.
  awaitable<result<permit>> acquire(std::size_t count = 1);
  /// One permit, or an empty one after `w.give_up()`. `w` outlives the call and is for this call only.
  awaitable<permit> acquire(wait& w);
  /// An empty permit when it would have to wait.
  permit try_acquire(std::size_t count = 1);

  std::size_t capacity() const noexcept;
  std::size_t available() const noexcept;
  std::size_t waiting() const noexcept;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra
