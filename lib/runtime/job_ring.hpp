#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/place.hpp"
#include "runtime/one_shot.hpp"

namespace corchestra::detail {

/// Jobs in the order in which they came. The first few need no memory of their own.
class job_ring {
 public:
  job_ring() noexcept = default;
  job_ring(const job_ring&) = delete;
  ~job_ring() {
    while (!empty()) pop();
  }

  bool empty() const noexcept { return first_ == end_; }
  std::size_t size() const noexcept { return end_ - first_; }
  /// A job, or what one is made of.
  template <class F>
  void push(F&& f) {
    if (end_ - first_ == capacity_) grow();
    std::construct_at(&at(end_), std::forward<F>(f));
    ++end_;
  }
  one_shot pop() noexcept {
    one_shot& first = at(first_++);
    one_shot job(std::move(first));
    std::destroy_at(&first);
    return job;
  }
  /// All of another's, behind its own. Where there are none, many change hands at once.
  void take_all(job_ring& from) {
    if (empty() && from.more_) {
      std::swap(more_, from.more_);
      std::swap(capacity_, from.capacity_);
      first_ = std::exchange(from.first_, 0);
      end_ = std::exchange(from.end_, 0);
    }
    while (!from.empty()) push(from.pop());
  }
  /// `pop()()`, without moving it: a job has left its place when its function is called.
  void call_first() { at(first_++)(); }

 private:
  static constexpr std::uint32_t few = 4;
  one_shot& at(std::uint32_t i) noexcept {
    return (more_ ? more_.get() : own_.data())[i & (capacity_ - 1)].get();
  }
  void grow() {
    std::unique_ptr<place<one_shot>[]> twice(new place<one_shot>[std::size_t{capacity_} * 2]);
    const std::uint32_t count = end_ - first_;
    for (std::uint32_t i = 0; i < count; ++i) std::construct_at(&twice[i].get(), pop());
    more_ = std::move(twice);
    capacity_ *= 2;
    first_ = 0;
    end_ = count;
  }

  std::array<place<one_shot>, few> own_;
  std::unique_ptr<place<one_shot>[]> more_;  // NOLINT(modernize-avoid-c-arrays)
  std::uint32_t capacity_ = few;   // a power of two
  std::uint32_t first_ = 0, end_ = 0;
};

}  // namespace corchestra::detail
