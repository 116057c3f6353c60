#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace corchestra {

namespace detail {
inline void append_text(std::string& out, std::string_view s) { out += s; }
inline void append_text(std::string& out, char c) { out += c; }
template <std::integral I>
  requires(!std::same_as<I, char>)
void append_text(std::string& out, I n) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, n).ptr;
  out.append(buffer, end);
}
}  // namespace detail

/// Strings, characters and integers in a row: `concat("line ", 7, ": ", what)`.
template <class... T>
std::string concat(const T&... parts) {
  std::string out;
  (detail::append_text(out, parts), ...);
  return out;
}

/// A number with a fixed count of decimals: `fixed(2.7345, 2)` is `2.73`.
std::string fixed(double value, int decimals);

/// `a, b, c`
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// In single quotes, control characters escaped, cut to `max` bytes: for naming input in messages. (Not `quoted`:
/// argument-dependent lookup would find std::quoted.)
std::string quote(std::string_view s, std::size_t max = 80);

/// One line for a log or terminal: control characters become spaces, cut at a code point to at most `max` bytes.
std::string one_line(std::string_view s, std::size_t max);

std::string_view trim(std::string_view s);
std::string to_lower(std::string_view s);

/// The candidate closest to `word` (for "did you mean"), empty when none is near.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace corchestra
