#pragma once

#include <functional>
#include <string>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>

namespace corchestra {

/// `work` with a time limit: on expiry it is cancelled and waited for, and the result is `timeout`, naming `what`.
/// Work that ended in the same step as the limit wins; what it gives after it was cancelled does not count. When `met`
/// says so at the limit, the work goes on without one: the limit was for a part of it.
template <class T>
awaitable<result<T>> timeout(duration limit, std::string what, std::function<awaitable<result<T>>()> work,
                             std::function<bool()> met = {}) {
  auto executor = co_await asio::this_coro::executor;
  std::optional<result<T>> outcome;
  std::exception_ptr failure;
  bool expired = false;
  scope children(executor);
  children.spawn([&]() -> awaitable<void> {
    std::exception_ptr mine;
    try {
      result<T> r = co_await work();
      outcome.emplace(std::move(r));
    } catch (...) {
      mine = std::current_exception();
    }
    if (!expired) failure = mine;
    children.cancel();
  });
  children.spawn([&]() -> awaitable<void> {
    co_await sleep_for(limit);
    if (met && met()) co_return;
    expired = !outcome;
    children.cancel();
  });
  co_await children.join();
  if (outcome && !expired) co_return std::move(*outcome);
  if (failure) std::rethrow_exception(failure);
  if (!expired) throw boost::system::system_error(asio::error::operation_aborted);  // cancelled under a shield
  co_return fail(errc::timeout, concat(what, " took longer than ", to_text(limit)));
}

}  // namespace corchestra
