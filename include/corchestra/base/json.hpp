#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>
#include <nlohmann/json.hpp>

namespace corchestra {

using nlohmann::json;
/// Keeps the order of insertion: for records that people read.
using nlohmann::ordered_json;

/// Bounds for JSON from outside.
struct json_limits {
  std::size_t max_bytes = 64u << 20;
  std::size_t max_depth = 128;
};

/// Parses one JSON value. Errors: `too_large`, `too_deep`, `invalid_json` with line and column. Never throws on bad input.
result<json> parse_json(std::string_view text, const json_limits& limits = {});

/// Compact text; invalid UTF-8 becomes U+FFFD instead of an exception. `indent` >= 0 makes it readable.
std::string dump_json(const json& value, int indent = -1);
std::string dump_json(const ordered_json& value, int indent = -1);

/// A string as it is, any other value as compact JSON.
std::string to_text(const json& value);

/// Follows an RFC 6901 pointer (`/rows/0`, empty for the whole). Error: `unresolved_reference`, naming the missing step.
result<json> at_pointer(const json& value, std::string_view pointer);

}  // namespace corchestra
