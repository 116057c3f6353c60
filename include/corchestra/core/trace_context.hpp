#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra {

/// 16 bytes, never all zero; zero stands for `none`.
struct trace_id {
  std::uint64_t high = 0, low = 0;

  bool none() const noexcept { return high == 0 && low == 0; }
  friend bool operator==(const trace_id&, const trace_id&) = default;
};

/// 8 bytes, never zero; zero stands for `none`.
using span_id = std::uint64_t;

/// In lower case hexadecimal digits, 32 and 16 of them.
std::string to_hex(const trace_id& id);
std::string to_hex(span_id id);

/// A place in a trace, as W3C Trace Context hands it from program to program.
struct trace_context {
  trace_id trace;
  span_id span = 0;
  std::uint8_t flags = 1;  ///< bit 0: sampled
  std::string state;       ///< `tracestate`: what other systems have to say, passed on as it came

  bool none() const noexcept { return trace.none(); }
  bool sampled() const noexcept { return (flags & 1) != 0; }
  /// `00-TRACE-SPAN-FLAGS`; empty when a part is missing.
  std::string traceparent() const;
};

/// Reads a `traceparent` of any version, and `tracestate`, which is left out when it has more than 512 bytes or one
/// that cannot be sent in a header. Error: `invalid_argument`.
result<trace_context> parse_traceparent(std::string_view traceparent, std::string_view tracestate = {});

/// How a run takes part in traces.
struct trace_options {
  trace_context parent;  ///< the span that the run belongs to; none: the run begins a trace of its own
  /// The run's spans are exported: what an attempt calls gets the attempt's span, or its model call's, as parent. Else
  /// it gets `parent`.
  bool recorded = true;
};

}  // namespace corchestra
