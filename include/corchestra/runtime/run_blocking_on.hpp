#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/runtime/worker_threads.hpp>

namespace corchestra {

namespace detail {

awaitable<void> run_on_threads(worker_threads& threads, std::function<void(std::stop_token)> work);

template <class F>
decltype(auto) call_with(F& f, std::stop_token stop) {
  if constexpr (std::is_invocable_v<F&, std::stop_token>) {
    return std::invoke(f, std::move(stop));
  } else {
    return std::invoke(f);
  }
}

template <class F>
using value_on_threads = std::decay_t<decltype(call_with(std::declval<F&>(), std::stop_token()))>;

}  // namespace detail

/// Calls `f()` or `f(std::stop_token)` on a worker thread and gives back its value; what it throws is rethrown here.
/// Cancellation requests the stop and waits for `f`, whose value counts if it still returns one; a call that has not
/// begun ends at once with operation_aborted (thrown). When the threads are gone, `not_running` is thrown as
/// error_exception. `f` is kept alive until it has returned, even when the awaiting coroutine is destroyed before; then
/// it is destroyed on the worker thread. Virtual time stands still meanwhile.
template <class F>
awaitable<detail::value_on_threads<F>> run_blocking_on(worker_threads& threads, F f) {
  using value = detail::value_on_threads<F>;
  if constexpr (std::is_void_v<value>) {
    auto shared = std::make_shared<F>(std::move(f));
    co_await detail::run_on_threads(threads, [shared](std::stop_token s) { detail::call_with(*shared, std::move(s)); });
  } else {
    struct call {
      F function;
      std::optional<value> returned;
    };
    const auto shared = std::make_shared<call>(call{std::move(f), std::nullopt});
    co_await detail::run_on_threads(threads, [shared](std::stop_token s) {
      shared->returned.emplace(detail::call_with(shared->function, std::move(s)));
    });
    co_return std::move(*shared->returned);
  }
}

}  // namespace corchestra
