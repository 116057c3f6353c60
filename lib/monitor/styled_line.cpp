#include "monitor/styled_line.hpp"

#include <algorithm>

#include "monitor/text_width.hpp"

namespace corchestra::detail {

namespace {

std::string_view code_of(text_style s) noexcept {
  switch (s) {
    case text_style::plain:
      return "";
    case text_style::dim:
      return "\x1b[2m";
    case text_style::bold:
      return "\x1b[1m";
    case text_style::good:
      return "\x1b[32m";
    case text_style::bad:
      return "\x1b[31m";
    case text_style::caution:
      return "\x1b[33m";
    case text_style::accent:
      return "\x1b[36m";
  }
  return "";
}

constexpr std::string_view reset = "\x1b[0m";

}  // namespace

styled_line& styled_line::add(std::string_view text, text_style style) {
  if (cut_ || text.empty()) return *this;
  std::string shown = clean_text(text);
  std::size_t width = display_width(shown);
  if (width > room()) {
    shown = cut_to_width(shown, room(), ellipsis_);
    width = display_width(shown);
    cut_ = true;
  }
  const std::string_view code = color_ ? code_of(style) : "";
  text_.append(code).append(shown);
  if (!code.empty()) text_.append(reset);
  columns_ += width;
  return *this;
}

styled_line& styled_line::pad_to(std::size_t column) {
  column = std::min(column, limit_);
  if (column <= columns_) return *this;
  text_.append(column - columns_, ' ');
  columns_ = column;
  return *this;
}

styled_line& styled_line::field(std::string_view text, std::size_t columns, bool right, text_style style) {
  const std::string shown = cut_to_width(clean_text(text), columns, ellipsis_);
  const std::size_t end = columns_ + columns;
  if (right) pad_to(end - display_width(shown));
  add(shown, style);
  return cut_ ? *this : pad_to(end);
}

}  // namespace corchestra::detail
