#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include <corchestra/testing/virtual_time.hpp>

namespace corchestra::testing {

template <class T>
T virtual_time_context::run(awaitable<T> work, duration limit) {
  struct outcome {
    bool ended = false;
    std::exception_ptr failure;
    std::optional<std::conditional_t<std::is_void_v<T>, char, T>> value;
  };
  auto o = std::make_shared<outcome>();
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(executor(), std::move(work), [o](std::exception_ptr e) {
      o->ended = true;
      o->failure = e;
    });
  } else {
    asio::co_spawn(executor(), std::move(work), [o](std::exception_ptr e, std::optional<T> value) {
      o->ended = true;
      o->failure = e;
      o->value = std::move(value);
    });
  }
  drive([&] { return o->ended; }, limit, nullptr);
  if (!o->ended) throw std::runtime_error("everything stands still and the coroutine has not ended: a deadlock");
  if (o->failure) std::rethrow_exception(o->failure);
  if constexpr (!std::is_void_v<T>) return std::move(*o->value);
}

}  // namespace corchestra::testing
