#include <corchestra/monitor/classic_views.hpp>

#include <corchestra/base/text.hpp>

namespace corchestra {

namespace {

std::size_t ended_tasks(const run_metrics& m) {
  std::size_t n = 0;
  for (int s = 0; s < task_state_count; ++s) {
    if (is_terminal(static_cast<task_state>(s))) n += m.count(static_cast<task_state>(s));
  }
  return n;
}

std::string lock_type(const std::string& resource) {
  const auto colon = resource.find(':');
  return colon == std::string::npos || colon == 0 ? "resource" : resource.substr(0, colon);
}

}  // namespace

json classic_status(const run_metrics& m) {
  const std::size_t ended = ended_tasks(m), running = m.count(task_state::running);
  return {{"running_jobs", running}, {"queue_size", m.total_tasks - ended - running}, {"total_processed", ended}};
}

json classic_metrics(const run_metrics& m) {
  return {{"total_processed", ended_tasks(m)},
          {"avg_wait_time", to_seconds(m.average_wait)},
          {"avg_execution_time", to_seconds(m.average_execution)},
          {"success_rate", m.success_rate()}};
}

json classic_task_metrics(const run_metrics& m) {
  json agents = json::object();
  for (const auto& [name, a] : m.agents) agents[name] = {{"tasks", a.tasks}, {"successes", a.successes}};
  json out{{"total_tasks", m.total_tasks},
           {"successful_tasks", m.count(task_state::completed)},
           {"agent_metrics", std::move(agents)}};
  if (m.executed_tasks > 0) out["average_execution_time_ms"] = to_seconds(m.average_execution) * 1000;
  return out;
}

json classic_result(const task_result& r) {
  json out{{"status", to_lower(to_string(r.state))},
           {"agent_id", r.agent},
           {"execution_time", to_seconds(r.last_duration())},
           {"error", nullptr}};
  if (r.error) {
    out["error"] = r.error->message;
  } else if (!r.success()) {
    out["error"] = r.reason;
  }
  return out;
}

void running_instances::operator()(const event& e) {
  if (e.task_id.empty()) return;
  if (e.type == event_type::attempt_started) {
    agent_instance i{std::string(e.task_id), std::string(e.agent), std::string(e.task_id), {}, e.at, std::nullopt};
    if (e.call) {
      for (const auto& r : e.call->resources) i.resources_locked.push_back(r.id);
    }
    instances_.insert_or_assign(std::string(e.task_id), std::move(i));
  } else if (e.type == event_type::task_progress || e.type == event_type::model_call ||
             e.type == event_type::tool_started || e.type == event_type::tool_ended) {
    if (const auto it = instances_.find(e.task_id); it != instances_.end()) it->second.heartbeat = e.at;
  } else if (e.type == event_type::attempt_ended || e.type == event_type::task_ended) {
    if (const auto it = instances_.find(e.task_id); it != instances_.end()) instances_.erase(it);
  }
}

json classic_execution_status(const running_instances& running, std::span<const lock_status> locks,
                              const clock_anchor& anchor) {
  const auto when = [&](time_point t) { return to_iso8601(anchor.to_wall(t)); };
  json instances = json::object(), held = json::object();
  for (const auto& [id, i] : running.value()) {
    instances[id] = {{"instance_id", i.instance_id},
                     {"agent_id", i.agent_id},
                     {"task_id", i.task_id},
                     {"status", "running"},
                     {"resources_locked", i.resources_locked},
                     {"start_time", when(i.start_time)},
                     {"heartbeat", when(i.heartbeat.value_or(i.start_time))}};
  }
  for (const auto& l : locks) {
    if (l.holders.empty()) continue;
    const auto holder = running.value().find(l.holders.front());
    held[l.resource] = {{"resource_id", l.resource},
                        {"locked_by", l.holders.front()},
                        {"lock_type", lock_type(l.resource)},
                        {"locked_at", holder == running.value().end() ? json() : json(when(holder->second.start_time))},
                        {"expires_at", nullptr}};
  }
  return {{"running_instances", std::move(instances)}, {"resource_locks", std::move(held)}};
}

json export_timeline(const timeline& t) {
  json out = json::array();
  for (const auto& e : t.entries) {
    if (!e.started_at) continue;
    out.push_back({{"id", e.task_id},
                   {"start_time", to_seconds(*e.started_at - t.begin)},
                   {"duration", to_seconds(e.ended_at.value_or(t.end) - *e.started_at)}});
  }
  return out;
}

}  // namespace corchestra
