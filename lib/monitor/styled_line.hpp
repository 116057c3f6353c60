#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corchestra::detail {

enum class text_style : std::uint8_t { plain, dim, bold, good, bad, caution, accent };

/// One line for a terminal that never gets wider than its limit. Colour codes take no columns; text is made safe to
/// show.
class styled_line {
 public:
  static constexpr std::size_t unlimited = ~std::size_t{0};

  styled_line(bool color, std::string_view ellipsis, std::size_t max_columns = unlimited)
      : ellipsis_(ellipsis), limit_(max_columns), color_(color) {}

  styled_line& add(std::string_view text, text_style style = text_style::plain);
  /// Spaces up to this column.
  styled_line& pad_to(std::size_t column);
  /// `text` in a field of `columns`, cut if longer.
  styled_line& field(std::string_view text, std::size_t columns, bool right = false,
                     text_style style = text_style::plain);

  std::size_t columns() const noexcept { return columns_; }
  std::size_t room() const noexcept { return limit_ - columns_; }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::string_view ellipsis_;
  std::size_t limit_, columns_ = 0;
  bool color_, cut_ = false;
};

}  // namespace corchestra::detail
