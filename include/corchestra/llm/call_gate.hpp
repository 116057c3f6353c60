#pragma once

#include <memory>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/llm/limiter.hpp>

namespace corchestra::llm {

/// The limiter that the calls to one endpoint, key and model share: coroutines wait here until theirs may go out.
/// Thread-safe; a waiter is resumed by a post on its own executor. A handle: copies share the limiter.
class call_gate {
 public:
  /// A call that may go out. Say how it fared with `report`; one that goes without counts as cancelled.
  class permit {
   public:
    permit() = default;
    permit(permit&& o) noexcept = default;
    permit& operator=(permit&& o) noexcept;
    ~permit() { report({.answer = endpoint_answer::none}); }
    /// The second time nothing happens.
    void report(const call_report& r) noexcept;
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    friend class call_gate;
    std::shared_ptr<void> gate_;
    limiter::call_id call_ = 0;
  };

  explicit call_gate(limiter_options options = {});

  /// Errors: why no call goes out now (a bad key, `quota_exhausted`): `limiter::closed`; why it waits no longer
  /// (`transient`): `limiter::give_up`. Cancelling the awaiting coroutine leaves the line.
  awaitable<result<permit>> enter(call_request request);
  /// An empty permit when it would have to wait. For callers that must give something back before they wait.
  permit try_enter(const call_request& request, time_point now);

  limiter_status status(time_point now) const;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra::llm
