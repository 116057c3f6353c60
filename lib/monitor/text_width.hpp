#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace corchestra::detail {

/// Columns of a code point on a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji.
std::size_t column_width(char32_t c) noexcept;

/// Columns of a text without control characters.
std::size_t display_width(std::string_view text) noexcept;

/// Safe to show: control characters and line breaks become spaces, direction overrides and variation selectors vanish,
/// invalid UTF-8 becomes U+FFFD. Text of a model cannot move the cursor.
std::string clean_text(std::string_view text);

/// At most `columns` wide; what is cut is replaced by `ellipsis`.
std::string cut_to_width(std::string_view text, std::size_t columns, std::string_view ellipsis);

/// Lines of at most `columns`, broken at spaces where there are any; past `max_lines` the last ends with `ellipsis`.
std::vector<std::string> wrap_text(std::string_view text, std::size_t columns, std::size_t max_lines,
                                   std::string_view ellipsis);

}  // namespace corchestra::detail
