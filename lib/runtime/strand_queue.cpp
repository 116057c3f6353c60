#include "runtime/strand_queue.hpp"

#include <algorithm>

namespace corchestra::detail {

bool strand_queue::push(strand_job job) {
  if (runs_here()) {
    if (has_mail_.load(std::memory_order_acquire)) take_inbox();  // it came first
    after_.push_back(std::move(job));
    return false;
  }
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  inbox_.push_back(std::move(job));
  has_mail_.store(true, std::memory_order_release);
  return !std::exchange(busy_, true);
}

void strand_queue::take_inbox() {
  const std::lock_guard lock(mutex_);
  for (auto& job : inbox_) after_.push_back(std::move(job));
  inbox_.clear();
  has_mail_.store(false, std::memory_order_relaxed);
}

void strand_queue::run() {
  runner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  if (has_mail_.load(std::memory_order_acquire)) take_inbox();
  for (std::size_t left = std::max(waiting(), patience_); left > 0; --left) {
    if (next_ == ready_.size()) {
      if (has_mail_.load(std::memory_order_acquire)) take_inbox();
      ready_.clear();
      next_ = 0;
      if (after_.empty()) return;
      ready_.swap(after_);
    }
    ready_[next_++]();
  }
}

bool strand_queue::end_turn() noexcept {
  runner_.store({}, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  return busy_ = waiting() > 0 || !inbox_.empty();
}

void strand_queue::drop() noexcept {
  jobs ready, after, mail;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  ready.swap(ready_);
  next_ = 0;
  after.swap(after_);
  mail.swap(inbox_);
}

}  // namespace corchestra::detail
