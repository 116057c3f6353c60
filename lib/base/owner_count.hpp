#pragma once

#include <atomic>
#include <cstdint>

#include "base/single_threaded.hpp"

namespace corchestra::detail {

/// The base of T, of which the last boost::intrusive_ptr to go deletes it. Where an owner is copied and dropped within nanoseconds,
/// std::shared_ptr waits: it reads both of its counts at once after one of them was written alone, and the processor cannot forward that (seen on AMD's Zen 5).
template <class T>
class owner_count {
 public:
  owner_count() noexcept = default;
  owner_count(const owner_count&) = delete;
  owner_count& operator=(const owner_count&) = delete;

  friend void intrusive_ptr_add_ref(const T* owned) noexcept {
    auto& n = static_cast<const owner_count*>(owned)->owners_;
    if (is_single_threaded()) {
      n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      n.fetch_add(1, std::memory_order_relaxed);
    }
  }
  friend void intrusive_ptr_release(const T* owned) noexcept {
    auto& n = static_cast<const owner_count*>(owned)->owners_;
    std::uint32_t before = 0;
    if (is_single_threaded()) {
      before = n.load(std::memory_order_relaxed);
      n.store(before - 1, std::memory_order_relaxed);
    } else {
      before = n.fetch_sub(1, std::memory_order_acq_rel);
    }
    if (before == 1) end(owned);
  }

 protected:
  ~owner_count() = default;

 private:
  [[gnu::noinline, gnu::cold]] static void end(const T* owned) noexcept { delete owned; }

  mutable std::atomic<std::uint32_t> owners_ = 0;
};

}  // namespace corchestra::detail
