#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/glyphs.hpp"
#include "monitor/styled_line.hpp"

namespace corchestra::detail {

/// How much a line matters, which decides where it is shown.
enum class log_weight : std::uint8_t {
  detail,   ///< plain mode only: the bars show it on a terminal
  fact,     ///< everywhere but `quiet`
  failure,  ///< everywhere
};

/// A permanent line of the console: a mark and a text.
struct log_line {
  log_weight weight = log_weight::fact;
  std::string_view mark;  ///< of `glyphs`; empty indents the text under the line before
  text_style style = text_style::plain;
  std::string text;
};

/// Ready to print. With a limit, long text is wrapped and its further lines indented.
std::vector<std::string> render(const log_line& line, const glyphs& g, bool color,
                                std::size_t max_columns = styled_line::unlimited);

}  // namespace corchestra::detail
