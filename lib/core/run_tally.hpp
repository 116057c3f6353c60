#pragma once

#include <cstddef>
#include <cstdint>

#include <corchestra/core/run_metrics.hpp>

#include "core/longest_durations.hpp"

namespace corchestra::detail {

/// What a run's metrics are made of, summed up as its tasks work and end.
class run_tally {
 public:
  /// Without `keep_durations`, a megabyte at most, the bound leaves the pigeonhole out.
  run_tally(bool keep_durations, std::size_t slots) : keep_(keep_durations) { sums_.slots = slots; }

  std::size_t slots() const noexcept { return sums_.slots; }
  void set_slots(std::size_t slots) noexcept { sums_.slots = slots; }
  /// So many tasks in all.
  void reserve(std::size_t tasks) {
    if (keep_) durations_.reserve(tasks);
  }

  /// An attempt has a slot, or gives it back.
  void works() noexcept {
    if (++width_ > sums_.peak_width) sums_.peak_width = width_;
  }
  void rests() noexcept { --width_; }
  /// A task's first attempt starts.
  void starts(duration waited) noexcept {
    waited_ += waited.count();
    ++started_;
  }
  /// A task that was started has ended after so much work, each with so many slots.
  void executed(duration worked, std::uint32_t slots) {
    sums_.sequential += worked;
    sums_.slot_time += worked * static_cast<std::int64_t>(slots);
    ++executed_;
    if (keep_) durations_.add(worked, slots);
  }
  /// Some task has ended, with the longest chain of measured durations that ends there.
  void ends(const token_usage& usage, duration path) noexcept {
    if (usage.known()) sums_.usage += usage;
    if (path > sums_.longest_path) sums_.longest_path = path;
  }

  /// All but the counts of tasks and the agents.
  run_metrics at(duration wall);

 private:
  run_metrics sums_;
  longest_durations durations_;  // of executed tasks, once for each slot
  __extension__ typedef __int128 wide;
  wide waited_ = 0;  // nanoseconds, by all together
  std::size_t width_ = 0, started_ = 0, executed_ = 0;
  bool keep_;
};

}  // namespace corchestra::detail
