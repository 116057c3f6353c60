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

void strand_queue::run() {
  if (has_mail_.load(std::memory_order_acquire)) take_inbox();
  for (std::size_t left = std::max(jobs_.size(), patience_); left > 0; --left) {
    if (jobs_.empty()) {
      if (has_mail_.load(std::memory_order_acquire)) take_inbox();
      if (jobs_.empty()) return;
    }
    jobs_.call_first();
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
