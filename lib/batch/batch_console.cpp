#include <corchestra/batch/batch_console.hpp>

#include <corchestra/base/text.hpp>
#include <corchestra/batch/batch_report.hpp>

#include "batch/progress_text.hpp"
#include "monitor/glyphs.hpp"
#include "monitor/live_region.hpp"
#include "monitor/live_view.hpp"
#include "monitor/number_text.hpp"

namespace corchestra::batch {

using corchestra::detail::styled_line;
using corchestra::detail::text_style;

struct batch_console::impl {
  explicit impl(batch_console_options o)
      : options(std::move(o)), glyphs(corchestra::detail::glyphs_for(options.ascii)) {
    region.resize(options.width);
  }

  styled_line start() const { return {options.color, glyphs.ellipsis, options.width}; }

  std::vector<styled_line> lines(const batch_progress& p) const {
    const std::uint64_t ended = p.done + p.failed;
    const double fraction = p.requests > 0 ? static_cast<double>(ended) / static_cast<double>(p.requests) : 0;
    std::vector<styled_line> out;
    styled_line bar = start();
    bar.add(corchestra::detail::bar_text(glyphs, std::min<std::size_t>(options.width / 2, 40), fraction, {}),
            text_style::good)
        .add(concat(' ', count_text(ended), '/', count_text(p.requests), "  ",
                    corchestra::detail::percent_text(fraction), "  "))
        .add(left_text(p), text_style::bold);
    out.push_back(std::move(bar));
    out.push_back(
        start().add(counts_text(p, glyphs.separator), p.failed > 0 ? text_style::caution : text_style::plain));
    out.push_back(start().add(limits_text(p, glyphs.separator), text_style::dim));
    styled_line money = start();
    money.add(tokens_text(p.usage));
    if (const std::string cost = cost_text(p, glyphs.separator); !cost.empty())
      money.add(concat(glyphs.separator, cost), text_style::accent);
    out.push_back(std::move(money));
    return out;
  }

  std::string plain_line(const batch_progress& p) const {
    const std::string cost = cost_text(p, ", ");
    return concat(count_text(p.done + p.failed), " of ", count_text(p.requests), ": ", counts_text(p, ", "), ", ",
                  limits_text(p, ", "), ", ", cost.empty() ? std::string() : concat(cost, ", "), left_text(p));
  }

  void write(std::string_view bytes) const {
    if (!bytes.empty() && options.write) options.write(bytes);
  }

  batch_console_options options;
  const corchestra::detail::glyphs& glyphs;
  corchestra::detail::live_region region;
  std::vector<std::string> said;
  std::optional<time_point> plain_at;
};

batch_console::batch_console(batch_console_options options) : impl_(std::make_unique<impl>(std::move(options))) {}

batch_console::~batch_console() {
  if (impl_->options.live) impl_->write(impl_->region.erase(std::exchange(impl_->said, {})));
}

void batch_console::resize(unsigned width) {
  impl_->options.width = width;
  impl_->region.resize(width);
}

void batch_console::operator()(const batch_progress& p) {
  if (impl_->options.quiet) return;
  if (impl_->options.live) {
    impl_->write(impl_->region.redraw(std::exchange(impl_->said, {}), impl_->lines(p)));
    return;
  }
  if (impl_->plain_at && p.at - *impl_->plain_at < impl_->options.plain_interval) return;
  if (p.ended == 0) return;
  impl_->plain_at = p.at;
  impl_->write(impl_->plain_line(p) + '\n');
}

void batch_console::say(std::string_view line) {
  const styled_line safe = styled_line(false, impl_->glyphs.ellipsis).add(line);
  if (impl_->options.live) {
    impl_->said.push_back(safe.text());
  } else {
    impl_->write(safe.text() + '\n');
  }
}

void batch_console::finish(const batch_result& r) {
  std::vector<std::string> lines = std::exchange(impl_->said, {});
  const text_style style = r.end != batch_end::finished ? text_style::bad
                           : r.progress.failed > 0      ? text_style::caution
                                                        : text_style::good;
  bool first = true;
  for (const std::string& line : report_lines(r)) {
    styled_line l(impl_->options.color, impl_->glyphs.ellipsis);
    lines.push_back(l.add(line, std::exchange(first, false) ? style : text_style::plain).text());
  }
  if (impl_->options.live) {
    impl_->write(impl_->region.erase(lines));
  } else {
    for (const std::string& line : lines) impl_->write(line + '\n');
  }
}

}  // namespace corchestra::batch
