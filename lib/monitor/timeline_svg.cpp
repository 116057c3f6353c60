#include <corchestra/monitor/timeline_svg.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include <corchestra/base/text.hpp>

#include "monitor/concurrency_profile.hpp"
#include "monitor/number_text.hpp"
#include "monitor/state_palette.hpp"
#include "monitor/text_width.hpp"
#include "monitor/time_axis.hpp"
#include "monitor/timeline_rows.hpp"
#include "monitor/xml_text.hpp"

namespace corchestra {

namespace {

using detail::look_of;
using detail::short_number;
using detail::xml_text;

constexpr double page_width = 1200, margin = 24, right_edge = page_width - margin;
constexpr double label_font = 12, most_label_columns = 34, column_width = 0.6;
constexpr double profile_height = 64;

double text_width(std::string_view text, double font) {
  return static_cast<double>(detail::display_width(text)) * column_width * font;
}

std::string number_of(std::size_t n) { return detail::grouped(static_cast<std::int64_t>(n)); }

std::string count_of(std::size_t n, std::string_view what) {
  return concat(number_of(n), ' ', what, n == 1 ? "" : "s");
}

class picture {
 public:
  explicit picture(const timeline& t)
      : t_(t),
        profile_(detail::concurrency_profile(t)),
        span_(std::max<duration>(t.end - t.begin, std::chrono::microseconds(1))),
        rows_(detail::lay_out(t, span_ / static_cast<duration::rep>(page_width))) {
    double widest = 0;
    for (const auto& l : rows_.labels) widest = std::max(widest, text_width(l, label_font));
    left_ = margin + std::clamp(widest, 40.0, most_label_columns * column_width * label_font) + 10;
    row_height_ = rows_.by_task ? (rows_.labels.size() <= 30 ? 26 : 18)
                                : std::clamp(660.0 / static_cast<double>(std::max<std::size_t>(1, rows_.labels.size())),
                                             0.5, 24.0);
    bar_height_ = row_height_ >= 6 ? std::round(row_height_ * 0.68) : std::max(row_height_ * 0.85, 0.9);
  }

  std::string draw() {
    heading();
    legend();
    axis();
    gaps();
    bars();
    labels();
    if (t_.lanes > 1) concurrency();
    return page();
  }

 private:
  double x(time_point at) const {
    const double part = static_cast<double>((at - t_.begin).count()) / static_cast<double>(span_.count());
    return left_ + std::clamp(part, 0.0, 1.0) * (right_edge - left_);
  }
  double top() const { return 128; }
  double row_top(std::size_t row) const { return top() + static_cast<double>(row) * row_height_; }
  double bottom() const { return row_top(rows_.labels.size()); }

  void text(double tx, double ty, std::string_view css, std::string_view what, std::string_view more = "") {
    body_ += concat("<text x=\"", short_number(tx), "\" y=\"", short_number(ty), "\" class=\"", css, "\"", more, ">",
                    xml_text(what), "</text>\n");
  }

  void box(double bx, double by, double width, double height, double radius, std::string_view css,
           std::string_view title) {
    body_ += concat("<rect x=\"", short_number(bx), "\" y=\"", short_number(by), "\" width=\"", short_number(width),
                    "\" height=\"", short_number(height));
    if (radius > 0) body_ += concat("\" rx=\"", short_number(radius));
    body_ += concat("\" class=\"", css, "\"");
    body_ += title.empty() ? std::string("/>\n") : concat("><title>", xml_text(title), "</title></rect>\n");
  }

  std::string name() const { return t_.name.empty() ? std::string("Run") : detail::clean_text(t_.name); }

  std::string description() const {
    std::string s = concat(count_of(rows_.tasks, "task"), " in ", to_text(t_.end - t_.begin), ", at most ",
                           number_of(detail::peak_of(profile_)), " at once");
    if (rows_.never_started > 0) s += concat(", ", number_of(rows_.never_started), " never started");
    if (rows_.hidden_rows > 0) s += concat("; ", count_of(rows_.hidden_rows, "more row"), " not drawn");
    return s;
  }

  void heading() {
    text(margin, 38, "t h", detail::cut_to_width(name(), 90, "…"));
    text(margin, 60, "m", t_.run_id.empty() ? description() : concat(description(), " · run ", t_.run_id));
  }

  void legend() {
    std::array<std::size_t, task_state_count> counts{};
    for (const auto& e : t_.entries) ++counts[static_cast<std::size_t>(e.state)];
    double at = margin;
    const auto item = [&](std::string_view css, std::string_view label) {
      box(at, 76, 14, 10, 2, css, "");
      text(at + 19, 85, "m", label);
      at += 19 + text_width(label, label_font) + 16;
    };
    for (const task_state s : detail::drawn_states) {
      const std::size_t n = counts[static_cast<std::size_t>(s)];
      if (n > 0)
        item(s == task_state::skipped ? "n" : look_of(s).css_class, concat(look_of(s).name, ' ', number_of(n)));
    }
    if (std::any_of(rows_.gaps.begin(), rows_.gaps.end(), [](const auto& g) { return !g.never_started; }))
      item("w", "waiting");
  }

  void axis() {
    for (const auto& tick : detail::time_ticks(span_)) {
      const double at = std::round(x(t_.begin + tick.at)) + 0.5;
      body_ += concat("<path d=\"M", short_number(at), ' ', short_number(top() - 6), 'V', short_number(bottom()),
                      "\" class=\"g\"/>\n");
      text(at, top() - 11, "m", tick.label, " text-anchor=\"middle\"");
    }
    if (rows_.labels.empty()) text(left_, top() + 20, "m", "No task was started.");
  }

  void gaps() {
    const double height = rows_.by_task ? std::round(bar_height_ * 0.5) : bar_height_;
    for (const auto& g : rows_.gaps) {
      const double from = x(g.from);
      if (g.never_started) {
        box(from, row_top(g.row) + (row_height_ - bar_height_) / 2 + 1, 14, bar_height_ - 2, 3, "n", g.title);
        const auto columns = static_cast<std::size_t>((right_edge - from - 20) / (column_width * label_font));
        text(from + 20, baseline(g.row), "m", detail::cut_to_width(detail::clean_text(g.note), columns, "…"));
      } else {
        box(from, row_top(g.row) + (row_height_ - height) / 2, std::max(x(g.to) - from, 1.0), height,
            std::min(3.0, height / 4), "w", g.title);
      }
    }
  }

  // What went wrong is drawn last, on top.
  void bars() {
    for (const bool completed : {true, false}) {
      for (const auto& b : rows_.bars) {
        if ((b.state == task_state::completed) == completed) bar(b);
      }
    }
  }

  void bar(const detail::timeline_bar& b) {
    const double from = x(b.from), width = std::max(x(b.to) - from, rows_.by_task ? 2.0 : 0.6);
    const double y = row_top(b.row) + (row_height_ - bar_height_) / 2;
    box(from, y, width, bar_height_, b.attempts == 1 && bar_height_ >= 6 && width >= 10 ? 3 : 0,
        look_of(b.state).css_class, b.title);
    if (rows_.by_task) {
      beside(b, from, from + width);
    } else if (row_height_ >= 15) {
      inside_lane(b, from, width);
    }
  }

  // The name, unless little of it could be read.
  void inside_lane(const detail::timeline_bar& b, double from, double width) {
    constexpr double readable_columns = 10;
    const std::string what = detail::clean_text(b.name);
    const double columns = std::floor((width - 10) / (column_width * 11));
    if (columns < std::min(readable_columns, static_cast<double>(detail::display_width(what)))) return;
    inside(from + 6, b, detail::cut_to_width(what, static_cast<std::size_t>(columns), "…"));
  }

  double baseline(std::size_t row) const { return row_top(row) + row_height_ / 2 + 4; }

  void inside(double at, const detail::timeline_bar& b, std::string_view what, std::string_view more = "") {
    text(at, baseline(b.row), "i", what, concat(" fill=\"", look_of(b.state).ink, "\"", more));
  }

  // Duration, and the state where it is not the usual one: in the bar, after it, or before it, where there is room.
  void beside(const detail::timeline_bar& b, double from, double to) {
    std::string what = to_text(b.to - b.from);
    if (b.state == task_state::waiting) {
      what += ", failed";
    } else if (b.state != task_state::completed) {
      what += concat(", ", look_of(b.state).name);
    }
    const double needs = text_width(what, 11) + 12;
    if (to - from >= needs) {
      inside(from + 6, b, what);
    } else if (to + needs <= right_edge && free_after(b, to + needs)) {
      text(to + 6, baseline(b.row), "m i", what);
    } else if (from - needs >= left_ && b.state == task_state::completed) {
      text(from - 6, baseline(b.row), "m i", what, " text-anchor=\"end\"");
    }
  }

  bool free_after(const detail::timeline_bar& b, double until) const {
    return std::none_of(rows_.bars.begin(), rows_.bars.end(), [&](const detail::timeline_bar& o) {
      return o.row == b.row && o.from >= b.to && &o != &b && x(o.from) < until;
    });
  }

  void labels() {
    std::size_t every = 1;  // 1, 2, 5, 10, 20, 50, ...
    while (static_cast<double>(every) * row_height_ < 15)
      every = concat(every).front() == '2' ? every / 2 * 5 : every * 2;
    for (std::size_t row = every - 1; row < rows_.labels.size(); row += every) {
      const std::string shown = detail::cut_to_width(detail::clean_text(rows_.labels[row]),
                                                     static_cast<std::size_t>(most_label_columns), "…");
      text(left_ - 10, row_top(row) + std::max(row_height_, 8.0) / 2 + 4, rows_.by_task ? "t" : "m", shown,
           " text-anchor=\"end\"");
    }
    if (!rows_.by_task) text(left_ - 10, top() - 11, "m", "lane", " text-anchor=\"end\"");
  }

  // The most at once in each pixel column, as one outline.
  void concurrency() {
    const double base = bottom() + 26 + profile_height;
    const std::size_t peak = std::max<std::size_t>(1, detail::peak_of(profile_));
    const auto height = [&](std::size_t n) {
      return base - profile_height * static_cast<double>(n) / static_cast<double>(peak);
    };
    std::string d = concat('M', short_number(left_), ' ', short_number(base));
    std::size_t current = 0, drawn = 0;
    double column = left_;
    const auto turn = [&](double at, std::size_t n) {
      if (n != drawn) d += concat('H', short_number(at), 'V', short_number(height(n)));
      drawn = n;
    };
    std::size_t most = 0;
    for (const auto& s : profile_) {
      const double at = std::floor(x(s.at));
      if (at > column) {
        turn(column, most);
        turn(column + 1, current);
        column = at;
        most = current;
      }
      current = s.running;
      most = std::max(most, current);
    }
    turn(column, most);
    turn(std::min(column + 1, right_edge), current);
    d += concat('H', short_number(right_edge), 'V', short_number(base), 'Z');
    body_ += concat("<path d=\"", d, "\" class=\"p\"><title>running at once, at most ", number_of(peak),
                    "</title></path>\n");
    body_ += concat("<path d=\"M", short_number(left_), ' ', short_number(base + 0.5), 'H', short_number(right_edge),
                    "\" class=\"g\"/>\n");
    text(left_ - 10, base - profile_height + 9, "m", number_of(peak), " text-anchor=\"end\"");
    text(left_ - 10, base, "m", "0", " text-anchor=\"end\"");
    text(left_, base + 18, "m", "running at once");
  }

  static std::string style() {
    std::string s =
        "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
        ".h{font-size:20px;font-weight:600}.i{font-size:11px}.g{stroke:#e4e7eb;fill:none}.n{fill:none;stroke:#9aa3ad;"
        "stroke-dasharray:4 3}"
        ".bg{fill:#fff}.t{fill:#1c2127}.m{fill:#5d6670}.w{fill:#d8dee6}.p{fill:#c3d9ea;stroke:#0072b2}";
    std::string dark =
        ".bg{fill:#14171a}.t{fill:#e8eaed}.m{fill:#a2abb5}.g{stroke:#2b3138}.n{stroke:#6b747e}.w{fill:#3a424c}.p{fill:#"
        "1d3a4f;stroke:#56b4e9}";
    for (const task_state state : detail::drawn_states) {
      const auto look = look_of(state);
      s += concat('.', look.css_class, "{fill:", look.light, '}');
      dark += concat('.', look.css_class, "{fill:", look.dark, '}');
    }
    return concat(s, "@media(prefers-color-scheme:dark){", dark, '}');
  }

  std::string page() const {
    double end = bottom() + (t_.lanes > 1 ? 26 + profile_height + 24 : 0) + margin;
    if (rows_.labels.empty()) end += 30;
    const std::string width = short_number(page_width), height = short_number(std::ceil(end));
    return concat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", width, ' ', height, "\" width=\"", width,
                  "\" height=\"", height, "\" role=\"img\">\n<title>", xml_text(name()), "</title>\n<desc>",
                  xml_text(description()), "</desc>\n<style>", style(),
                  "</style>\n<rect width=\"100%\" height=\"100%\" class=\"bg\"/>\n", body_, "</svg>\n");
  }

  const timeline& t_;
  std::vector<detail::concurrency_step> profile_;
  duration span_;
  detail::timeline_rows rows_;
  double left_ = 0, row_height_ = 0, bar_height_ = 0;
  std::string body_;
};

}  // namespace

std::string timeline_svg(const timeline& t) { return picture(t).draw(); }

}  // namespace corchestra
