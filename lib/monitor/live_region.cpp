#include "monitor/live_region.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>

namespace corchestra::detail {

std::string live_region::redraw(const std::vector<std::string>& scrolled, const std::vector<styled_line>& region) {
  if (scrolled.empty() && region.empty() && rows_ == 0) return {};
  std::string out;
  if (rows_ > 0) out = concat("\r\x1b[", rows_, 'A');
  for (const auto& line : scrolled) out.append(line).append("\x1b[K\n");
  drawn_.clear();
  for (const auto& line : region) {
    out.append(line.text()).append("\x1b[K\n");
    drawn_.push_back(line.columns());
  }
  if (rows_ > 0) out.append("\x1b[J");
  rows_ = region.size();
  return out;
}

void live_region::resize(std::size_t columns) {
  rows_ = 0;
  for (const std::size_t width : drawn_)
    rows_ += columns == 0 ? 1 : std::max<std::size_t>(1, (width + columns - 1) / columns);
}

}  // namespace corchestra::detail
