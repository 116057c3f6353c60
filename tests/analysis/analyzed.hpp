#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/analysis/dependency_analyzer.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/testing/scripted_model.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "support/show.hpp"

namespace corchestra::tests {

/// A task without dependencies of its own: the analyzer may add some.
inline task_call open_task(std::string id, std::string description = {}) {
  task_call c;
  c.id = std::move(id);
  c.agent = "a";
  c.description = std::move(description);
  return c;
}

/// A task whose dependencies were written down.
inline task_call settled_task(std::string id, std::vector<std::string> depends_on = {}) {
  task_call c = open_task(std::move(id));
  c.depends_on = std::move(depends_on);
  c.dependencies_given = true;
  return c;
}

struct proposal {
  std::string task, needs;
  double confidence = 0.9;
  std::string kind = "data";
};

inline std::string answer(const std::vector<proposal>& edges) {
  json list = json::array();
  for (const auto& e : edges)
    list.push_back(
        {{"task", e.task}, {"needs", e.needs}, {"kind", e.kind}, {"confidence", e.confidence}, {"evidence", "so"}});
  return dump_json(json{{"dependencies", std::move(list)}});
}

/// `a>b c>d`: b needs a, d needs c.
inline std::string arrows(const std::vector<dependency_edge>& edges) {
  std::vector<std::string> parts;
  for (const auto& e : edges) parts.push_back(e.from + ">" + e.to);
  return join(parts, " ");
}

/// An analyzer that asks a scripted model, under virtual time.
struct scripted_analysis {
  testing::virtual_time_context time;
  std::shared_ptr<testing::scripted_model> model = std::make_shared<testing::scripted_model>();
  analyzer_options options;
  std::optional<dependency_analyzer> analyzer;

  result<analysis_result> analyze(std::vector<task_call> tasks, bool strict = false) {
    if (!analyzer) analyzer.emplace(model, options);
    return time.run(analyzer->analyze(std::move(tasks), strict));
  }
};

}  // namespace corchestra::tests
