#include "base/json_string.hpp"

#include <corchestra/base/json.hpp>

#include "base/plain_text.hpp"

namespace corchestra::detail {

void append_json_string(std::string& out, std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  const std::size_t begin = out.size();
  out += '"';
  const char *at = text.data(), *const end = at + text.size();
  for (;;) {
    const char* const stop = end_of_plain(at, end);
    out.append(at, stop);
    if (stop == end) break;
    const char c = *stop;
    if (static_cast<unsigned char>(c) >= 0x80) {
      out.resize(begin);
      out += dump_json(json(text));
      return;
    }
    out += '\\';
    if (c == '"' || c == '\\') {
      out += c;
    } else if (const auto short_form = std::string_view("\b\t\n\f\r").find(c); short_form != std::string_view::npos) {
      out += "btnfr"[short_form];
    } else {
      out += "u00";
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 15];
    }
    at = stop + 1;
  }
  out += '"';
}

}  // namespace corchestra::detail
