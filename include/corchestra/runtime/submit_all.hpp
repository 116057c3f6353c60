#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include <corchestra/runtime/run.hpp>

namespace corchestra {

/// Gives task calls one by one; empty: no more. It is called on the awaiting coroutine's executor and must not block.
using task_source = std::function<std::optional<task_call>()>;
/// A source that waits for what it gives.
using async_task_source = std::function<awaitable<std::optional<task_call>>()>;

struct submit_all_options {
  /// Task calls of a plain source that are submitted together, at least 1. They are taken from the source before there
  /// is room for them: at most `max_pending` and a chunk wait in the run, and one more chunk outside of it.
  std::size_t chunk = 256;
  bool close = true;  ///< the run is closed at the end, however that comes: an error, an exception and cancellation too
};

/// Submits everything that a source gives to a `stay_open` run, no faster than the run takes it, and answers how many
/// task calls that were. With `run_options::keep` at `keep_results::failed` the memory needed does not grow with their
/// number. What a waiting source gives is submitted at once, each for itself. Errors: those of `run::submit`, with the
/// number that was submitted before; `invalid_argument` for a chunk of 0. What the source throws is rethrown, once what it
/// gave before is submitted; an error of that is answered instead.
awaitable<result<std::uint64_t>> submit_all(run r, task_source next, submit_all_options options = {});
awaitable<result<std::uint64_t>> submit_all(run r, async_task_source next, submit_all_options options = {});

}  // namespace corchestra
