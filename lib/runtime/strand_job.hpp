#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "core/place.hpp"

namespace corchestra::detail {

/// A function to be called once. One of a pointer's size, as Asio's erased functions are, needs no memory of its own.
class strand_job {
 public:
  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, strand_job>)
  explicit strand_job(F&& f) {
    using function = std::decay_t<F>;
    if constexpr (fits<function>) {
      ::new (static_cast<void*>(&place_)) function(std::forward<F>(f));
      act_ = [](strand_job& from, strand_job* to, bool call) {
        function& stored = *std::launder(reinterpret_cast<function*>(&from.place_));
        function taken(std::move(stored));
        stored.~function();
        if (to != nullptr) ::new (static_cast<void*>(&to->place_)) function(std::move(taken));
        if (call) taken();
      };
    } else {
      place_ = new function(std::forward<F>(f));
      act_ = [](strand_job& from, strand_job* to, bool call) {
        if (to != nullptr) {
          to->place_ = from.place_;
          return;
        }
        const std::unique_ptr<function> stored(static_cast<function*>(from.place_));
        if (!call) return;
        function taken(std::move(*stored));
        taken();
      };
    }
  }
  strand_job(strand_job&& o) noexcept : act_(std::exchange(o.act_, nullptr)) {
    if (act_ != nullptr) act_(o, this, false);
  }
  strand_job& operator=(strand_job&&) = delete;
  ~strand_job() {
    if (act_ != nullptr) act_(*this, nullptr, false);
  }
  void operator()() { std::exchange(act_, nullptr)(*this, nullptr, true); }

 private:
  template <class F>
  static constexpr bool fits =
      sizeof(F) <= sizeof(void*) && alignof(F) <= alignof(void*) && std::is_nothrow_move_constructible_v<F>;

  /// Takes the function out of `from`: into `to`, to call it, or to destroy it.
  void (*act_)(strand_job& from, strand_job* to, bool call);
  void* place_;
};

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
  void push(strand_job&& job) {
    if (end_ - first_ == capacity_) grow();
    std::construct_at(&at(end_), std::move(job));
    ++end_;
  }
  strand_job pop() noexcept {
    strand_job& first = at(first_++);
    strand_job job(std::move(first));
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
  strand_job& at(std::uint32_t i) noexcept {
    return (more_ ? more_.get() : own_.data())[i & (capacity_ - 1)].get();
  }
  void grow() {
    std::unique_ptr<place<strand_job>[]> twice(new place<strand_job>[std::size_t{capacity_} * 2]);
    const std::uint32_t count = end_ - first_;
    for (std::uint32_t i = 0; i < count; ++i) std::construct_at(&twice[i].get(), pop());
    more_ = std::move(twice);
    capacity_ *= 2;
    first_ = 0;
    end_ = count;
  }

  std::array<place<strand_job>, few> own_;
  std::unique_ptr<place<strand_job>[]> more_;  // NOLINT(modernize-avoid-c-arrays)
  std::uint32_t capacity_ = few;   // a power of two
  std::uint32_t first_ = 0, end_ = 0;
};

}  // namespace corchestra::detail
