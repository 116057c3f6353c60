#include "core/sorted_runs.hpp"

#include <algorithm>

namespace corchestra::detail {

// The run to append to: one that ends in the same standing, else the one whose end is nearest before, else a new one
// when the heap is long enough to be worth it.
sorted_runs::run* sorted_runs::run_for(const queued_start& q) {
  run* nearest = nullptr;
  for (std::uint8_t i = 0; i < run_count_; ++i) {
    run& r = runs_[by_front_[i]];
    if (!ends_before(r, q)) continue;
    if (ends_alike(r, q)) return &r;
    if (nearest == nullptr || before(nearest->stretches.back().at, nearest->last_task(), r.stretches.back().at, r.last_task())) {
      nearest = &r;
    }
  }
  constexpr std::size_t worth = 16;
  if (nearest != nullptr || run_count_ == most_runs || (run_count_ > 0 && heap_.size() < worth * run_count_)) {
    return nearest;
  }
  for (run& r : runs_) {
    if (r.numbers.empty()) return &r;
  }
  return &runs_.emplace_back();
}

// The first of `by_front_` has got a new front, or none: it goes to its place.
void sorted_runs::place_first() noexcept {
  if (runs_[by_front_[0]].numbers.empty()) {
    std::copy(by_front_.begin() + 1, by_front_.begin() + run_count_, by_front_.begin());
    --run_count_;
    last_ = by_front_[0];
    return;
  }
  const auto run_before = [](const run& a, const run& b) {
    return before(a.stretches.front().at, a.numbers.front().task, b.stretches.front().at, b.numbers.front().task);
  };
  for (std::uint8_t i = 1; i < run_count_ && run_before(runs_[by_front_[i]], runs_[by_front_[i - 1]]); ++i) {
    std::swap(by_front_[i], by_front_[i - 1]);
  }
}

void sorted_runs::push_elsewhere(const queued_start& q) {
  run* r = run_for(q);
  if (r == nullptr) return heap_push(q);
  const bool was_empty = r->numbers.empty();
  append(*r, q);
  last_ = static_cast<std::uint8_t>(r - runs_.data());
  if (!was_empty) return;
  std::copy_backward(by_front_.begin(), by_front_.begin() + run_count_, by_front_.begin() + run_count_ + 1);
  by_front_[0] = last_;
  ++run_count_;
  place_first();
}

void sorted_runs::heap_push(const queued_start& q) {
  std::size_t hole = heap_.size();
  heap_.push_back(q);
  while (hole > 0) {
    const std::size_t parent = (hole - 1) / 4;
    if (!before(q, heap_[parent])) break;
    heap_[hole] = heap_[parent];
    hole = parent;
  }
  heap_[hole] = q;
}

queued_start sorted_runs::heap_pop() {
  const queued_start best = heap_.front();
  const queued_start last = heap_.back();
  heap_.pop_back();
  if (heap_.empty()) return best;
  std::size_t hole = 0;
  for (std::size_t child = 1; child < heap_.size(); child = hole * 4 + 1) {
    const std::size_t end = std::min(child + 4, heap_.size());
    std::size_t least = child;
    while (++child < end) {
      least = before(heap_[child], heap_[least]) ? child : least;
    }
    if (!before(heap_[least], last)) break;
    heap_[hole] = heap_[least];
    hole = least;
  }
  heap_[hole] = last;
  return best;
}

}  // namespace corchestra::detail
