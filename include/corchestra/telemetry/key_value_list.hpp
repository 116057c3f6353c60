#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <corchestra/base/error.hpp>

namespace corchestra::telemetry {

/// `name=value,name=value` with percent-encoded values, as OTEL_RESOURCE_ATTRIBUTES and OTEL_EXPORTER_OTLP_HEADERS hold
/// it. Empty parts are passed over. Error: `invalid_argument`, which quotes no value.
result<std::vector<std::pair<std::string, std::string>>> parse_key_value_list(std::string_view text);

}  // namespace corchestra::telemetry
