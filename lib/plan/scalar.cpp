#include <algorithm>
#include <charconv>
#include <cmath>

#include "plan/parse.hpp"

namespace corchestra::plan_file {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits(std::string_view s, std::size_t at) {
  const std::size_t start = at;
  while (at < s.size() && is_digit(s[at])) ++at;
  return at - start;
}

/// `[-+]? ( . [0-9]+ | [0-9]+ ( . [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
bool is_number(std::string_view s, bool& integer) {
  std::size_t at = !s.empty() && (s[0] == '-' || s[0] == '+') ? 1 : 0;
  const std::size_t whole = digits(s, at);
  at += whole;
  integer = whole > 0 && at == s.size();
  if (integer) return true;
  std::size_t decimals = 0;
  if (at < s.size() && s[at] == '.') decimals = digits(s, ++at);
  at += decimals;
  if (whole == 0 && decimals == 0) return false;
  if (at < s.size() && (s[at] == 'e' || s[at] == 'E')) {
    ++at;
    if (at < s.size() && (s[at] == '-' || s[at] == '+')) ++at;
    const std::size_t exponent = digits(s, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == s.size();
}

template <class T, class... Base>
bool whole(std::string_view s, T& out, Base... base) {
  const auto [end, problem] = std::from_chars(s.data(), s.data() + s.size(), out, base...);
  return problem == std::errc() && end == s.data() + s.size();
}

}  // namespace

json plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  std::uint64_t natural = 0;
  if (text.starts_with("0x") && whole(text.substr(2), natural, 16)) return natural;
  if (text.starts_with("0o") && whole(text.substr(2), natural, 8)) return natural;
  bool integer = false;
  if (!is_number(text, integer)) return std::string(text);
  const std::string_view number = text[0] == '+' ? text.substr(1) : text;
  std::int64_t i = 0;
  if (integer && whole(number, i)) return i;
  if (integer && whole(number, natural)) return natural;
  double d = 0;
  if (whole(number, d) && std::isfinite(d)) return d;
  return std::string(text);
}

int first_bad_utf8_line(std::string_view text) {
  std::size_t i = 0;
  const auto bad = [&] {
    return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i), '\n'));
  };
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 && lead < 0xf5   ? 4
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                                                             : 0;
    if (length == 0 || i + length > text.size()) return bad();
    std::uint32_t code = lead & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return bad();
      code = (code << 6) | (next & 0x3fu);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return bad();
    i += length;
  }
  return 0;
}

}  // namespace corchestra::plan_file
