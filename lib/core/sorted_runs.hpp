#pragma once

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <vector>

#include "core/fifo_chunks.hpp"
#include "core/start_standing.hpp"

namespace corchestra::detail {

/// A priority queue that makes use of order in what is pushed: a few sorted runs, each appended to at its end, and a
/// heap for what fits none of them. Tasks of equal standing in listing order cost 12 bytes each, or none when their numbers follow one
/// another; others up to 48.
class sorted_runs {
 public:
  bool empty() const noexcept { return run_count_ == 0 && heap_.empty(); }

  void push(const queued_start& q) {
    if (run_count_ > 0 && ends_alike(runs_[last_], q) && runs_[last_].last_task() <= q.task) {
      runs_[last_].add(q.task, q.ticket);
    } else {
      push_elsewhere(q);
    }
  }
  /// So many, of equal standing and ticket, whose numbers follow one another.
  void push_row(queued_start q, std::uint32_t count) {
    for (; count > 0; --count, ++q.task) {
      push(q);
      if (run_count_ > 0 && runs_[last_].last_task() == q.task && ends_alike(runs_[last_], q)) return runs_[last_].lengthen(count - 1);
    }
  }

  /// The best entry, valid until the next call that is not const. There must be one.
  struct head {
    const start_standing* at;
    task_index task;
  };
  head best() const noexcept {
    if (heap_is_first()) return {&heap_.front().at, heap_.front().task};
    const run& r = runs_[by_front_[0]];
    return {&r.stretches.front().at, r.numbers.front().task};
  }
  queued_start take() {
    if (heap_is_first()) return heap_pop();
    run& r = runs_[by_front_[0]];
    const queued_start q = front();
    ++r.numbers.front().task;
    if (--r.numbers.front().count == 0) r.numbers.pop_front();
    if (--r.stretches.front().count == 0) r.stretches.pop_front();
    if (r.numbers.empty() || run_count_ > 1) place_first();
    return q;
  }

  /// How many come next that differ from the best entry in their numbers only, each by 1 from the one before it; 0 when that is not known.
  std::uint32_t row() const noexcept {
    if (!heap_.empty() || run_count_ != 1) return 0;
    const run& r = runs_[by_front_[0]];
    return static_cast<std::uint32_t>(std::min<std::size_t>(r.stretches.front().count, r.numbers.front().count));
  }
  /// The first of it.
  queued_start front() const noexcept {
    const run& r = runs_[by_front_[0]];
    return {r.stretches.front().at, r.numbers.front().task, r.numbers.front().ticket};
  }
  /// Takes so many of that row, but not all.
  void skip(std::uint32_t count) noexcept {
    run& r = runs_[by_front_[0]];
    r.stretches.front().count -= count;
    r.numbers.front().count -= count;
    r.numbers.front().task += count;
  }

 private:
  // Neighbours of equal standing share it.
  struct stretch {
    start_standing at;
    std::size_t count;
  };
  // Tasks whose numbers follow one another share their ticket.
  struct number {
    task_index task;
    std::uint32_t ticket, count;
  };
  struct run {
    fifo_chunks<stretch> stretches;
    fifo_chunks<number> numbers;

    task_index last_task() const noexcept { return numbers.back().task + numbers.back().count - 1; }
    /// To the last stretch.
    void add(task_index task, std::uint32_t ticket) {
      ++stretches.back().count;
      if (!numbers.empty() && task == last_task() + 1 && ticket == numbers.back().ticket) {
        ++numbers.back().count;
      } else {
        numbers.push_back({task, ticket, 1});
      }
    }
    void lengthen(std::uint32_t by) noexcept {
      stretches.back().count += by;
      numbers.back().count += by;
    }
  };
  static constexpr std::size_t most_runs = 16;

  static bool ends_alike(const run& r, const queued_start& q) noexcept { return r.stretches.back().at == q.at; }
  static bool ends_before(const run& r, const queued_start& q) noexcept {
    return !before(q.at, q.task, r.stretches.back().at, r.last_task());
  }
  static void append(run& r, const queued_start& q) {
    if (r.stretches.empty() || !ends_alike(r, q)) r.stretches.push_back({q.at, 0});
    r.add(q.task, q.ticket);
  }
  bool heap_is_first() const noexcept {
    if (heap_.empty()) return false;
    if (run_count_ == 0) return true;
    const run& r = runs_[by_front_[0]];
    return before(heap_.front().at, heap_.front().task, r.stretches.front().at, r.numbers.front().task);
  }
  void push_elsewhere(const queued_start& q);
  run* run_for(const queued_start& q);
  void place_first() noexcept;
  void heap_push(const queued_start& q);
  queued_start heap_pop();

  boost::container::small_vector<run, 1> runs_;
  std::vector<queued_start> heap_;                  // four children a node
  std::array<std::uint8_t, most_runs> by_front_{};  // runs that are not empty, the best front first
  std::uint8_t run_count_ = 0;                      // of them
  std::uint8_t last_ = 0;                           // the run last appended to
};

}  // namespace corchestra::detail
