#pragma once

#include <atomic>
#include <memory>

namespace corchestra::detail {

/// Nobody else has it, and what others did with it before they let go has happened: it may be changed.
template <class T>
bool is_sole_owner(const std::shared_ptr<T>& p) noexcept {
  if (p.use_count() != 1) return false;
  std::atomic_thread_fence(std::memory_order_acquire);
  return true;
}

}  // namespace corchestra::detail
