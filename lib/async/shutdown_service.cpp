#include "async/shutdown_service.hpp"

namespace corchestra::detail {

asio::execution_context::id shutdown_service::id;

shutdown_service& shutdown_service::of(const any_io_executor& executor) {
  return asio::use_service<shutdown_service>(asio::query(executor, asio::execution::context));
}

void shutdown_service::add(std::weak_ptr<shutdown_listener> listener) {
  std::lock_guard lock(mutex_);
  if (listeners_.size() >= prune_at_) {
    std::erase_if(listeners_, [](const auto& w) { return w.expired(); });
    prune_at_ = 2 * listeners_.size() + 64;
  }
  listeners_.push_back(std::move(listener));
}

void shutdown_service::shutdown() {
  std::vector<std::weak_ptr<shutdown_listener>> all;
  {
    std::lock_guard lock(mutex_);
    all.swap(listeners_);
  }
  for (const auto& w : all) {
    if (const auto l = w.lock()) l->shutdown();
  }
}

}  // namespace corchestra::detail
