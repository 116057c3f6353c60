#include "async/shared_timer.hpp"

#include <boost/asio/post.hpp>
#include <vector>

namespace corchestra::detail {

asio::execution_context::id shared_timer::id;

shared_timer& shared_timer::of(const any_io_executor& executor) {
  return asio::use_service<shared_timer>(asio::query(executor, asio::execution::context));
}

void shared_timer::client::set(time_point due) {
  const std::lock_guard lock(timer_->mutex_);
  if (is_linked()) timer_->clients_.erase(timer_->clients_.iterator_to(*this));
  due_ = due;
  timer_->clients_.insert(*this);
  want();
}

void shared_timer::client::set_again(time_point due) {
  {
    const std::lock_guard lock(timer_->mutex_);
    if (is_linked() && due_ <= due) return want();
  }
  set(due);
}

void shared_timer::client::rest() {
  const std::lock_guard lock(timer_->mutex_);
  want_not();
}

void shared_timer::client::clear() {
  const std::lock_guard lock(timer_->mutex_);
  if (is_linked()) timer_->clients_.erase(timer_->clients_.iterator_to(*this));
  want_not();
}

void shared_timer::client::want() {
  if (!std::exchange(wants_, true)) ++timer_->wanting_;
  if (due_ < timer_->armed_) timer_->arm(executor_);
}

void shared_timer::client::want_not() {
  if (std::exchange(wants_, false) && --timer_->wanting_ == 0) timer_->look_later(executor_);
}

// With the lock, for the first of the clients.
void shared_timer::arm(const any_io_executor& executor) {
  armed_ = clients_.begin()->due_;
  if (!timer_) timer_ = time_service::of(executor).make_timer(executor);
  timer_->async_wait_until(armed_, [this, executor, arming = ++arming_](boost::system::error_code ec) {
    if (!ec) fire(executor, arming);
  });
}

void shared_timer::fire(const any_io_executor& executor, std::uint64_t arming) {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(mutex_);
    if (arming != arming_) return;
    armed_ = time_point::max();
    const time_point now = time_service::of(executor).now();
    while (!clients_.empty() && clients_.begin()->due_ <= now) {
      client& c = *clients_.begin();
      clients_.erase(clients_.begin());
      if (!std::exchange(c.wants_, false)) continue;
      --wanting_;
      due.push_back(c.when_due());
    }
    if (wanting_ > 0) arm(executor);
  }
  for (const auto& f : due) {
    if (f) f();
  }
}

// Nobody is left: a pending wait would keep the context running. But somebody may come with what follows from the end of
// the last one: its completion, the next start, the first step of that.
void shared_timer::look_later(const any_io_executor& executor) {
  if (armed_ == time_point::max() || std::exchange(looks_, patience) > 0) return;
  looks_on_ = executor;
  look();
}

void shared_timer::look() {
  asio::post(looks_on_, [this] {
    const std::lock_guard lock(mutex_);
    if (wanting_ > 0) {
      looks_ = 0;
    } else if (--looks_ > 0) {
      look();
    } else {
      armed_ = time_point::max();
      ++arming_;
      timer_->cancel();
    }
  });
}

void shared_timer::shutdown() {
  const std::lock_guard lock(mutex_);
  clients_.clear();
  timer_.reset();
  looks_on_ = {};
}

}  // namespace corchestra::detail
