#include <corchestra/monitor/console.hpp>

#include <algorithm>
#include <optional>

#include "monitor/closing.hpp"
#include "monitor/live_region.hpp"
#include "monitor/live_view.hpp"
#include "monitor/narrator.hpp"
#include "monitor/task_table.hpp"

namespace corchestra {

namespace {

constexpr duration status_interval = std::chrono::seconds(30);
constexpr duration least_redraw_interval = std::chrono::milliseconds(50);
constexpr unsigned rows_left_for_lines = 4;

}  // namespace

struct console::impl {
  console_options options;
  const detail::glyphs& glyphs;
  detail::run_tracker run;
  detail::narrator narrator;
  detail::task_table table;
  detail::live_view view;
  detail::live_region region;
  std::vector<std::string> scrolled;  // permanent lines until the next tick
  std::optional<time_point> drawn_at, status_at;
  bool live;
  bool finished = false;

  explicit impl(console_options o)
      : options(std::move(o)),
        glyphs(detail::glyphs_for(options.ascii)),
        run(options.durations),
        narrator(glyphs, options.simulated, options.style == console_style::classic),
        view(glyphs, options.color),
        live(options.live && !options.quiet) {}

  // The last column stays empty: some terminals wrap as soon as it is written.
  std::size_t columns() const {
    if (!live) return detail::styled_line::unlimited;
    return options.width > 1 ? options.width - 1 : 1;
  }
  std::size_t rows() const {
    const unsigned left = options.height > 2 * rows_left_for_lines ? rows_left_for_lines : 1;
    return options.height > left ? options.height - left : 0;
  }

  bool classic() const noexcept { return options.style == console_style::classic; }

  void write(std::string_view bytes) const {
    if (!bytes.empty() && options.write) options.write(bytes);
  }

  void show(const detail::log_line& line) {
    if (options.quiet && line.weight != detail::log_weight::failure) return;
    if ((live || classic()) && line.weight == detail::log_weight::detail) return;
    for (auto& text : detail::render(line, glyphs, options.color, columns())) print(std::move(text));
  }

  void print(std::string text) {
    if (live) {
      scrolled.push_back(std::move(text));
    } else {
      text += '\n';
      write(text);
    }
  }

  void status(time_point now) {
    if (live || options.quiet || !run.started()) return;
    if (!status_at) status_at = run.begin();
    if (now - *status_at < status_interval) return;
    status_at = now;
    show({detail::log_weight::detail, glyphs.note, detail::text_style::dim, detail::totals_text(glyphs, run, now)});
  }

  void draw(time_point now) {
    if (drawn_at && now - *drawn_at < least_redraw_interval && now >= *drawn_at) return;
    drawn_at = now;
    write(region.redraw(scrolled, view.lines(run, now, columns(), rows())));
    scrolled.clear();
  }

  void clear() {
    if (!live) return;
    write(region.erase(scrolled));
    scrolled.clear();
  }
};

console::console(console_options options) : impl_(std::make_unique<impl>(std::move(options))) {}

console::~console() { impl_->clear(); }

void console::operator()(const event& e) {
  auto& s = *impl_;
  if (e.type == event_type::task_ended && e.result) s.table.add(*e.result, e.task);
  s.run(e);
  for (const auto& line : s.narrator.tell(e, s.run)) s.show(line);
  s.status(e.at);
}

void console::tick(time_point now) {
  if (impl_->finished) return;
  if (impl_->live) {
    impl_->draw(now);
  } else {
    impl_->status(now);
  }
}

void console::resize(unsigned width, unsigned height) {
  auto& s = *impl_;
  s.options.width = width;
  s.options.height = height;
  s.region.resize(width);
}

void console::finish(const run_metrics& metrics, run_state state, std::string_view output_folder,
                     const std::vector<std::string>& notes) {
  auto& s = *impl_;
  if (!s.options.quiet && s.classic()) {
    for (const auto& line : s.table.failures(s.glyphs)) s.show(line);
  } else if (!s.options.quiet) {
    s.print("");
    for (const auto& line : s.table.lines(s.glyphs, s.options.color, s.columns())) s.print(line.text());
    for (const auto& line : s.table.failures(s.glyphs)) s.show(line);
    s.print("");
  }
  const detail::closing_facts about{state,         s.narrator.manner(), s.narrator.end_reason(),
                                    output_folder, s.options.simulated, s.classic()};
  for (const auto& line : detail::closing_lines(s.glyphs, metrics, about)) s.show(line);
  if (!s.classic()) {
    for (const std::string& note : notes) s.show({detail::log_weight::fact, "", detail::text_style::plain, note});
  }
  s.clear();
  s.finished = true;
}

}  // namespace corchestra
