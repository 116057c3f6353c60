#pragma once

#include <boost/asio/this_coro.hpp>

#include <corchestra/async/awaitable.hpp>

namespace corchestra::net {

/// Throws operation_aborted when the coroutine has been cancelled. Every awaited call does that before it begins; this
/// makes it a step of its own, between an operation that gave an error code and the judgement of that code.
inline awaitable<void> throw_if_cancelled() { co_return; }

}  // namespace corchestra::net
