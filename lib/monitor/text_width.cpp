#include "monitor/text_width.hpp"

#include <algorithm>
#include <iterator>

#include "monitor/utf8.hpp"

namespace corchestra::detail {

namespace {

struct range {
  char32_t first, last;
};

constexpr range zero_width[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x06D6, 0x06DC},
    {0x093C, 0x093C}, {0x0941, 0x0948}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF},
};

constexpr range two_columns[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},
    {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F5},   {0x26FA, 0x26FD},
    {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274C},   {0x274E, 0x274E},
    {0x2753, 0x2757},   {0x2795, 0x2797},   {0x27B0, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B55},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x16FE0, 0x18AFF}, {0x1B000, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F19A},
    {0x1F1E6, 0x1F320}, {0x1F32D, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7EB}, {0x1F900, 0x1F9FF},
    {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

template <std::size_t N>
bool in(const range (&table)[N], char32_t c) noexcept {
  const auto it =
      std::upper_bound(std::begin(table), std::end(table), c, [](char32_t v, const range& r) { return v < r.first; });
  return it != std::begin(table) && c <= std::prev(it)->last;
}

bool is_control(char32_t c) noexcept { return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029; }

// Marks that reorder what is shown, those that show nothing, and those that ask for another width.
bool is_hidden(char32_t c) noexcept {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0x200E ||
         c == 0x200F || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE01EF);
}

// The longest beginning of `text` that fits, in bytes.
std::size_t fitting(std::string_view text, std::size_t columns) noexcept {
  std::size_t used = 0, at = 0;
  while (at < text.size()) {
    std::size_t next = at;
    const std::size_t w = column_width(next_code_point(text, next));
    if (used + w > columns) break;
    used += w;
    at = next;
  }
  return at;
}

}  // namespace

std::size_t column_width(char32_t c) noexcept {
  if (c < 0x300) return is_control(c) ? 0 : 1;
  if (in(zero_width, c) || is_hidden(c) || is_control(c)) return 0;
  return in(two_columns, c) ? 2 : 1;
}

std::size_t display_width(std::string_view text) noexcept {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) columns += column_width(next_code_point(text, at));
  return columns;
}

std::string clean_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (is_hidden(c)) continue;
    append_utf8(out, is_control(c) ? U' ' : c);
  }
  return out;
}

std::string cut_to_width(std::string_view text, std::size_t columns, std::string_view ellipsis) {
  if (fitting(text, columns) == text.size()) return std::string(text);
  const std::size_t mark = display_width(ellipsis);
  if (mark > columns) return std::string(text.substr(0, fitting(text, columns)));
  return std::string(text.substr(0, fitting(text, columns - mark))).append(ellipsis);
}

std::vector<std::string> wrap_text(std::string_view text, std::size_t columns, std::size_t max_lines,
                                   std::string_view ellipsis) {
  std::vector<std::string> lines;
  while (true) {
    std::size_t end = fitting(text, columns);
    if (end == text.size() || lines.size() + 1 >= max_lines) break;
    std::size_t next = end;
    const std::size_t space = text.substr(0, end + 1).rfind(' ');
    if (space != std::string_view::npos && space > 0) {
      end = space;
      next = space + 1;
    }
    if (next == 0) break;  // not even one character fits
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(next);
  }
  lines.push_back(cut_to_width(text, columns, ellipsis));
  return lines;
}

}  // namespace corchestra::detail
