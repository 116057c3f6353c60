#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <corchestra/async/awaitable.hpp>

namespace corchestra {

/// An open set of child coroutines with one owner: nothing started here outlives `join`. Children run on the scope's
/// executor, which must be a strand or single-threaded. A child's exception is kept, the siblings are cancelled, and
/// `join` rethrows the first one after all have ended. Safe against cancellation before a child's first run.
class scope {
 public:
  explicit scope(any_io_executor executor);
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
  /// Cancels what still runs. The children's frames keep the shared state alive until they end.
  ~scope();

  /// `f` is called on the executor and its coroutine awaited; the scope keeps `f` alive (capturing lambdas are safe).
  void spawn(std::function<awaitable<void>()> f);
  /// Asks every child to stop (terminal cancellation, posted). Later children are cancelled before they begin.
  void cancel();
  /// Waits until no child is left. Cancelling the waiter cancels the children and still waits for them.
  awaitable<void> join();

  std::size_t size() const noexcept;  ///< children that have not ended

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace corchestra
