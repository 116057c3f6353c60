#include "monitor/utf8.hpp"

namespace corchestra::detail {

namespace {

constexpr char32_t replacement = 0xFFFD;

bool is_scalar(char32_t c, int extra) noexcept {
  constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
  return c >= least[extra] && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& at) noexcept {
  const auto first = static_cast<unsigned char>(text[at++]);
  if (first < 0x80) return first;
  const int extra = first >= 0xF0 && first < 0xF8   ? 3
                    : first >= 0xE0 && first < 0xF0 ? 2
                    : first >= 0xC0 && first < 0xE0 ? 1
                                                    : 0;
  if (extra == 0 || at + static_cast<std::size_t>(extra) > text.size()) return replacement;
  char32_t c = first & (0x3Fu >> extra);
  for (int i = 0; i < extra; ++i) {
    const auto next = static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
    if ((next & 0xC0) != 0x80) return replacement;
    c = (c << 6) | (next & 0x3F);
  }
  if (!is_scalar(c, extra)) return replacement;
  at += static_cast<std::size_t>(extra);
  return c;
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  const int extra = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(lead[extra] | (c >> (6 * extra)));
  for (int i = extra - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((c >> (6 * i)) & 0x3F));
}

}  // namespace corchestra::detail
