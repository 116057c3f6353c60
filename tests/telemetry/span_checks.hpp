#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/telemetry/span.hpp>

namespace corchestra::tests {

inline const telemetry::attribute_value* find(const telemetry::span& s, std::string_view key) {
  const auto it = std::find_if(s.attributes.begin(), s.attributes.end(), [&](const auto& a) { return a.first == key; });
  return it == s.attributes.end() ? nullptr : &it->second;
}
inline std::string text(const telemetry::span& s, std::string_view key) {
  const auto* v = find(s, key);
  return v && std::holds_alternative<std::string>(*v) ? std::get<std::string>(*v) : std::string();
}
inline std::optional<std::int64_t> whole(const telemetry::span& s, std::string_view key) {
  const auto* v = find(s, key);
  return v && std::holds_alternative<std::int64_t>(*v) ? std::optional(std::get<std::int64_t>(*v)) : std::nullopt;
}

}  // namespace corchestra::tests
