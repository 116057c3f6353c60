#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <corchestra/core/event.hpp>

#include "core/block_index.hpp"
#include "core/place.hpp"

namespace corchestra::detail {

/// What a fold keeps of tasks under way, by number. As numbers rise in order of submission, a whole block ends at about
/// the same time, and its memory is given back with its last task.
template <class T>
class task_blocks {
 public:
  /// Null when the task was never added, or was removed.
  T* find(task_index t) noexcept {
    block* b = blocks_.find(t / size);
    return b && b->used[t % size] ? &b->values[t % size].get() : nullptr;
  }
  const T* find(task_index t) const noexcept { return const_cast<task_blocks*>(this)->find(t); }

  /// The task's place, made anew when there is none.
  T& add(task_index t) {
    const std::size_t b = t / size, i = t % size;
    if (b >= blocks_.end() && blocks_.end() > 0) drop_if_empty(blocks_.end() - 1);
    auto& place = blocks_.place(b);
    if (!place) place = spare_ ? std::move(spare_) : std::make_unique<block>();
    block& in = *place;
    if (!in.used[i]) {
      std::construct_at(&in.values[i].get());
      in.used[i] = true;
      ++in.count;
      ++count_;
    }
    return in.values[i].get();
  }

  void remove(task_index t) {
    const std::size_t b = t / size, i = t % size;
    block* in = blocks_.find(b);
    if (!in || !in->used[i]) return;
    std::destroy_at(&in->values[i].get());
    in->used[i] = false;
    --count_;
    if (--in->count == 0 && b + 1 < blocks_.end()) drop_if_empty(b);
  }

  std::size_t count() const noexcept { return count_; }

  /// In order of numbers: `f(task_index, T&)`.
  template <class F>
  void each(F f) {
    for (std::size_t b = 0; b < blocks_.end(); ++b) {
      block* in = blocks_.find(b);
      if (!in) continue;
      for (std::size_t i = 0; i < size; ++i) {
        if (in->used[i]) f(static_cast<task_index>(b * size + i), in->values[i].get());
      }
    }
  }
  template <class F>
  void each(F f) const {
    const_cast<task_blocks*>(this)->each([&](task_index t, const T& value) { f(t, value); });
  }

 private:
  static constexpr std::size_t size = 16;  // small, so that small runs cost little
  struct block {
    std::array<place<T>, size> values;
    std::array<bool, size> used{};
    std::size_t count = 0;

    block() noexcept {}  // NOLINT(modernize-use-equals-default): that would clear all places
    block(const block&) = delete;
    ~block() {
      for (std::size_t i = 0; i < size && count > 0; ++i) {
        if (used[i]) std::destroy_at(&values[i].get());
      }
    }
  };
  void drop_if_empty(std::size_t b) {
    const block* in = blocks_.find(b);
    if (!in || in->count > 0) return;
    auto taken = blocks_.take(b);
    if (!spare_) spare_ = std::move(taken);
  }

  block_index<block> blocks_;
  std::unique_ptr<block> spare_;
  std::size_t count_ = 0;
};

}  // namespace corchestra::detail
