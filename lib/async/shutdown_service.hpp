#pragma once

#include <boost/asio/execution_context.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include <corchestra/async/awaitable.hpp>

namespace corchestra::detail {

/// Something that keeps suspended coroutines (as handlers) and must let go of them when their context is destroyed:
/// the frames usually own it in turn, and the circle would never be freed.
class shutdown_listener {
 public:
  virtual ~shutdown_listener() = default;
  virtual void shutdown() noexcept = 0;
};

/// Tells its listeners that the execution context goes away. Thread-safe.
class shutdown_service : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;
  explicit shutdown_service(asio::execution_context& context) : asio::execution_context::service(context) {}

  static shutdown_service& of(const any_io_executor& executor);
  void add(std::weak_ptr<shutdown_listener> listener);

 private:
  void shutdown() override;

  std::mutex mutex_;
  std::vector<std::weak_ptr<shutdown_listener>> listeners_;
  std::size_t prune_at_ = 64;
};

}  // namespace corchestra::detail
