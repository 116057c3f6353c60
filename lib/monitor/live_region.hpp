#pragma once

#include <string>
#include <vector>

#include "monitor/styled_line.hpp"

namespace corchestra::detail {

/// The lines at the bottom of a terminal that are drawn over again. It knows how far up to go, and leaves the cursor at
/// the start of the line below. Uses nothing but "cursor up" and "erase", so there is nothing to restore.
class live_region {
 public:
  /// Bytes that print `scrolled` above and the region anew; empty when there is nothing to do.
  std::string redraw(const std::vector<std::string>& scrolled, const std::vector<styled_line>& region);
  /// Bytes that print `scrolled` where the region was.
  std::string erase(const std::vector<std::string>& scrolled) { return redraw(scrolled, {}); }
  /// The terminal is this wide now: what was drawn for a wider one has been wrapped by it.
  void resize(std::size_t columns);

 private:
  std::vector<std::size_t> drawn_;  // columns of each line on the screen
  std::size_t rows_ = 0;
};

}  // namespace corchestra::detail
