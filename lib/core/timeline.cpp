#include <corchestra/core/timeline.hpp>

#include <algorithm>
#include <functional>
#include <iterator>

namespace corchestra {

namespace {

timeline_entry entry_for(const event& e) {
  timeline_entry entry;
  entry.task = e.task;
  entry.task_id = e.task_id;
  entry.agent = e.agent;
  entry.task_type = e.task_type;
  return entry;
}

}  // namespace

void timeline_fold::operator()(const event& e) {
  timeline_.end = std::max(timeline_.end, e.at);
  switch (e.type) {
    case event_type::run_started:
      timeline_.run_id = e.run_id;
      if (e.data.is_object()) timeline_.name = e.data.value("name", "");
      timeline_.begin = timeline_.end = e.at;
      break;
    case event_type::run_ended:
      std::move(never_started_.begin(), never_started_.end(), std::back_inserter(timeline_.entries));
      never_started_.clear();
      break;
    case event_type::task_submitted:
      if (e.task != no_task) at(e).submitted = e.at;
      break;
    case event_type::attempt_started:
      if (e.task != no_task) start_attempt(e);
      break;
    case event_type::attempt_ended:
      if (e.task != no_task) end_attempt(e);
      break;
    case event_type::task_ended:
      if (e.task != no_task && e.result) end_task(e);
      break;
    case event_type::tool_ended:
      if (e.task != no_task) end_tool(e);
      break;
    default:
      break;
  }
}

timeline_fold::progress& timeline_fold::at(const event& e) {
  if (e.task >= tasks_.size()) tasks_.resize(e.task + 1, progress{e.at});
  return tasks_[e.task];
}

void timeline_fold::start_attempt(const event& e) {
  progress& task = at(e);
  timeline_entry entry = entry_for(e);
  entry.attempt = e.attempt;
  entry.state = task_state::running;
  entry.queued_at = task.submitted;
  entry.started_at = e.at;
  if (free_lanes_.empty()) free_lanes_.push(timeline_.lanes++);
  entry.lane = free_lanes_.top();
  free_lanes_.pop();
  task.last = static_cast<std::uint32_t>(timeline_.entries.size());
  timeline_.entries.push_back(std::move(entry));
}

void timeline_fold::end_attempt(const event& e) {
  const progress& task = at(e);
  if (task.last == none) return;
  timeline_entry& entry = timeline_.entries[task.last];
  if (entry.ended_at) return;
  entry.ended_at = e.at;
  entry.state = task_state::waiting;  // task_ended, if it follows, says how it ended
  if (e.error) entry.note = e.error->message;
  free_lanes_.push(entry.lane);
}

void timeline_fold::end_tool(const event& e) {
  const progress& task = at(e);
  if (task.last == none) return;
  tool_span span{e.task, std::string(e.task_id),     e.data.value("tool", ""), timeline_.entries[task.last].lane, e.at,
                 e.at,   e.data.value("outcome", "")};
  span.started_at -= std::chrono::milliseconds(e.data.value("elapsed_ms", std::int64_t{0}));
  timeline_.tools.push_back(std::move(span));
}

void timeline_fold::end_task(const event& e) {
  end_attempt(e);
  const progress& task = at(e);
  const bool started = task.last != none;
  if (!started) {
    never_started_.push_back(entry_for(e));
    never_started_.back().queued_at = task.submitted;
  }
  timeline_entry& entry = started ? timeline_.entries[task.last] : never_started_.back();
  entry.state = e.result->state;
  entry.note = e.result->reason;
}

}  // namespace corchestra
