#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <memory_resource>
#include <new>

#include "base/single_threaded.hpp"

namespace corchestra::detail {

/// Keeps the memory of a few large objects of one size that come and go, for the next: malloc would search and split for each of
/// them. Thread-safe.
class block_pool final : public std::pmr::memory_resource {
 public:
  /// Without `keeps` it is malloc's: so that AddressSanitizer can tell who uses what is gone.
  explicit block_pool(bool keeps = !address_sanitized) noexcept : keeps_(keeps) {}
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;
  ~block_pool() override {
    for (const auto& b : kept_) ::operator delete(b.load());
  }

 private:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool address_sanitized = true;
#elif defined(__has_feature)
  static constexpr bool address_sanitized = __has_feature(address_sanitizer);
#else
  static constexpr bool address_sanitized = false;
#endif

  /// What a kept block begins with.
  struct header {
    std::size_t size;
  };

  void* do_allocate(std::size_t size, std::size_t alignment) override {
    if (alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(size, std::align_val_t(alignment));
    for (auto& place : kept_) {
      header* const b = take(place);
      if (b == nullptr) continue;
      if (b->size == size) return b;
      keep(b);
    }
    return ::operator new(std::max(size, sizeof(header)));
  }

  void do_deallocate(void* place, std::size_t size, std::size_t alignment) override {
    if (alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator delete(place, std::align_val_t(alignment));
    keep(::new (place) header{size});
  }

  void keep(header* b) noexcept {
    if (!keeps_) return ::operator delete(b);
    for (auto& place : kept_) {
      if (put(place, b)) return;
    }
    ::operator delete(b);
  }

  static header* take(std::atomic<header*>& place) noexcept {
    if (!is_single_threaded()) return place.exchange(nullptr, std::memory_order_acquire);
    header* const b = place.load(std::memory_order_relaxed);
    place.store(nullptr, std::memory_order_relaxed);
    return b;
  }
  static bool put(std::atomic<header*>& place, header* b) noexcept {
    header* none = nullptr;
    if (!is_single_threaded()) return place.compare_exchange_strong(none, b, std::memory_order_release, std::memory_order_relaxed);
    if (place.load(std::memory_order_relaxed) != nullptr) return false;
    place.store(b, std::memory_order_relaxed);
    return true;
  }

  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  const bool keeps_;
  std::array<std::atomic<header*>, 4> kept_{};
};

}  // namespace corchestra::detail
