#include "runtime/completion.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/sole_owner.hpp"

namespace corchestra::detail {

namespace {

// A result that nobody else has is moved out, and no more often than Asio does: it is large.
template <class Handler>
void hand_over(Handler&& h, std::shared_ptr<result<run_result>>& outcome) {
  is_sole_owner(outcome) ? std::move(h)(std::move(*outcome)) : std::move(h)(result<run_result>(*outcome));
}
template <class Handler, class Value>
void hand_over(Handler&& h, Value& v) {
  std::move(h)(std::move(v));
}

// What a handler without an executor of its own gets for one: it is called where the posted function runs.
struct right_here {
  template <class F>
  void execute(F&& f) const {
    std::forward<F>(f)();
  }
  friend bool operator==(right_here, right_here) noexcept { return true; }
};

template <class Handler, class Value>
void call(Handler&& h, Value&& v) {
  auto slot = asio::get_associated_cancellation_slot(h);
  if (slot.is_connected()) slot.clear();
  hand_over(std::move(h), v);
}

// On the handler's executor, or at once when it has none.
template <class Handler, class Value>
void call_on_own_executor(Handler&& h, Value&& v) {
  const auto own = asio::get_associated_executor(h, right_here());
  if (own.template target<right_here>() != nullptr) return call(std::move(h), std::move(v));
  asio::dispatch(own, [h = std::move(h), v = std::move(v)]() mutable { call(std::move(h), std::move(v)); });
}

template <class Handler, class Value>
void complete_by_post(const any_io_executor& via, Handler handler, Value value) {
  asio::post(via, [h = std::move(handler), v = std::move(value)]() mutable { call_on_own_executor(std::move(h), std::move(v)); });
}

}  // namespace

void complete(const any_io_executor& via, plain_handler handler, boost::system::error_code ec) {
  complete_by_post(via, std::move(handler), ec);
}

void complete_with(const any_io_executor& via, run_completion handler, error failure) {
  complete_by_post(via, std::move(handler.call), std::move(failure));
}

void complete_from_here(run_completion handler, std::shared_ptr<result<run_result>> outcome) {
  if (!handler.has_executor) return call(std::move(handler.call), std::move(outcome));
  call_on_own_executor(std::move(handler.call), std::move(outcome));
}

awaitable<void> suspend(std::function<void(plain_handler)> start) {
  co_await asio::async_initiate<const asio::deferred_t, void(boost::system::error_code)>(
      [&start](auto handler) { start(plain_handler(std::move(handler))); }, asio::deferred);
}

awaitable<void> run_on(any_io_executor strand, std::function<void()> f) {
  const any_io_executor own = co_await asio::this_coro::executor;
  co_await suspend([&](plain_handler handler) {
    auto work = asio::prefer(own, asio::execution::outstanding_work.tracked);
    asio::post(strand, [strand, &f, work = std::move(work), h = std::move(handler)]() mutable {
      f();
      complete(strand, std::move(h));
    });
  });
}

}  // namespace corchestra::detail
