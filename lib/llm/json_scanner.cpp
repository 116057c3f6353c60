#include "llm/json_scanner.hpp"

#include <charconv>

#include "base/plain_text.hpp"

namespace corchestra::llm {

namespace {

bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned c) {
  const auto tail = [&out, c](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    tail(12), tail(6), tail(0);
  }
}

}  // namespace

bool json_scanner::plain_string(std::string_view& out) {
  if (!take('"')) return false;
  const char* const stop = detail::end_of_plain(at_, end_);
  if (stop == end_ || *stop != '"') return false;
  out = std::string_view(at_, static_cast<std::size_t>(stop - at_));
  at_ = stop + 1;
  return true;
}

bool json_scanner::string(std::string& out) {
  if (!take('"')) return false;
  for (;;) {
    const char* const stop = detail::end_of_plain(at_, end_);
    if (stop == end_) return false;
    out.append(at_, stop);
    at_ = stop + 1;
    if (*stop == '"') return true;
    unsigned code_point = 0;
    if (*stop != '\\' || !escape(code_point)) return false;
    append_utf8(out, code_point);
  }
}

bool json_scanner::escape(unsigned& code_point) {
  if (at_ == end_) return false;
  switch (const char c = *at_++) {
    case '"':
    case '\\':
    case '/':
      code_point = static_cast<unsigned char>(c);
      return true;
    case 'b':
      code_point = '\b';
      return true;
    case 'f':
      code_point = '\f';
      return true;
    case 'n':
      code_point = '\n';
      return true;
    case 'r':
      code_point = '\r';
      return true;
    case 't':
      code_point = '\t';
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  if (!hex(code_point)) return false;
  if (code_point < 0xD800 || code_point > 0xDFFF) return true;
  unsigned low = 0;
  if (code_point > 0xDBFF || end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return false;
  at_ += 2;
  if (!hex(low) || low < 0xDC00 || low > 0xDFFF) return false;
  code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
  return true;
}

bool json_scanner::hex(unsigned& out) {
  if (end_ - at_ < 4) return false;
  const auto [stop, ec] = std::from_chars(at_, at_ + 4, out, 16);
  if (ec != std::errc() || stop != at_ + 4) return false;
  at_ = stop;
  return true;
}

bool json_scanner::number(bool& whole) {
  const auto digits = [this] {
    const char* const from = at_;
    while (at_ != end_ && digit(*at_)) ++at_;
    return at_ != from;
  };
  whole = true;
  const char* const from = at_;
  bool has_exponent = false;
  if (*at_ == '-') ++at_;
  if (at_ != end_ && *at_ == '0')
    ++at_;
  else if (!digits())
    return false;
  if (at_ != end_ && *at_ == '.') {
    whole = false;
    ++at_;
    if (!digits()) return false;
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    whole = false;
    has_exponent = true;
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return false;
  }
  constexpr std::ptrdiff_t always_finite = 300;  // characters, without an exponent
  double value = 0;
  if ((has_exponent || at_ - from > always_finite) && std::from_chars(from, at_, value).ec != std::errc()) return false;
  return at_ == end_ || (!digit(*at_) && *at_ != '.');
}

bool json_scanner::integer(std::int64_t& out) {
  peek();
  const char* const from = at_;
  bool whole = false;
  if (from == end_ || !number(whole) || !whole) return false;
  const auto [stop, ec] = std::from_chars(from, at_, out);
  return ec == std::errc() && stop == at_;
}

bool json_scanner::word(std::string_view w) {
  if (static_cast<std::size_t>(end_ - at_) < w.size() || std::string_view(at_, w.size()) != w) return false;
  at_ += w.size();
  return true;
}

bool json_scanner::any_string() {
  if (!take('"')) return false;
  unsigned code_point = 0;
  for (;;) {
    const char* const stop = detail::end_of_plain(at_, end_);
    if (stop == end_) return false;
    at_ = stop + 1;
    if (*stop == '"') return true;
    if (*stop != '\\' || !escape(code_point)) return false;
  }
}

bool json_scanner::skip() {
  bool whole = false;
  switch (peek()) {
    case '{':
      return object([this](std::string_view) { return skip(); });
    case '[':
      return array([this] { return skip(); });
    case '"':
      return any_string();
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      return at_ != end_ && (*at_ == '-' || digit(*at_)) && number(whole);
  }
}

}  // namespace corchestra::llm
