#pragma once

#include <span>
#include <string>
#include <string_view>

#include <corchestra/core/dependency_graph.hpp>
#include <corchestra/core/task_result.hpp>
#include <corchestra/core/timeline.hpp>

namespace corchestra {

/// What a graph's picture tells besides the graph.
struct graph_details {
  std::string_view title;
  std::span<const task_call> tasks;      ///< for agents and descriptions; may be empty
  const timeline* run = nullptr;         ///< states and durations of a run, under way or over; may be null
  std::span<const task_result> results;  ///< the same from results; they win over `run`
};

inline constexpr std::size_t graph_svg_max_tasks = 300;

/// A self-contained SVG picture of the graph for light and dark pages: levels from left to right, an arrow from each task
/// to those that need it, dashed when the analysis found it; tasks coloured by state; the critical path, by measured
/// durations where they are known, is emphasised; what has no dependencies at all stands below. Hovering shows agent,
/// description, state, times, evidence. Text is escaped.
///
/// Error: `too_large` above 300 tasks: such graphs are for `to_dot` and `to_mermaid`.
result<std::string> graph_svg(const dependency_graph& graph, const graph_details& details = {});

}  // namespace corchestra
