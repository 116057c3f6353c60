#include <corchestra/runtime/submit_all.hpp>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

/// Gives the next task calls to submit; none: no more.
using chunk_source = std::function<awaitable<std::vector<task_call>>()>;

awaitable<result<std::uint64_t>> submit_chunks(run& r, const chunk_source& next) {
  std::uint64_t submitted = 0;
  for (;;) {
    std::vector<task_call> calls = co_await next();
    if (calls.empty()) co_return submitted;
    const std::size_t n = calls.size();
    const result<void> taken = co_await r.submit(std::move(calls));
    if (taken.has_error()) co_return in_place(taken.error(), concat("after ", submitted, " submitted task calls"));
    submitted += n;
  }
}

awaitable<result<std::uint64_t>> submit_and_close(run r, chunk_source next, bool close) {
  std::optional<result<std::uint64_t>> outcome;
  std::exception_ptr failure;
  try {
    outcome.emplace(co_await submit_chunks(r, next));
  } catch (...) {
    failure = std::current_exception();
  }
  if (close) r.close();
  if (failure) std::rethrow_exception(failure);
  co_return std::move(*outcome);
}

awaitable<result<std::uint64_t>> refuse(error e) { co_return e; }

}  // namespace

awaitable<result<std::uint64_t>> submit_all(run r, task_source next, submit_all_options options) {
  if (options.chunk == 0)
    return refuse(fail(errc::invalid_argument, "submit_all: expected a chunk of at least 1, got 0"));
  const auto take = [next = std::move(next), most = options.chunk,
                     thrown = std::exception_ptr()]() mutable -> awaitable<std::vector<task_call>> {
    if (thrown) std::rethrow_exception(thrown);
    std::vector<task_call> calls;
    try {
      while (calls.size() < most) {
        auto call = next();
        if (!call) break;
        calls.push_back(std::move(*call));
      }
    } catch (...) {
      if (calls.empty()) throw;
      thrown = std::current_exception();  // what was taken is submitted first
    }
    co_return calls;
  };
  return submit_and_close(std::move(r), take, options.close);
}

awaitable<result<std::uint64_t>> submit_all(run r, async_task_source next, submit_all_options options) {
  const auto take = [next = std::move(next)]() -> awaitable<std::vector<task_call>> {
    std::optional<task_call> call = co_await next();
    std::vector<task_call> calls;
    if (call) calls.push_back(std::move(*call));
    co_return calls;
  };
  return submit_and_close(std::move(r), take, options.close);
}

}  // namespace corchestra
