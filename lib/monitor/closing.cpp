#include "monitor/closing.hpp"

#include <cmath>

#include <corchestra/base/text.hpp>

#include "monitor/number_text.hpp"

namespace corchestra::detail {

namespace {

std::string_view how_it_ended(run_state s) {
  if (s == run_state::cancelled) return " execution cancelled after ";
  if (s == run_state::interrupted) return " execution interrupted after ";
  return " execution completed in ";
}

log_line outcome_line(const glyphs& g, const run_metrics& m, const closing_facts& about) {
  const std::size_t failed =
      m.count(task_state::failed) + m.count(task_state::timeout) + m.count(task_state::limit_exceeded);
  const std::size_t completed = m.count(task_state::completed);
  const std::size_t cancelled = m.count(task_state::cancelled), skipped = m.count(task_state::skipped);
  if (about.classic) {
    return {log_weight::failure, g.run, text_style::accent,
            concat(about.manner, " execution completed in ", seconds_text(m.wall), ": ", completed, '/', m.total_tasks,
                   " succeeded, ", m.total_tasks - completed, " failed")};
  }
  const std::size_t unfinished = m.total_tasks - completed - failed - cancelled - skipped;
  std::string text = concat(about.manner, how_it_ended(about.state), seconds_text(m.wall), ": ", completed, '/',
                            m.total_tasks, " succeeded, ", failed, " failed");
  if (cancelled > 0) text += concat(", ", cancelled, " cancelled");
  if (skipped > 0) text += concat(", ", skipped, " skipped");
  if (unfinished > 0) text += concat(", ", unfinished, " unfinished");
  if (about.simulated) text += " (simulated model)";
  return {log_weight::failure, g.run, text_style::accent, std::move(text)};
}

void add_speed(std::vector<log_line>& out, const glyphs& g, const run_metrics& m) {
  if (m.sequential <= duration::zero() || m.wall <= duration::zero()) return;
  const double speedup = m.speedup(), bound = m.bound_speedup();
  const auto add = [&](std::string text) { out.push_back({log_weight::fact, "", text_style::plain, std::move(text)}); };
  out.push_back({log_weight::fact, g.stats, text_style::accent,
                 concat("Estimated speedup: ", fixed(speedup, 2), g.times, " (sequential: ", seconds_text(m.sequential),
                        ", parallel: ", seconds_text(m.wall), ")")});
  if (bound > 0) {
    add(concat("Bound: ", fixed(bound, 2), g.times, " at most for these tasks on ", m.slots,
               m.slots == 1 ? " slot" : " slots", "; ", percent_text(speedup / bound), " of it reached"));
  }
  if (m.peak_width > 0 && m.slots > 0) {
    add(concat("Efficiency: ", percent_text(m.efficiency_of_width()), " of width ", m.peak_width, ", ",
               percent_text(m.efficiency_of_slots()), " of ", m.slots, m.slots == 1 ? " slot" : " slots"));
  }
}

void add_tokens(std::vector<log_line>& out, const run_metrics& m) {
  if (!m.usage.known()) return;
  std::string text =
      concat("Tokens: ", grouped_text(m.usage.total_tokens()), " (prompt ", grouped_text(m.usage.prompt_tokens),
             ", completion ", grouped_text(m.usage.completion_tokens), ") in ", grouped_text(m.usage.calls),
             m.usage.calls == 1 ? " model call" : " model calls");
  if (m.wall > duration::zero()) {
    const double rate = static_cast<double>(m.usage.total_tokens()) / to_seconds(m.wall);
    text += concat(", ", grouped_text(std::llround(rate)), " tokens/s");
  }
  out.push_back({log_weight::fact, "", text_style::plain, std::move(text)});
}

}  // namespace

std::vector<log_line> closing_lines(const glyphs& g, const run_metrics& m, const closing_facts& about) {
  std::vector<log_line> out;
  if (!about.reason.empty()) {
    out.push_back({log_weight::failure, g.warning, text_style::caution,
                   concat("Run ended ", to_string(about.state), ": ", about.reason)});
  }
  out.push_back(outcome_line(g, m, about));
  add_speed(out, g, m);
  add_tokens(out, m);
  if (!about.output_folder.empty()) {
    out.push_back({log_weight::fact, "", text_style::plain, concat("Files: ", about.output_folder)});
  }
  return out;
}

}  // namespace corchestra::detail
