#include "runtime/strand_queue.hpp"

#include <algorithm>

namespace corchestra::detail {

bool strand_queue::push_from_outside(one_shot job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  inbox_.push(std::move(job));
  has_mail_.store(true, std::memory_order_release);
  return !std::exchange(busy_, true);
}

void strand_queue::take_inbox() {
  const std::lock_guard lock(mutex_);
  jobs_.take_all(inbox_);
  has_mail_.store(false, std::memory_order_relaxed);
}

bool strand_queue::begin_turn_if_free() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || std::exchange(busy_, true)) return false;
  }
  begin_turn();
  return true;
}

void strand_queue::begin_turn() noexcept {
  runner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  ++turns_here_;
}

// False when nothing is left before so many.
bool strand_queue::run_some(std::size_t count) {
  for (; count > 0; --count) {
    if (jobs_.empty()) {
      if (has_mail_.load(std::memory_order_acquire)) take_inbox();
      if (jobs_.empty()) return false;
    }
    jobs_.call_first();
  }
  return true;
}

// The clock is looked at once for half a turn of handlers, and not at all by turns that are shorter. Slow handlers get not one more than
// without a clock.
void strand_queue::run() {
  constexpr auto quick = std::chrono::microseconds(50);
  constexpr std::size_t most = 16;  // halves, also when the clock stands still
  if (has_mail_.load(std::memory_order_acquire)) take_inbox();
  const std::size_t all = std::max(jobs_.size(), patience_), half = patience_ / 2;
  if (!run_some(all - half) || half == 0) return;
  if (clock_ == nullptr) return void(run_some(half));
  const time_point begin = clock_->now();
  for (std::size_t i = 0; i < most && run_some(half); ++i) {
    if (clock_->now() - begin >= quick) return;
  }
}

bool strand_queue::end_turn() noexcept {
  runner_.store({}, std::memory_order_relaxed);
  --turns_here_;
  const std::lock_guard lock(mutex_);
  return busy_ = !jobs_.empty() || !inbox_.empty();
}

void strand_queue::drop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  while (!jobs_.empty()) jobs_.pop();  // which may post: to no effect
  while (!inbox_.empty()) inbox_.pop();
}

}  // namespace corchestra::detail
