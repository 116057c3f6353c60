#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <corchestra/async/scope.hpp>

namespace corchestra {

template <class T>
struct race_result {
  std::size_t index;  ///< which one ended first
  T value;
};

/// Runs all; the first to end, by value or by exception, cancels the others, which are waited for.
template <class T>
awaitable<race_result<T>> race(std::vector<std::function<awaitable<T>()>> work) {
  auto executor = co_await asio::this_coro::executor;
  std::optional<race_result<T>> winner;
  std::exception_ptr failure;
  scope children(executor);
  for (std::size_t i = 0; i < work.size(); ++i) {
    children.spawn([f = std::move(work[i]), i, &winner, &failure, &children]() -> awaitable<void> {
      std::exception_ptr mine;
      try {
        T value = co_await f();
        if (!winner && !failure) winner.emplace(race_result<T>{i, std::move(value)});
      } catch (...) {
        mine = std::current_exception();
      }
      if (mine && !winner && !failure) failure = mine;
      children.cancel();
    });
  }
  co_await children.join();
  if (failure) std::rethrow_exception(failure);
  if (!winner) throw boost::system::system_error(asio::error::operation_aborted);  // cancelled before any began
  co_return std::move(*winner);
}

}  // namespace corchestra
