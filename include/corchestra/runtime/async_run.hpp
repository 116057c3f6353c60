#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>

#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra {

namespace detail {

template <class Token>
auto initiate_run(orchestrator&& o, any_plan&& plan, run_callbacks&& callbacks, Token&& token) {
  return asio::async_initiate<Token, void(result<run_result>)>(
      [](auto&& handler, orchestrator&& o2, any_plan&& p, run_callbacks&& c) {
        struct anywhere {};
        using executor = asio::associated_executor_t<std::decay_t<decltype(handler)>, anywhere>;
        start_async_run(std::move(o2), std::move(p), std::move(c), {std::move(handler), !std::is_same_v<executor, anywhere>});
      },
      token, std::move(o), std::move(plan), std::move(callbacks));
}

}  // namespace detail

/// Start and wait in one operation, with any completion token: `use_awaitable`, `use_future`, a callback, `deferred`.
/// Completes with `result<run_result>`, never with an exception: an error only when the run could not start. Completes on
/// the handler's associated executor. Honours the token's cancellation slot: any cancellation cancels the run
/// (reason `user`), and the operation completes when the run has ended.
template <class Token = asio::use_awaitable_t<>>
auto async_run(orchestrator o, task_plan plan, run_callbacks callbacks, Token&& token = {}) {
  return detail::initiate_run(std::move(o), std::move(plan), std::move(callbacks), std::forward<Token>(token));
}

template <class Token = asio::use_awaitable_t<>>
auto async_run(orchestrator o, task_plan plan, Token&& token = {}) {
  return detail::initiate_run(std::move(o), std::move(plan), {}, std::forward<Token>(token));
}

/// The same of a compiled plan.
template <class Token = asio::use_awaitable_t<>>
auto async_run(orchestrator o, compiled_plan plan, run_callbacks callbacks, Token&& token = {}) {
  return detail::initiate_run(std::move(o), std::move(plan), std::move(callbacks), std::forward<Token>(token));
}

template <class Token = asio::use_awaitable_t<>>
auto async_run(orchestrator o, compiled_plan plan, Token&& token = {}) {
  return detail::initiate_run(std::move(o), std::move(plan), {}, std::forward<Token>(token));
}

}  // namespace corchestra
