#pragma once

#include <catch2/catch_test_macros.hpp>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/core/dependency_graph.hpp>

namespace corchestra::tests {

inline task_call task(std::string id, std::vector<std::string> depends_on = {}) {
  task_call c;
  c.id = std::move(id);
  c.depends_on = std::move(depends_on);
  return c;
}

inline dependency_graph graph_of(std::initializer_list<std::pair<std::string, std::vector<std::string>>> rows) {
  std::vector<task_call> tasks;
  for (const auto& [id, needs] : rows) tasks.push_back(task(id, needs));
  auto g = dependency_graph::build(tasks);
  if (!g) FAIL(g.error().message);
  return *g;
}

}  // namespace corchestra::tests
