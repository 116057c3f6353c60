#include <corchestra/monitor/records.hpp>

#include <boost/version.hpp>
#include <cmath>

#include <corchestra/base/text.hpp>
#include <corchestra/base/version.hpp>

#include "monitor/narrator.hpp"

namespace corchestra {

namespace {

ordered_json moment(const std::optional<time_point>& t, const clock_anchor& anchor) {
  return t ? ordered_json(to_iso8601(anchor.to_wall(*t))) : ordered_json(nullptr);
}

double rounded(double value, double steps) { return std::round(value * steps) / steps; }
double seconds(duration d) { return rounded(to_seconds(d), 1e6); }
double ratio(double r) { return rounded(r, 1e4); }

ordered_json versions() {
  return {{"corchestra", version},
          {"boost", concat(BOOST_VERSION / 100000, '.', BOOST_VERSION / 100 % 1000, '.', BOOST_VERSION % 100)},
          {"nlohmann_json",
           concat(NLOHMANN_JSON_VERSION_MAJOR, '.', NLOHMANN_JSON_VERSION_MINOR, '.', NLOHMANN_JSON_VERSION_PATCH)}};
}

}  // namespace

ordered_json result_record(const task_result& r, const clock_anchor& anchor, const time_shares* spent) {
  ordered_json record;
  record["id"] = r.id;
  record["agent"] = r.agent;
  record["task_type"] = r.task_type;
  record["state"] = to_string(r.state);
  record["success"] = r.success();
  record["reason"] = detail::reason_text(r);
  record["output"] = r.success() ? ordered_json(r.output.value) : ordered_json(nullptr);
  record["error"] = nullptr;
  if (r.error) record["error"] = {{"code", code_name(*r.error)}, {"message", r.error->message}};
  record["confidence"] = r.output.confidence ? ordered_json(*r.output.confidence) : ordered_json(nullptr);
  record["evidence"] = r.output.evidence;
  record["attempts"] = r.attempts;
  record["iterations"] = r.iterations;
  record["queued_at"] = moment(r.queued_at, anchor);
  record["started_at"] = moment(r.started_at, anchor);
  record["ended_at"] = moment(r.ended_at, anchor);
  record["duration_ms"] = std::chrono::round<std::chrono::milliseconds>(r.last_duration()).count();
  record["usage"] = to_json_value(r.usage);
  if (spent) record["lost_seconds"] = lost_seconds(*spent);
  return record;
}

ordered_json lost_seconds(const time_shares& time) {
  ordered_json lost = ordered_json::object();
  for (int u = 0; u < time_use_count; ++u) {
    const auto use = static_cast<time_use>(u);
    if (use != time_use::run && time[use] > duration::zero()) lost[std::string(to_string(use))] = to_seconds(time[use]);
  }
  return lost;
}

ordered_json contention_record(const std::vector<lock_status>& contention) {
  constexpr std::size_t most = 10;
  ordered_json all = ordered_json::array();
  for (const lock_status& l : contention) {
    if (all.size() == most) break;
    all.push_back({{"resource", l.resource}, {"waits", l.blocked}, {"waited_seconds", seconds(l.waited)}, {"grants", l.grants}});
  }
  return all;
}

ordered_json summary_record(const summary_input& in, const run_metrics& m) {
  ordered_json record;
  record["run_id"] = in.run_id;
  record["name"] = in.name;
  record["state"] = to_string(in.state);
  if (!in.reason.empty() && in.state != run_state::completed) record["reason"] = in.reason;
  ordered_json counts;
  for (int s = 0; s < task_state_count; ++s) {
    const auto state = static_cast<task_state>(s);
    counts[std::string(to_string(state))] = m.count(state);
  }
  record["counts"] = std::move(counts);
  record["wall_seconds"] = seconds(m.wall);
  record["sequential_seconds"] = seconds(m.sequential);
  record["speedup"] = ratio(m.speedup());
  record["bound_speedup"] = ratio(m.bound_speedup());
  record["efficiency_of_width"] = ratio(m.efficiency_of_width());
  record["efficiency_of_slots"] = ratio(m.efficiency_of_slots());
  record["peak_width"] = m.peak_width;
  record["usage"] = to_json_value(m.usage);
  record["simulated"] = in.simulated;
  record["versions"] = versions();
  return record;
}

}  // namespace corchestra
