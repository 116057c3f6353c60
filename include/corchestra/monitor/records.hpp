#pragma once

#include <string>

#include <corchestra/core/event.hpp>
#include <corchestra/core/run_metrics.hpp>

namespace corchestra {

/// A line of results.jsonl (docs/outputs.md).
ordered_json result_record(const task_result& r, const clock_anchor& anchor);

struct summary_input {
  std::string run_id, name;
  run_state state{};
  std::string reason;
  bool simulated = false;
};
/// summary.json.
ordered_json summary_record(const summary_input& in, const run_metrics& metrics);

}  // namespace corchestra
