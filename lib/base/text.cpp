#include <corchestra/base/text.hpp>

#include <algorithm>
#include <cmath>

namespace corchestra {

namespace {

/// The longest prefix of at most `max` bytes that does not end within a code point.
std::string_view prefix(std::string_view s, std::size_t max) {
  if (s.size() <= max) return s;
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(s[end]) & 0xC0) == 0x80) --end;
  return s.substr(0, end);
}

std::string_view cut(std::string_view s, std::size_t max, std::string_view& mark) {
  if (s.size() <= max) return s;
  if (max >= 3) mark = "...";
  return prefix(s, max - mark.size());
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7F; }

/// U+0080 to U+009F, which some terminals obey.
bool is_c1(std::string_view s, std::size_t i) {
  return s[i] == '\xC2' && i + 1 < s.size() && static_cast<unsigned char>(s[i + 1]) >= 0x80 &&
         static_cast<unsigned char>(s[i + 1]) < 0xA0;
}

constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Edits (insert, delete, replace, swap of neighbours) between two words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string fixed(double value, int decimals) {
  char buffer[400];
  const auto r =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, std::clamp(decimals, 0, 50));
  return {buffer, r.ptr};
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string quote(std::string_view s, std::size_t max) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string_view mark;
  std::string out = "'";
  for (const char c : cut(s, max, mark)) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (is_control(u)) {
      out += "\\x";
      out += digits[u >> 4];
      out += digits[u & 15];
    } else {
      out += c;
    }
  }
  out += mark;
  out += '\'';
  return out;
}

std::string one_line(std::string_view s, std::size_t max) {
  std::string_view mark;
  std::string out(cut(s, max, mark));
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (is_control(static_cast<unsigned char>(out[i]))) {
      out[i] = ' ';
    } else if (is_c1(out, i)) {
      out[i] = ' ';
      out.erase(i + 1, 1);
    }
  }
  out += mark;
  return out;
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

std::string to_lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > 100) return {};
  const std::string wanted = to_lower(word);
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string found;
  for (const std::string& c : candidates) {
    const std::size_t gap = c.size() > word.size() ? c.size() - word.size() : word.size() - c.size();
    if (gap >= best) continue;
    const std::size_t d = distance(wanted, to_lower(c));
    if (d < best) {
      best = d;
      found = c;
    }
  }
  return found;
}

}  // namespace corchestra
