#pragma once

#include <string>
#include <string_view>

namespace corchestra::detail {

/// A name as a step of a JSON pointer (RFC 6901), without the slash before it.
inline std::string pointer_step(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace corchestra::detail
