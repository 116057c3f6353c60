#pragma once

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <corchestra/async/awaitable.hpp>

namespace corchestra {

namespace detail {

/// Begins even when the awaiting coroutine has been cancelled, where that does not throw by itself.
awaitable<void> shielded(std::function<awaitable<void>()> work);

template <class F>
using awaited_by = typename std::invoke_result_t<F&>::value_type;

/// A value, or that there is none.
template <class T>
using returned = std::optional<std::conditional_t<std::is_void_v<T>, char, T>>;

template <class F>
awaitable<void> keep_value(F& work, returned<awaited_by<F>>& out) {
  if constexpr (std::is_void_v<awaited_by<F>>) {
    co_await work();
    out.emplace();
  } else {
    awaited_by<F> value = co_await work();
    out.emplace(std::move(value));
  }
}

}  // namespace detail

/// Awaits what `work()` gives to its end, whatever is cancelled meanwhile. Its value or exception is handed over; the
/// cancellation takes effect at the next `co_await` after it. `work` runs on the same executor. Nothing ends it early:
/// give it a `timeout` of its own where that may be needed. In a coroutine that has been cancelled before, no `co_await`
/// begins, this one neither: take `with_clean_up`.
template <class F>
std::invoke_result_t<F&> shield(F work) {
  detail::returned<detail::awaited_by<F>> value;
  co_await detail::shielded([&]() -> awaitable<void> { return detail::keep_value(work, value); });
  if constexpr (!std::is_void_v<detail::awaited_by<F>>) co_return std::move(*value);
}

/// Awaits `work()` and then, however it ended, cancellation included, `clean_up()` under a shield. The value or exception
/// of `work` is handed over; where it has none, an exception of `clean_up` is.
template <class F, class C>
std::invoke_result_t<F&> with_clean_up(F work, C clean_up) {
  detail::returned<detail::awaited_by<F>> value;
  std::exception_ptr failure, failed_after;
  try {
    co_await detail::keep_value(work, value);
  } catch (...) {
    failure = std::current_exception();
  }
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  try {
    co_await detail::shielded(std::move(clean_up));
  } catch (...) {
    failed_after = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (!failure) failure = failed_after;
  if (failure) std::rethrow_exception(failure);
  if constexpr (!std::is_void_v<detail::awaited_by<F>>) co_return std::move(*value);
}

}  // namespace corchestra
