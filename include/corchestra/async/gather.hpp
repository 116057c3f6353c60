#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <corchestra/async/scope.hpp>

namespace corchestra {

/// Runs all and waits for all; results in the order given. The first exception cancels the rest and is rethrown after all
/// have ended.
template <class T>
awaitable<std::vector<T>> gather(std::vector<std::function<awaitable<T>()>> work) {
  auto executor = co_await asio::this_coro::executor;
  std::vector<std::optional<T>> slots(work.size());
  scope children(executor);
  for (std::size_t i = 0; i < work.size(); ++i) {
    children.spawn([f = std::move(work[i]), &slot = slots[i]]() -> awaitable<void> {
      T value = co_await f();
      slot.emplace(std::move(value));
    });
  }
  co_await children.join();
  std::vector<T> results;
  results.reserve(slots.size());
  for (auto& s : slots) {
    if (!s) throw boost::system::system_error(asio::error::operation_aborted);  // cancelled under a shield
    results.push_back(std::move(*s));
  }
  co_return results;
}

}  // namespace corchestra
