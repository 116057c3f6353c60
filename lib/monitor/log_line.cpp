#include "monitor/log_line.hpp"

#include <algorithm>

#include "monitor/text_width.hpp"

namespace corchestra::detail {

namespace {
constexpr std::size_t indent = 3;
constexpr std::size_t max_wrapped = 6;
}  // namespace

std::vector<std::string> render(const log_line& line, const glyphs& g, bool color, std::size_t max_columns) {
  const std::size_t before = line.mark.empty() ? indent : display_width(line.mark) + 1;
  const std::size_t columns = max_columns > before ? max_columns - before : 1;
  std::vector<std::string> out;
  for (const auto& part : wrap_text(clean_text(line.text), columns, max_wrapped, g.ellipsis)) {
    styled_line l(color, g.ellipsis, max_columns);
    if (out.empty()) l.add(line.mark, line.style);
    out.push_back(l.pad_to(before).add(part).text());
  }
  return out;
}

}  // namespace corchestra::detail
