#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/json.hpp>
#include <corchestra/runtime/orchestrator.hpp>

namespace corchestra {

/// The events of one run as records (lines of events.jsonl), to be awaited on another executor than the run's strand: for
/// a connection, a log shipper, a user interface. Bounded: of a task's progress that nobody has read only the last is
/// kept; when more than `capacity` records wait, the oldest progress is dropped, then the oldest of the others. That a
/// task was submitted, or has ended, the run's end and questions never are, and do not count.
class event_stream {
 public:
  /// `executor` is the reader's.
  explicit event_stream(any_io_executor executor, std::size_t capacity = 1024);
  event_stream(event_stream&&) noexcept = default;
  event_stream& operator=(event_stream&&) = delete;
  ~event_stream();

  /// To be given to `orchestrator::start`. Other callbacks can be added to it.
  run_callbacks callbacks();

  /// The next record; empty after `run_ended` was read. One reader at a time. Cancellation throws operation_aborted.
  awaitable<std::optional<ordered_json>> next();

  /// When this stream is destroyed before the run has ended, the run is cancelled.
  void cancel_on_exit(run r);

  std::size_t dropped() const noexcept;  ///< records that the reader was too slow for

 private:
  struct state;
  std::shared_ptr<state> state_;
  std::optional<run> run_;
};

}  // namespace corchestra
