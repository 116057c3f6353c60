#pragma once

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <corchestra/async/awaitable.hpp>

namespace corchestra::net {

/// Throws operation_aborted when the coroutine has been cancelled. Every awaited call does that before it begins; this
/// makes it a step of its own, between an operation that gave an error code and the judgement of that code.
inline awaitable<void> throw_if_cancelled() { co_return; }

/// The same without a coroutine of its own: `throw_if_cancelled(co_await asio::this_coro::cancellation_state)`.
inline void throw_if_cancelled(const asio::cancellation_state& state) {
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace corchestra::net
