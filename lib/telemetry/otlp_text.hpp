#pragma once

#include <string>

#include <corchestra/telemetry/span.hpp>

namespace corchestra::telemetry {

/// A span as OTLP's JSON has it.
std::string span_text(const span& s);

/// `[{"key":...,"value":{...}}, ...]`
std::string attributes_text(const attributes& list);

/// An int64, or a time: OTLP's JSON writes them as strings.
std::string quoted(std::int64_t n);

/// The whole body of a request to /v1/traces from texts of spans with commas between them.
std::string traces_body(const std::string& resource, std::string_view spans);
/// The same for /v1/metrics.
std::string metrics_body(const std::string& resource, std::string_view metrics);

}  // namespace corchestra::telemetry
