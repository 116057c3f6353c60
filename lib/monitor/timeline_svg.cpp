#include <corchestra/monitor/timeline_svg.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include <corchestra/base/text.hpp>

#include "monitor/concurrency_profile.hpp"
#include "monitor/number_text.hpp"
#include "monitor/state_palette.hpp"
#include "monitor/svg_canvas.hpp"
#include "monitor/text_width.hpp"
#include "monitor/time_axis.hpp"
#include "monitor/timeline_rows.hpp"

namespace corchestra {

namespace {

using detail::look_of;
using detail::short_number;
using detail::text_width;
using detail::width_of_column;

constexpr double page_width = 1200, page_margin = 24, right_edge = page_width - page_margin;
constexpr double label_font = 12, most_label_columns = 34;
constexpr double profile_height = 64;

std::string grouped(std::size_t n) { return detail::grouped_text(static_cast<std::int64_t>(n)); }

std::string count_of(std::size_t n, std::string_view what) { return concat(grouped(n), ' ', what, n == 1 ? "" : "s"); }

class picture {
 public:
  picture(const timeline& t, const time_attribution* uses)
      : t_(t),
        profile_(detail::concurrency_profile(t)),
        span_(std::max<duration>(t.end - t.begin, std::chrono::microseconds(1))),
        rows_(detail::lay_out(t, span_ / static_cast<duration::rep>(page_width), uses)) {
    if (uses) waited_ = uses->totals();
    waited_[time_use::run] = waited_[time_use::child] = {};
    some_use_ = waited_.total() > duration::zero();

    double widest = 0;
    for (const auto& l : rows_.labels) widest = std::max(widest, text_width(l, label_font));
    left_ = page_margin + std::clamp(widest, 40.0, most_label_columns * width_of_column * label_font) + 10;
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
  double top() const { return some_use_ ? 150 : 128; }
  double row_top(std::size_t row) const { return top() + static_cast<double>(row) * row_height_; }
  double bottom() const { return row_top(rows_.labels.size()); }

  std::string name() const { return t_.name.empty() ? std::string("Run") : detail::clean_text(t_.name); }

  std::string description() const {
    std::string s = concat(count_of(rows_.tasks, "task"), " in ", to_text(t_.end - t_.begin), ", at most ",
                           grouped(detail::peak_of(profile_)), " at once");
    if (rows_.never_started > 0) s += concat(", ", grouped(rows_.never_started), " never started");
    if (rows_.hidden_rows > 0) s += concat("; ", count_of(rows_.hidden_rows, "more row"), " not drawn");
    return s;
  }

  void heading() {
    canvas_.text(page_margin, 38, "t h", detail::cut_to_width(name(), 90, "…"));
    canvas_.text(page_margin, 60, "m", t_.run_id.empty() ? description() : concat(description(), " · run ", t_.run_id));
  }

  void legend() {
    std::array<std::size_t, task_state_count> counts{};
    for (const auto& e : t_.entries) ++counts[static_cast<std::size_t>(e.state)];
    double at = page_margin, y = 76;
    const auto item = [&](std::string_view css, std::string_view label) {
      canvas_.box(at, y, 14, 10, 2, css);
      canvas_.text(at + 19, y + 9, "m", label);
      at += 19 + text_width(label, label_font) + 16;
    };
    for (const task_state s : detail::drawn_states) {
      const std::size_t n = counts[static_cast<std::size_t>(s)];
      if (n > 0) item(s == task_state::skipped ? "n" : look_of(s).css_class, concat(look_of(s).name, ' ', grouped(n)));
    }
    if (std::any_of(rows_.gaps.begin(), rows_.gaps.end(), [](const auto& g) { return !g.never_started && !g.use; }))
      item("w", "waiting");
    if (!some_use_) return;
    at = page_margin;
    y = 98;
    canvas_.text(at, y + 9, "m", "waited for");
    at += text_width("waited for", label_font) + 8;
    for (int u = 0; u < time_use_count; ++u) {
      const duration d = waited_[static_cast<time_use>(u)];
      const auto look = look_of(static_cast<time_use>(u));
      if (d > duration::zero()) item(look.css_class, concat(look.name, ' ', to_text(d)));
    }
  }

  void axis() {
    for (const auto& tick : detail::time_ticks(span_)) {
      const double at = std::round(x(t_.begin + tick.at)) + 0.5;
      canvas_.path(concat('M', short_number(at), ' ', short_number(top() - 6), 'V', short_number(bottom())), "g");
      canvas_.text(at, top() - 11, "m", tick.label, " text-anchor=\"middle\"");
    }
    if (rows_.labels.empty()) canvas_.text(left_, top() + 20, "m", "No task was started.");
  }

  void gaps() {
    for (const auto& g : rows_.gaps) {
      const double from = x(g.from), part = !rows_.by_task ? 1 : g.use ? 0.34 : 0.5;
      const double height = rows_.by_task ? std::round(bar_height_ * part) : bar_height_;
      if (g.never_started) {
        canvas_.box(from, row_top(g.row) + (row_height_ - bar_height_) / 2 + 1, 14, bar_height_ - 2, 3, "n", g.title);
        const auto columns = static_cast<std::size_t>((right_edge - from - 20) / (width_of_column * label_font));
        canvas_.text(from + 20, baseline(g.row), "m", detail::cut_to_width(detail::clean_text(g.note), columns, "…"));
      } else {
        canvas_.box(from, row_top(g.row) + (row_height_ - height) / 2, std::max(x(g.to) - from, 1.0), height,
                    g.use ? 0 : std::min(3.0, height / 4), g.use ? look_of(*g.use).css_class : "w", g.title);
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
    canvas_.box(from, y, width, bar_height_, b.attempts == 1 && bar_height_ >= 6 && width >= 10 ? 3 : 0,
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
    const double columns = std::floor((width - 10) / (width_of_column * 11));
    if (columns < std::min(readable_columns, static_cast<double>(detail::display_width(what)))) return;
    inside(from + 6, b, detail::cut_to_width(what, static_cast<std::size_t>(columns), "…"));
  }

  double baseline(std::size_t row) const { return row_top(row) + row_height_ / 2 + 4; }

  void inside(double at, const detail::timeline_bar& b, std::string_view what, std::string_view more = "") {
    canvas_.text(at, baseline(b.row), "i", what, concat(" fill=\"", look_of(b.state).ink, "\"", more));
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
      canvas_.text(to + 6, baseline(b.row), "m i", what);
    } else if (from - needs >= left_ && b.state == task_state::completed) {
      canvas_.text(from - 6, baseline(b.row), "m i", what, " text-anchor=\"end\"");
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
      canvas_.text(left_ - 10, row_top(row) + std::max(row_height_, 8.0) / 2 + 4, rows_.by_task ? "t" : "m", shown,
                   " text-anchor=\"end\"");
    }
    if (!rows_.by_task) canvas_.text(left_ - 10, top() - 11, "m", "lane", " text-anchor=\"end\"");
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
    canvas_.path(d, "p", concat("running at once, at most ", grouped(peak)));
    canvas_.path(concat('M', short_number(left_), ' ', short_number(base + 0.5), 'H', short_number(right_edge)), "g");
    canvas_.text(left_ - 10, base - profile_height + 9, "m", grouped(peak), " text-anchor=\"end\"");
    canvas_.text(left_ - 10, base, "m", "0", " text-anchor=\"end\"");
    canvas_.text(left_, base + 18, "m", "running at once");
  }

  static std::string rules(bool dark) {
    std::string s(dark ? ".g{stroke:#2b3138}.n{stroke:#6b747e}.w{fill:#3a424c}.p{fill:#1d3a4f;stroke:#56b4e9}"
                       : ".g{stroke:#e4e7eb;fill:none}.n{fill:none;stroke:#9aa3ad;stroke-dasharray:4 3}"
                         ".w{fill:#d8dee6}.p{fill:#c3d9ea;stroke:#0072b2}");
    for (int u = 0; u < time_use_count; ++u) {
      const auto look = look_of(static_cast<time_use>(u));
      s += concat('.', look.css_class, "{fill:", dark ? look.dark : look.light, '}');
    }
    return s + detail::state_rules(dark);
  }

  std::string page() const {
    double end = bottom() + (t_.lanes > 1 ? 26 + profile_height + 24 : 0) + page_margin;
    if (rows_.labels.empty()) end += 30;
    return canvas_.page(page_width, end, name(), description(), rules(false), rules(true));
  }

  const timeline& t_;
  std::vector<detail::concurrency_step> profile_;
  duration span_;
  detail::timeline_rows rows_;
  double left_ = 0, row_height_ = 0, bar_height_ = 0;
  time_shares waited_;  // before and between attempts, by all tasks
  bool some_use_ = false;
  detail::svg_canvas canvas_;
};

}  // namespace

std::string timeline_svg(const timeline& t, const time_attribution* uses) { return picture(t, uses).draw(); }

}  // namespace corchestra
