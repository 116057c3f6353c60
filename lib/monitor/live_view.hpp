#pragma once

#include <string>
#include <vector>

#include "monitor/glyphs.hpp"
#include "monitor/run_tracker.hpp"
#include "monitor/styled_line.hpp"

namespace corchestra::detail {

/// `####....`: the part of a bar that is done; with no known fraction a block that moves with time.
std::string bar_text(const glyphs& g, std::size_t columns, std::optional<double> fraction, duration elapsed);

/// `ETA 1 m 20 s (90 %: 2 m 05 s)`, or `ETA unknown`.
std::string eta_text(const std::optional<eta>& left);

/// `12 done · 1 failed · 10 running · ... · ETA 1 m 20 s (90 %: 2 m 05 s)`
std::string totals_text(const glyphs& g, const run_tracker& run, time_point now);

/// What a terminal shows of a run under way: a bar a running task, oldest first as many as fit, the whole, the totals.
class live_view {
 public:
  live_view(const glyphs& g, bool color) : glyphs_(g), color_(color) {}
  std::vector<styled_line> lines(const run_tracker& run, time_point now, std::size_t columns, std::size_t rows);

 private:
  styled_line start(std::size_t columns) const { return {color_, glyphs_.ellipsis, columns}; }
  styled_line task_line(const tracked_task& t, time_point now, std::size_t columns) const;
  styled_line whole_line(const run_tracker& run, time_point now, std::size_t columns) const;

  const glyphs& glyphs_;
  bool color_;
  std::size_t id_columns_ = 8;  // grows only, so that bars do not jump
};

}  // namespace corchestra::detail
