#pragma once

#include <optional>
#include <string>
#include <vector>

#include <corchestra/core/time_attribution.hpp>
#include <corchestra/core/timeline.hpp>

namespace corchestra::detail {

/// One attempt, or several short ones of the same state that would be too thin to see apart.
struct timeline_bar {
  std::size_t row = 0;
  time_point from{}, to{};
  task_state state{};
  std::string name, title;
  std::size_t attempts = 1;
};

/// Time before an attempt, or the whole of a task that never started.
struct timeline_gap {
  std::size_t row = 0;
  time_point from{}, to{};
  bool never_started = false;
  std::string title, note;
  std::optional<time_use> use = std::nullopt;  ///< what it was spent on, where that is known
};

/// What stands where in the picture: a row a task while there are few, a row a lane when there are many.
struct timeline_rows {
  static constexpr std::size_t max_tasks = 60;
  static constexpr std::size_t max_lanes = 2500;

  bool by_task = true;
  std::vector<std::string> labels;  ///< one a row
  std::vector<timeline_bar> bars;
  std::vector<timeline_gap> gaps;
  std::size_t tasks = 0, never_started = 0;
  std::size_t hidden_rows = 0;
};

/// `thin`: the length under which a bar may be drawn together with its neighbour. With `uses` that keep spans, gaps are
/// told apart by what they were spent on; may be null.
timeline_rows lay_out(const timeline& t, duration thin, const time_attribution* uses = nullptr);

}  // namespace corchestra::detail
