#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <corchestra/core/trace_context.hpp>

namespace corchestra::telemetry {

using attribute_value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;
/// By name, in order; a name comes once.
using attributes = std::vector<std::pair<std::string, attribute_value>>;

/// As OTLP numbers them.
enum class span_kind : std::uint8_t { internal = 1, client = 3 };

struct span_link {
  trace_id trace;
  span_id span = 0;
};

/// One finished piece of work in a trace.
struct span {
  trace_id trace;
  span_id id = 0, parent = 0;  ///< no parent: 0
  std::string state;           ///< `tracestate`
  std::string name;
  span_kind kind = span_kind::internal;
  std::int64_t begin = 0, end = 0;  ///< nanoseconds since 1970
  telemetry::attributes attributes;
  std::vector<span_link> links;
  std::uint32_t dropped_links = 0;
  bool failed = false;
  std::string message;  ///< of a failure
};

}  // namespace corchestra::telemetry
