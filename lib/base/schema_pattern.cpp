#include "base/schema_pattern.hpp"

#include <bit>
#include <locale>

namespace corchestra::detail {

static_assert(sizeof(wchar_t) >= 4, "a wchar_t holds any character");

std::wstring code_points(std::string_view utf8) {
  std::wstring out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size();) {
    const auto first = static_cast<unsigned char>(utf8[i]);
    const auto length = static_cast<std::size_t>(std::countl_one(first));  // 0: ASCII
    wchar_t c = first;
    std::size_t used = 1;
    if (length >= 2 && length <= 4 && i + length <= utf8.size()) {
      c = first & (0x7f >> length);
      for (; used < length; ++used) c = (c << 6) | (static_cast<unsigned char>(utf8[i + used]) & 0x3f);
    }
    out += c;
    i += used;
  }
  return out;
}

std::wregex compile_pattern(std::string_view utf8) {
  std::wregex out;
  out.imbue(std::locale::classic());
  out.assign(code_points(utf8), std::regex::ECMAScript);
  return out;
}

}  // namespace corchestra::detail
