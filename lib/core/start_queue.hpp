#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>

#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>

#include "core/aging_queue.hpp"
#include "core/deficit_round_robin.hpp"

namespace corchestra::detail {

/// Tasks that lack only a slot, best first. Between keys: deficit round robin by weight, a task costing its slots.
/// Within a key:
/// - priority: priority plus aging (1 for each second of the time axis that began since it became ready, at most 90),
///   then those that take a slot again, then `rank`
/// - critical_path: `rank`, then priority with aging, then those that take a slot again
/// - depth_first, breadth_first: `depth`, then priority with aging, then those that take a slot again, then `rank`
/// - fifo: those that take a slot again, then `ready_at`
/// - custom: `rank`, then those that take a slot again
///
/// and in all of them then task numbers. Entries that have become stale are
/// recognised by their ticket when they come out.
///
/// With pushes in listing order and one key, push and pop cost a few nanoseconds, and an entry of the same standing as
/// the one before it, and the next number, takes no memory.
class start_queue {
 public:
  struct entry {
    task_index task = 0;
    std::uint32_t ticket = 0;
    int priority = 10;
    bool resumes = false;      // an attempt that takes its slot again: before its equals
    std::uint32_t depth = 0;   // depth_first, breadth_first
    std::uint32_t weight = 1;  // slots
    key_index key = 0;
    double rank = 0;  // upward rank in seconds, or the custom score; what is no number comes last
    time_point ready_at{};
  };

  explicit start_queue(start_order order = start_order::priority);

  void set_weight(key_index key, double weight);
  void push(const entry& e) { push_row(e, 1); }
  /// One or more entries, which differ in their numbers only: each is 1 more than the one before it.
  void push_row(const entry& first, std::uint32_t count);
  /// Takes the best entry out; false when there is none. `now` is for aging and never falls. `rank` and `depth` may come
  /// out as 0 when the order does not look at them.
  bool pop(entry& out, time_point now) {
    if (row_left_ == 0 || now < second_begin_ || now >= second_end_) return pop_best(out, now);
    out = row_;
    ++row_.task;
    ++row_taken_;
    --row_left_;
    --size_;
    return true;
  }
  /// The entry just popped was not started after all (stale, or parked): its key is not charged for it.
  void refund(const entry& e);
  /// One that is in no queue starts, at its key's expense.
  void charge(const entry& e);
  /// Whether it has entries of the key, stale ones too.
  bool holds(key_index key) const noexcept {
    return (has_only_ && key == only_.key) || (key < lanes_.size() && !lanes_[key].empty());
  }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

 private:
  std::int64_t second_of(time_point t) noexcept;
  const aging_queue::present& present_at(time_point now);
  void push_to_lane(const entry& first, std::uint32_t count);
  bool pop_best(entry& out, time_point now);
  /// What was taken of the row leaves its lane.
  void end_row();
  const start_standing& standing_of(const entry& e);
  void fill(entry& out, const queued_start& q, key_index key) const noexcept;

  start_order order_;
  boost::container::small_vector<aging_queue, 1> lanes_;  // by key
  deficit_round_robin turns_;
  entry only_;  // a single entry needs no lane
  bool has_only_ = false;
  entry last_{.weight = 0};  // whose standing was made last
  start_standing standing_;
  // Of the only key, what comes next while nothing else is pushed: entries that differ in their numbers only. The last of them is taken
  // from the lane, which has those taken before it until then.
  entry row_;
  std::uint32_t row_left_ = 0, row_taken_ = 0;
  std::size_t size_ = 0;
  bool charged_ = false;  // the entry last popped was paid for
  aging_queue::present present_;
  time_point second_begin_ = time_point::max(), second_end_{};  // of the present second
  time_point asked_{};    // second_of: the last argument and answer
  std::int64_t asked_second_ = 0;
};

}  // namespace corchestra::detail
