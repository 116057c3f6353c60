#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include <corchestra/core/event.hpp>

namespace corchestra {

/// One attempt as a bar, or a task that never started as an entry without one.
struct timeline_entry {
  task_index task = no_task;
  std::string task_id, agent, task_type;
  std::uint32_t attempt = 0;
  std::size_t lane = 0;  ///< the lowest row that was free when it started
  time_point queued_at{};
  std::optional<time_point> started_at, ended_at;
  task_state state{};  ///< of the task after this attempt; `waiting` when a retry followed
  std::string note;    ///< the reason, when it did not complete
};

/// A tool call of an attempt, from its begin to its end.
struct tool_span {
  task_index task = no_task;
  std::string task_id, tool;
  std::size_t lane = 0;  ///< of the attempt
  time_point started_at{}, ended_at{};
  std::string outcome;  ///< `ok`, or how it failed (docs/tools.md)
};

struct timeline {
  std::string run_id, name;
  time_point begin{}, end{};
  std::size_t lanes = 0;
  std::vector<timeline_entry> entries;  ///< in order of start, never started ones last
  std::vector<tool_span> tools;         ///< in order of their ends
};

/// The fold that makes a timeline from events (the predecessors' `export_timeline`).
class timeline_fold {
 public:
  void operator()(const event& e);
  const timeline& value() const noexcept { return timeline_; }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  struct progress {
    time_point submitted{};
    std::uint32_t last = none;  // entry of its last attempt
  };

  void start_attempt(const event& e);
  void end_attempt(const event& e);
  void end_task(const event& e);
  void end_tool(const event& e);
  progress& at(const event& e);

  timeline timeline_;
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> free_lanes_;
  std::vector<progress> tasks_;                // by number
  std::vector<timeline_entry> never_started_;  // appended when the run ends
};

}  // namespace corchestra
