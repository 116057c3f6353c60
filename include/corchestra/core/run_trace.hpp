#pragma once

#include <cstdint>
#include <string_view>

#include <corchestra/core/trace_context.hpp>

namespace corchestra {

/// The ids of a run's spans. They are computed from the run's id and numbers, so that an agent can hand on the id of a
/// span that is written down only when it has ended.
class run_trace {
 public:
  /// Without a parent's trace, the digits of a run id that is a UUID are the trace's id.
  run_trace(std::string_view run_id, const trace_context& parent);

  const trace_id& trace() const noexcept { return trace_; }
  span_id run() const noexcept { return of(0, 0, 0, 0); }
  span_id analysis() const noexcept { return of(1, 0, 0, 0); }
  span_id task(std::uint32_t task) const noexcept { return of(2, task, 0, 0); }
  span_id attempt(std::uint32_t task, std::uint32_t attempt) const noexcept { return of(3, task, attempt, 0); }
  /// Calls of an attempt are numbered 1, 2, 3, ...
  span_id model_call(std::uint32_t task, std::uint32_t attempt, std::uint64_t n) const noexcept {
    return of(4, task, attempt, n);
  }
  /// Of a call that has no number of its own: the nth without.
  span_id other_call(std::uint32_t task, std::uint32_t attempt, std::uint64_t n) const noexcept {
    return of(5, task, attempt, n);
  }

 private:
  span_id of(std::uint64_t kind, std::uint64_t task, std::uint64_t attempt, std::uint64_t n) const noexcept;

  trace_id trace_;
  std::uint64_t seed_;
};

}  // namespace corchestra
