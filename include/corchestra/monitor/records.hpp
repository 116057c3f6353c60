#pragma once

#include <string>
#include <vector>

#include <corchestra/core/event.hpp>
#include <corchestra/core/lock_status.hpp>
#include <corchestra/core/run_metrics.hpp>
#include <corchestra/core/time_attribution.hpp>

namespace corchestra {

/// A line of results.jsonl (docs/outputs.md). `spent`: what its time went to, where that is known.
ordered_json result_record(const task_result& r, const clock_anchor& anchor, const time_shares* spent = nullptr);

/// Time by what it was lost to, in seconds: only what there was.
ordered_json lost_seconds(const time_shares& time);
/// The resources that were fought over most, at most ten, in the order given.
ordered_json contention_record(const std::vector<lock_status>& contention);

struct summary_input {
  std::string run_id, name;
  run_state state{};
  std::string reason;
  bool simulated = false;
};
/// summary.json.
ordered_json summary_record(const summary_input& in, const run_metrics& metrics);

}  // namespace corchestra
