#include <boost/asio/async_result.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <corchestra/async/sleep.hpp>
#include <corchestra/async/time_service.hpp>

#include "base/later.hpp"

namespace corchestra {

awaitable<void> sleep_until(time_point t) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  const auto timer = time_service::of(executor).make_timer(executor);
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
      [&timer, t](auto handler) { timer->async_wait_until(t, std::move(handler)); }, asio::use_awaitable);
}

awaitable<void> sleep_for(duration d) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  co_await sleep_until(detail::later(time_service::of(executor).now(), d));
}

awaitable<time_point> now() {
  const any_io_executor executor = co_await asio::this_coro::executor;
  co_return time_service::of(executor).now();
}

}  // namespace corchestra
