#pragma once

#include <algorithm>
#include <string_view>

namespace corchestra::detail {

/// Whether LLM APIs take it as the name of a schema or function: [A-Za-z0-9_-]{1,64}.
inline bool is_api_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace corchestra::detail
