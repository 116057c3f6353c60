#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include <corchestra/async/awaitable.hpp>

namespace corchestra::tests {

/// Runs `work` to its end on `context` in real time and gives back its value; rethrows what it throws. The limit only
/// ends a test that hangs: nothing may depend on it. Other work of the context goes on meanwhile and stays where it is
/// after.
template <class T>
T run(asio::io_context& context, awaitable<T> work, std::chrono::seconds limit = std::chrono::seconds(120)) {
  struct outcome {
    bool ended = false;
    std::exception_ptr failure;
    std::optional<std::conditional_t<std::is_void_v<T>, char, T>> value;
  };
  const auto o = std::make_shared<outcome>();
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(context, std::move(work), [o](std::exception_ptr e) {
      o->ended = true;
      o->failure = e;
    });
  } else {
    asio::co_spawn(context, std::move(work), [o](std::exception_ptr e, std::optional<T> value) {
      o->ended = true;
      o->failure = e;
      o->value = std::move(value);
    });
  }
  context.restart();
  const auto last = std::chrono::steady_clock::now() + limit;
  while (!o->ended && context.run_one_until(last) > 0) {
  }
  if (!o->ended)
    throw std::runtime_error(context.stopped() ? "nothing is left to do and the coroutine has not ended"
                                               : "the coroutine has not ended within the test's limit");
  if (o->failure) std::rethrow_exception(o->failure);
  if constexpr (!std::is_void_v<T>) return std::move(*o->value);
}

/// Runs what is ready now, without waiting.
inline void settle(asio::io_context& context) {
  context.restart();
  context.poll();
}

}  // namespace corchestra::tests
