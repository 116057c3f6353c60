#include <corchestra/core/event.hpp>

#include <array>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

constexpr std::array<std::string_view, event_type_count> type_names = {
    "run_started",    "run_ended",          "run_draining",       "cancel_requested", "analysis_started",
    "analysis_ended", "task_submitted",     "task_state_changed", "attempt_started",  "attempt_ended",
    "task_progress",  "model_call",         "task_ended",         "warning",          "run_paused",
    "run_resumed",    "approval_requested", "approval_answered",  "budget_alert",     "task_stalled",
    "tool_started",   "tool_ended",         "model_call_ended",
};

std::int64_t in_milliseconds(duration d) { return std::chrono::round<std::chrono::milliseconds>(d).count(); }

ordered_json error_value(const error& e) { return ordered_json{{"code", code_name(e)}, {"message", e.message}}; }

ordered_json resources_value(const std::vector<resource_request>& resources) {
  constexpr std::string_view modes[] = {"exclusive", "shared", "intent_exclusive", "intent_shared"};
  ordered_json all = ordered_json::array();
  for (const auto& r : resources) {
    ordered_json one{{"id", r.id}, {"mode", modes[static_cast<std::size_t>(r.mode)]}};
    if (r.amount != 1) one["amount"] = r.amount;
    all.push_back(std::move(one));
  }
  return all;
}

void add_call(ordered_json& data, const event& e) {
  data["agent"] = e.agent;
  if (!e.task_type.empty()) data["task_type"] = e.task_type;
  if (e.type != event_type::task_submitted || !e.call) return;
  data["description"] = e.call->description;
  data["depends_on"] = e.call->depends_on;
  if (!e.call->resources.empty()) data["resources"] = resources_value(e.call->resources);
  data["priority"] = e.call->priority;
}

void add_result(ordered_json& data, const task_result& r) {
  data["state"] = to_string(r.state);
  data["success"] = r.success();
  data["attempts"] = r.attempts;
  data["duration_ms"] = in_milliseconds(r.last_duration());
  if (r.skipped != skip_cause::none) data["skipped"] = to_string(r.skipped);
  if (r.cancelled != cancel_reason::none) data["cancelled"] = to_string(r.cancelled);
  if (!r.reason.empty()) data["reason"] = r.reason;
  if (r.error) data["error"] = error_value(*r.error);
  if (r.usage.known()) data["usage"] = to_json_value(r.usage);
}

}  // namespace

std::string_view to_string(event_type t) noexcept { return type_names[static_cast<std::size_t>(t)]; }

std::optional<event_type> parse_event_type(std::string_view name) noexcept {
  for (std::size_t i = 0; i < type_names.size(); ++i) {
    if (type_names[i] == name) return static_cast<event_type>(i);
  }
  return std::nullopt;
}

ordered_json to_record(const event& e, const clock_anchor& anchor) {
  ordered_json data = ordered_json::object();
  switch (e.type) {
    case event_type::task_submitted:
    case event_type::attempt_started:
      add_call(data, e);
      break;
    case event_type::task_state_changed:
      data["state"] = to_string(e.state);
      if (e.waiting != wait_reason::none) data["wait_reason"] = to_string(e.waiting);
      break;
    case event_type::task_progress:
      data["progress"] = e.progress;
      break;
    case event_type::task_ended:
      if (e.result) add_result(data, *e.result);
      break;
    case event_type::run_started:
    case event_type::run_ended:
    case event_type::run_draining:
    case event_type::run_paused:
    case event_type::run_resumed:
    case event_type::cancel_requested:
    case event_type::analysis_started:
    case event_type::analysis_ended:
    case event_type::attempt_ended:
    case event_type::model_call:
    case event_type::warning:
    case event_type::approval_requested:
    case event_type::approval_answered:
    case event_type::budget_alert:
    case event_type::task_stalled:
    case event_type::tool_started:
    case event_type::tool_ended:
    case event_type::model_call_ended:
      break;
  }
  if (e.type != event_type::task_ended && e.error) data["error"] = error_value(*e.error);
  if (e.usage && e.usage->known()) data["usage"] = to_json_value(*e.usage);
  if (e.type == event_type::attempt_ended && is_terminal(e.outcome)) data["outcome"] = to_lower(to_string(e.outcome));
  if (e.retry_in) data["retry_in_ms"] = in_milliseconds(*e.retry_in);
  if (e.data.is_object()) {
    for (const auto& [key, value] : e.data.get().items()) data[key] = value;
  }
  ordered_json record{
      {"seq", e.seq}, {"at", to_iso8601(anchor.to_wall(e.at))}, {"run_id", e.run_id}, {"type", to_string(e.type)}};
  if (!e.task_id.empty()) record["task_id"] = e.task_id;
  if (e.attempt > 0) record["attempt"] = e.attempt;
  record["data"] = std::move(data);
  return record;
}

}  // namespace corchestra
