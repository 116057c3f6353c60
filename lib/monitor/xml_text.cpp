#include "monitor/xml_text.hpp"

#include "monitor/utf8.hpp"

namespace corchestra::detail {

namespace {

bool is_xml_character(char32_t c) noexcept {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xFFFE && c != 0xFFFF);
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      append_utf8(out, is_xml_character(c) ? c : char32_t{0xFFFD});
    }
  }
  return out;
}

}  // namespace corchestra::detail
