#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include <corchestra/async/awaitable.hpp>

namespace corchestra::detail {

/// Calls a handler on its own executor, never inline. `via` is any executor of the same program that may be posted to.
template <class... T>
void complete(const any_io_executor& via, asio::any_completion_handler<void(T...)> handler, T... values) {
  asio::post(via, [via, h = std::move(handler), ... v = std::move(values)]() mutable {
    auto own = asio::get_associated_executor(h, via);
    asio::dispatch(own, [h = std::move(h), ... v = std::move(v)]() mutable {
      auto slot = asio::get_associated_cancellation_slot(h);
      if (slot.is_connected()) slot.clear();
      std::move(h)(std::move(v)...);
    });
  });
}

/// Runs `f` on `strand` and gives its value back to the awaiting coroutine on that one's own executor.
template <class R, class F>
awaitable<R> ask(any_io_executor strand, F f) {
  R value = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(R)>(
      [&strand, &f](auto handler) {
        auto work = asio::prefer(asio::get_associated_executor(handler, strand), asio::execution::outstanding_work.tracked);
        asio::post(strand, [strand, f = std::move(f), h = asio::any_completion_handler<void(R)>(std::move(handler)),
                            work = std::move(work)]() mutable {
          R r = f();
          complete<R>(strand, std::move(h), std::move(r));
        });
      },
      asio::use_awaitable);
  co_return value;
}

}  // namespace corchestra::detail
