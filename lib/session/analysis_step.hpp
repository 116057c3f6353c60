#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/analysis/dependency_analyzer.hpp>
#include <corchestra/plan/plan_document.hpp>
#include <corchestra/plan/settings.hpp>

#include "session/endpoint_watch.hpp"

namespace corchestra {

/// Whether and how a plan's open dependencies are to be found out.
struct analysis_step {
  std::size_t open_tasks = 0;  ///< tasks without `depends_on`
  std::string model;
  bool wanted = false;
  std::vector<std::pair<std::string, std::string>> headers;  ///< of its HTTP requests
  std::string left_out;  ///< why `automatic` does not ask although dependencies are open and there is an endpoint
};

/// `automatic`: when 2 to 100 tasks leave their dependencies open and there is an endpoint; `always`: when any does,
/// and an error (`no_endpoint`, `analysis_failed`, `invalid_config`) where it cannot.
result<analysis_step> plan_analysis_step(const plan_document& plan, const settings& s, bool has_endpoint);

/// Asks. Strict (no fallback) when the mode is `always`: the error is then the endpoint's own if that was the reason.
/// Simulated answers are not kept on disk.
awaitable<result<analysis_result>> run_analysis_step(analysis_step step, std::vector<task_call> tasks,
                                                     std::shared_ptr<endpoint_watch> endpoint,
                                                     std::shared_ptr<llm::output_capabilities> capabilities, settings s,
                                                     bool simulated, logger log);

/// Adds the edges to the plan. An LLM task whose prompt is its description and context also gets the outputs of the
/// tasks that it was found to need (for more than their order), as `result of ID` of its context.
void apply_analysis(plan_document& plan, const analysis_result& a);

/// What its event says.
json analysis_record(const analysis_result& a);
/// What the summary says: `{source, edges, dropped, warning, usage}`, the middle two as numbers.
ordered_json analysis_summary(const analysis_result& a);

}  // namespace corchestra
