#pragma once

#include <string>
#include <string_view>

namespace corchestra::detail {

/// Of a character in the fonts that pages ask for, about, for one pixel of size.
inline constexpr double width_of_column = 0.6;
/// How wide a text is about, in pixels.
double text_width(std::string_view text, double font);

/// Collects the elements of an SVG picture. Coordinates are rounded; texts and titles are escaped.
class svg_canvas {
 public:
  static constexpr double font = 12;

  /// `more`: further attributes, beginning with a space.
  void text(double x, double y, std::string_view css, std::string_view what, std::string_view more = "");
  void box(double x, double y, double width, double height, double radius, std::string_view css,
           std::string_view title = "", std::string_view more = "");
  /// `d` as in the path element.
  void path(std::string_view d, std::string_view css, std::string_view title = "", std::string_view more = "");
  void raw(std::string_view element) { body_ += element; }

  /// A self-contained page for light and dark surroundings. `style` comes after the common rules, `dark_style` holds on
  /// dark pages.
  std::string page(double width, double height, std::string_view title, std::string_view description,
                   std::string_view style, std::string_view dark_style) const;

 private:
  std::string body_;
};

/// The CSS classes of task states (`look_of`), on light or on dark pages.
std::string state_rules(bool dark);

}  // namespace corchestra::detail
