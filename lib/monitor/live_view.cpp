#include "monitor/live_view.hpp"

#include <algorithm>
#include <cmath>

#include <corchestra/base/text.hpp>

#include "monitor/number_text.hpp"
#include "monitor/text_width.hpp"

namespace corchestra::detail {

namespace {

constexpr std::size_t elapsed_columns = 7, percent_columns = 5;
constexpr duration pulse_step = std::chrono::milliseconds(100);

std::size_t bar_columns(std::size_t columns) { return columns >= 72 ? 16 : columns >= 45 ? 10 : 0; }

std::string repeat(std::string_view s, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += s;
  return out;
}

std::string count_text(std::size_t n) { return grouped_text(static_cast<std::int64_t>(n)); }

}  // namespace

std::string bar_text(const glyphs& g, std::size_t columns, std::optional<double> fraction, duration elapsed) {
  if (fraction) {
    const double f = std::clamp(*fraction, 0.0, 1.0);
    const std::size_t least = f > 0 && columns > 0 ? 1 : 0;  // something is done
    const std::size_t full = std::max(least, static_cast<std::size_t>(f * static_cast<double>(columns)));
    return repeat(g.bar_full, full) + repeat(g.bar_empty, columns - full);
  }
  const std::size_t block = std::max<std::size_t>(1, columns / 5);
  const std::size_t way = columns - std::min(block, columns);
  const auto step =
      static_cast<std::size_t>(std::max(elapsed, duration::zero()) / pulse_step) % std::max<std::size_t>(1, 2 * way);
  const std::size_t at = step <= way ? step : 2 * way - step;
  return repeat(g.bar_empty, at) + repeat(g.bar_full, std::min(block, columns)) + repeat(g.bar_empty, way - at);
}

std::string eta_text(const std::optional<eta>& left) {
  const auto text = [](duration d) {
    const auto seconds = std::chrono::round<std::chrono::seconds>(d);
    return seconds.count() < 60 ? concat(seconds.count(), " s") : to_text(seconds);
  };
  if (!left) return "ETA unknown";
  return concat("ETA ", text(left->p50), " (90 %: ", text(left->p90), ')');
}

std::string totals_text(const glyphs& g, const run_tracker& run, time_point now) {
  const auto& c = run.counts();
  const double elapsed = to_seconds(now - run.begin());
  std::vector<std::string> parts{count_text(c.completed) + " done"};
  if (c.failed > 0) parts.push_back(count_text(c.failed) + " failed");
  if (c.cancelled > 0) parts.push_back(count_text(c.cancelled) + " cancelled");
  if (c.skipped > 0) parts.push_back(count_text(c.skipped) + " skipped");
  parts.push_back(count_text(c.running) + " running");
  parts.push_back(count_text(c.waiting()) + " waiting");
  if (run.draining()) parts.emplace_back("draining");
  if (run.paused()) parts.emplace_back("paused");
  if (c.ended > 0 && elapsed > 0) parts.push_back(fixed(static_cast<double>(c.ended) * 60 / elapsed, 1) + " tasks/min");
  if (c.tokens > 0) {
    std::string text = grouped_text(c.tokens) + " tokens";
    if (elapsed > 0) text += concat(" (", grouped_text(std::llround(static_cast<double>(c.tokens) / elapsed)), "/s)");
    parts.push_back(std::move(text));
  }
  parts.push_back(eta_text(run.remaining(now)));
  return join(parts, g.separator);
}

styled_line live_view::task_line(const tracked_task& t, time_point now, std::size_t columns) const {
  styled_line l = start(columns);
  l.field(t.id, std::min(id_columns_, columns), false, text_style::bold).add(" ");
  if (const std::size_t width = bar_columns(columns); width > 0) {
    l.add(bar_text(glyphs_, width, t.progress, now - t.started), text_style::accent);
    l.field(t.progress ? percent_text(*t.progress) : "", percent_columns + 1, true).add(" ");
  }
  l.field(clock_text(now - t.started), elapsed_columns, true);
  std::string_view waits_for = t.waiting == wait_reason::none ? std::string_view{} : to_string(t.waiting);
  if (!waits_for.empty()) l.add("  waits for: ", text_style::caution).add(waits_for, text_style::caution);
  if (t.attempt > 1) l.add(concat("  attempt ", t.attempt), text_style::caution);
  l.add("  ").add(t.message.empty() ? t.agent : t.message, text_style::dim);
  return l;
}

styled_line live_view::whole_line(const run_tracker& run, time_point now, std::size_t columns) const {
  const auto& c = run.counts();
  styled_line l = start(columns);
  l.add(bar_text(glyphs_, std::min<std::size_t>(columns / 2, 40), run.progress(), {}), text_style::good);
  l.add(concat(' ', count_text(c.ended), '/', count_text(c.tasks), " tasks in ", clock_text(now - run.begin())));
  return l;
}

std::vector<styled_line> live_view::lines(const run_tracker& run, time_point now, std::size_t columns,
                                          std::size_t rows) {
  std::vector<styled_line> out;
  if (rows == 0) return out;
  if (!run.started()) {
    if (!run.analyzing()) return out;
    out.push_back(start(columns)
                      .add(bar_text(glyphs_, bar_columns(columns), std::nullopt, now - run.begin()), text_style::accent)
                      .add(concat(" Analyzing dependencies", glyphs_.separator, clock_text(now - run.begin()))));
    return out;
  }
  const std::size_t room = rows > 2 ? rows - 2 : 0;
  const auto& running = run.running();
  const std::size_t shown = running.size() <= room ? running.size() : room > 0 ? room - 1 : 0;
  auto it = running.begin();
  for (std::size_t i = 0; i < shown; ++i, ++it) {
    const std::size_t most = std::max<std::size_t>(8, columns * 3 / 10);
    id_columns_ = std::min(most, std::max(id_columns_, display_width(it->second->id)));
  }
  it = running.begin();
  for (std::size_t i = 0; i < shown; ++i, ++it) out.push_back(task_line(*it->second, now, columns));
  if (shown < running.size() && room > 0) {
    out.push_back(start(columns).add(concat(glyphs_.ellipsis, " and ", count_text(running.size() - shown), " more"),
                                     text_style::dim));
  }
  if (rows > 1) out.push_back(whole_line(run, now, columns));
  out.push_back(start(columns).add(totals_text(glyphs_, run, now)));
  return out;
}

}  // namespace corchestra::detail
