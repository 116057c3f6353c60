#include "monitor/svg_canvas.hpp"

#include <cmath>

#include <corchestra/base/text.hpp>

#include "monitor/number_text.hpp"
#include "monitor/state_palette.hpp"
#include "monitor/text_width.hpp"
#include "monitor/xml_text.hpp"

namespace corchestra::detail {

namespace {

constexpr std::string_view common_rules =
    "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    ".h{font-size:20px;font-weight:600}.i{font-size:11px}.bg{fill:#fff}.t{fill:#1c2127}.m{fill:#5d6670}";
constexpr std::string_view common_dark_rules = ".bg{fill:#14171a}.t{fill:#e8eaed}.m{fill:#a2abb5}";

std::string closed(std::string_view element, std::string_view title) {
  return title.empty() ? std::string("/>\n") : concat("><title>", xml_text(title), "</title></", element, ">\n");
}

}  // namespace

double text_width(std::string_view text, double font) {
  return static_cast<double>(display_width(text)) * width_of_column * font;
}

void svg_canvas::text(double x, double y, std::string_view css, std::string_view what, std::string_view more) {
  body_ += concat("<text x=\"", short_number(x), "\" y=\"", short_number(y), "\" class=\"", css, "\"", more, ">",
                  xml_text(what), "</text>\n");
}

void svg_canvas::box(double x, double y, double width, double height, double radius, std::string_view css,
                     std::string_view title, std::string_view more) {
  body_ += concat("<rect x=\"", short_number(x), "\" y=\"", short_number(y), "\" width=\"", short_number(width),
                  "\" height=\"", short_number(height), "\"");
  if (radius > 0) body_ += concat(" rx=\"", short_number(radius), "\"");
  body_ += concat(" class=\"", css, "\"", more, closed("rect", title));
}

void svg_canvas::path(std::string_view d, std::string_view css, std::string_view title, std::string_view more) {
  body_ += concat("<path d=\"", d, "\" class=\"", css, "\"", more, closed("path", title));
}

std::string svg_canvas::page(double width, double height, std::string_view title, std::string_view description,
                             std::string_view style, std::string_view dark_style) const {
  const std::string w = short_number(std::ceil(width)), h = short_number(std::ceil(height));
  return concat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", w, ' ', h, "\" width=\"", w, "\" height=\"",
                h, "\" role=\"img\">\n<title>", xml_text(title), "</title>\n<desc>", xml_text(description),
                "</desc>\n<style>", common_rules, style, "@media(prefers-color-scheme:dark){", common_dark_rules,
                dark_style, "}</style>\n<rect width=\"100%\" height=\"100%\" class=\"bg\"/>\n", body_, "</svg>\n");
}

std::string state_rules(bool dark) {
  std::string s;
  for (const task_state state : drawn_states) {
    const auto look = look_of(state);
    s += concat('.', look.css_class, "{fill:", dark ? look.dark : look.light, '}');
  }
  return s;
}

}  // namespace corchestra::detail
