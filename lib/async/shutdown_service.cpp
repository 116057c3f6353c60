#include "async/shutdown_service.hpp"

namespace corchestra::detail {

asio::execution_context::id shutdown_service::id;

void shutdown_service::add(const any_io_executor& executor, std::weak_ptr<shutdown_listener> listener) {
  auto& self = asio::use_service<shutdown_service>(asio::query(executor, asio::execution::context));
  std::lock_guard lock(self.mutex_);
  if (self.listeners_.size() >= self.prune_at_) {
    std::erase_if(self.listeners_, [](const auto& w) { return w.expired(); });
    self.prune_at_ = 2 * self.listeners_.size() + 64;
  }
  self.listeners_.push_back(std::move(listener));
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
