#pragma once

#include <span>
#include <string>
#include <vector>

#include <corchestra/base/json.hpp>
#include <corchestra/core/dependency_graph.hpp>

namespace corchestra::detail {

/// What is left of a model's answer after it was checked.
struct checked_answer {
  std::vector<dependency_edge> edges;  ///< acyclic together with the tasks' own
  std::vector<std::string> dropped;    ///< refused without blame, and why
};

/// Believes nothing: the schema, known ids, no task that needs itself, confidence in [0, 1], no cycle. An edge that is
/// already explicit is not repeated, of two between the same tasks the surer one counts; an edge for a task whose
/// dependencies are given, or weaker than `least_confidence`, is dropped. The error says what is wrong in words for the
/// model and for people.
result<checked_answer> check_answer(const json& answer, std::span<const task_call> tasks, double least_confidence);

}  // namespace corchestra::detail
