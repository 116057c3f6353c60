#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <corchestra/core/event.hpp>

namespace corchestra::detail {

/// What a fold keeps of tasks under way, by number. As numbers rise in order of submission, a whole block ends at about
/// the same time, and its memory is given back with its last task.
template <class T>
class task_blocks {
 public:
  /// Null when the task was never added, or was removed.
  T* find(task_index t) noexcept {
    const std::size_t b = t / size;
    if (b >= blocks_.size() || !blocks_[b] || !blocks_[b]->used[t % size]) return nullptr;
    return &blocks_[b]->values[t % size];
  }
  const T* find(task_index t) const noexcept { return const_cast<task_blocks*>(this)->find(t); }

  /// The task's place, made anew when there is none.
  T& add(task_index t) {
    const std::size_t b = t / size, i = t % size;
    if (b >= blocks_.size()) {
      if (!blocks_.empty()) drop_if_empty(blocks_.back());
      blocks_.resize(b + 1);
    }
    if (!blocks_[b]) blocks_[b] = spare_ ? std::move(spare_) : std::make_unique<block>();
    block& in = *blocks_[b];
    if (!in.used[i]) {
      in.used[i] = true;
      ++in.count;
      ++count_;
    }
    return in.values[i];
  }

  void remove(task_index t) {
    T* value = find(t);
    if (!value) return;
    *value = {};
    const std::size_t b = t / size;
    blocks_[b]->used[t % size] = false;
    --blocks_[b]->count;
    --count_;
    if (b + 1 < blocks_.size()) drop_if_empty(blocks_[b]);
  }

  std::size_t count() const noexcept { return count_; }

  /// In order of numbers: `f(task_index, T&)`.
  template <class F>
  void each(F f) {
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      if (!blocks_[b]) continue;
      for (std::size_t i = 0; i < size; ++i) {
        if (blocks_[b]->used[i]) f(static_cast<task_index>(b * size + i), blocks_[b]->values[i]);
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
    std::array<T, size> values{};
    std::array<bool, size> used{};
    std::size_t count = 0;
  };
  void drop_if_empty(std::unique_ptr<block>& b) {
    if (!b || b->count > 0) return;
    if (spare_) {
      b.reset();
    } else {
      spare_ = std::move(b);
    }
  }

  std::vector<std::unique_ptr<block>> blocks_;
  std::unique_ptr<block> spare_;
  std::size_t count_ = 0;
};

}  // namespace corchestra::detail
