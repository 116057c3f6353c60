#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>
#include <mutex>

#include <corchestra/async/semaphore.hpp>
#include <corchestra/base/text.hpp>

#include "async/shutdown_service.hpp"

namespace corchestra {

namespace {
using permit_handler = asio::any_completion_handler<void(boost::system::error_code, semaphore::permit)>;
}

struct semaphore::impl : std::enable_shared_from_this<semaphore::impl> {
  struct waiter final : detail::shutdown_listener {
    explicit waiter(std::weak_ptr<impl> i) : of(std::move(i)) {}
    void shutdown() noexcept override {
      if (const auto s = of.lock()) s->lose(*this);
    }
    const std::weak_ptr<impl> of;
    std::size_t count = 0;
    permit_handler handler;
    asio::any_io_executor work;  // keeps the context running while it waits
    std::list<std::shared_ptr<waiter>>::iterator place;
    bool queued = false;
  };

  explicit impl(std::size_t n) : capacity(n), available(n) {}

  permit grant(std::size_t count) {
    permit p;
    p.impl_ = shared_from_this();
    p.count_ = count;
    return p;
  }

  // Always a post: a waiter is never resumed inline from a release or a cancel.
  static void complete(std::shared_ptr<waiter> w, boost::system::error_code ec, permit p) {
    asio::post(w->work, [w, ec, p = std::move(p)]() mutable {
      auto handler = std::move(w->handler);
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
      w->work = any_io_executor();
      std::move(handler)(ec, std::move(p));
    });
  }

  void wait(std::size_t count, any_io_executor executor, permit_handler handler, semaphore::wait* outside) {
    auto w = std::make_shared<waiter>(weak_from_this());
    if (outside) {
      outside->impl_ = weak_from_this();
      outside->waiter_ = w;
    }
    w->count = count;
    w->work = asio::prefer(std::move(executor), asio::execution::outstanding_work.tracked);
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([self = weak_from_this(), weak = std::weak_ptr<waiter>(w)](asio::cancellation_type type) {
        const auto s = self.lock();
        const auto cancelled = weak.lock();
        if (s && cancelled && type != asio::cancellation_type::none) s->drop(cancelled);
      });
    }
    w->handler = std::move(handler);
    detail::shutdown_service::of(w->work).add(w);
    std::unique_lock lock(mutex);
    w->place = waiters.insert(waiters.end(), w);
    w->queued = true;
    hand_over(std::move(lock));  // a permit may have come back since the fast path looked
  }

  void drop(const std::shared_ptr<waiter>& w) {
    std::unique_lock lock(mutex);
    if (!w->queued) return;  // granted already: it will see its permit
    w->queued = false;
    waiters.erase(w->place);
    hand_over(std::move(lock));  // the next may fit where this one did not
    complete(w, asio::error::operation_aborted, permit());
  }

  void give_back(std::size_t count) {
    std::unique_lock lock(mutex);
    available += count;
    hand_over(std::move(lock));
  }

  void hand_over(std::unique_lock<std::mutex> lock) {
    std::list<std::shared_ptr<waiter>> served;
    while (!waiters.empty() && waiters.front()->count <= available) {
      available -= waiters.front()->count;
      waiters.front()->queued = false;
      served.splice(served.end(), waiters, waiters.begin());
    }
    lock.unlock();
    for (auto& w : served) complete(w, {}, grant(w->count));
  }

  /// Its context goes; others may wait in another one.
  void lose(waiter& w) noexcept {
    permit_handler lost;  // freed after the lock: frames may give permits back
    std::unique_lock lock(mutex);
    if (!w.queued) return;  // what was posted goes with the context
    w.queued = false;
    waiters.erase(w.place);
    lost = std::move(w.handler);
    w.work = any_io_executor();
    hand_over(std::move(lock));
  }

  const std::size_t capacity;
  std::size_t available;
  std::list<std::shared_ptr<waiter>> waiters;
  mutable std::mutex mutex;
};

semaphore::permit& semaphore::permit::operator=(permit&& o) noexcept {
  if (this != &o) {
    release();
    impl_ = std::move(o.impl_);
    count_ = o.count_;
  }
  return *this;
}

void semaphore::permit::release() noexcept {
  if (auto p = std::exchange(impl_, nullptr)) std::static_pointer_cast<impl>(p)->give_back(count_);
}

semaphore::semaphore(std::size_t permits) : impl_(std::make_shared<impl>(permits)) {}

awaitable<result<semaphore::permit>> semaphore::acquire(std::size_t count) {
  const auto s = impl_;
  if (count > s->capacity) {
    co_return fail(errc::unreachable_resource,
                   concat("asked for ", count, " permits of a semaphore that has ", s->capacity),
                   retry_class::terminal);
  }
  if (permit p = semaphore::try_acquire(count)) co_return p;
  const any_io_executor executor = co_await asio::this_coro::executor;
  permit p = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code, permit)>(
      [s, count, executor](auto handler) { s->wait(count, executor, std::move(handler), nullptr); },
      asio::use_awaitable);
  co_return p;
}

awaitable<semaphore::permit> semaphore::acquire(wait& w) {
  const auto s = impl_;
  if (w.over_) co_return permit();
  if (permit p = try_acquire()) co_return p;
  const any_io_executor executor = co_await asio::this_coro::executor;
  boost::system::error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  permit p = co_await asio::async_initiate<decltype(token), void(boost::system::error_code, permit)>(
      [s, executor, &w](auto handler) { s->wait(1, executor, std::move(handler), &w); }, token);
  if (ec && !w.over_) throw boost::system::system_error(ec);
  co_return p;
}

void semaphore::wait::give_up() {
  if (std::exchange(over_, true)) return;
  const auto s = std::static_pointer_cast<impl>(impl_.lock());
  const auto w = std::static_pointer_cast<impl::waiter>(waiter_.lock());
  if (s && w) s->drop(w);
}

semaphore::permit semaphore::try_acquire(std::size_t count) {
  std::lock_guard lock(impl_->mutex);
  if (!impl_->waiters.empty() || impl_->available < count) return {};
  impl_->available -= count;
  return impl_->grant(count);
}

std::size_t semaphore::capacity() const noexcept { return impl_->capacity; }
std::size_t semaphore::available() const noexcept {
  std::lock_guard lock(impl_->mutex);
  return impl_->available;
}
std::size_t semaphore::waiting() const noexcept {
  std::lock_guard lock(impl_->mutex);
  return impl_->waiters.size();
}

}  // namespace corchestra
