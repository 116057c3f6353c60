#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <functional>
#include <memory>
#include <optional>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra::detail {

/// What a suspended coroutine leaves behind. One type, so that the templates beneath are compiled once, in completion.cpp.
using plain_handler = asio::any_completion_handler<void(boost::system::error_code)>;

/// Calls a handler on its own executor, never inline, its cancellation slot cleared. `via` is an executor that may be posted to.
void complete(const any_io_executor& via, plain_handler handler, boost::system::error_code ec = {});

/// The same with the error of a run that could not start.
void complete_with(const any_io_executor& via, run_completion handler, error failure);
/// From where a handler may be called: with a run's outcome, of which it gets a copy unless it is the last to have it. On its own
/// executor when it has one.
void complete_from_here(run_completion handler, std::shared_ptr<result<run_result>> outcome);

/// Suspends the coroutine until the handler given to `start` is called; throws its error.
awaitable<void> suspend(std::function<void(plain_handler)> start);

/// Calls `f` on `strand` and resumes the coroutine on its own executor afterwards. Cannot be cancelled half-way.
awaitable<void> run_on(any_io_executor strand, std::function<void()> f);

/// `run_on` with a value.
template <class R, class F>
awaitable<R> ask(any_io_executor strand, F f) {
  std::optional<R> value;
  co_await run_on(std::move(strand), [&value, &f] { value.emplace(f()); });
  co_return std::move(*value);
}

}  // namespace corchestra::detail
