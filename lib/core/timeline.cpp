#include <corchestra/core/timeline.hpp>

#include <algorithm>
#include <functional>
#include <iterator>

namespace corchestra {

namespace {

timeline_entry entry_for(const event& e) {
  timeline_entry entry;
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
      tasks_[std::string(e.task_id)].submitted = e.at;
      break;
    case event_type::attempt_started:
      start_attempt(e);
      break;
    case event_type::attempt_ended:
      end_attempt(e);
      break;
    case event_type::task_ended:
      if (e.result) end_task(e);
      break;
    default:
      break;
  }
}

void timeline_fold::start_attempt(const event& e) {
  const auto [task, unheard] = tasks_.try_emplace(std::string(e.task_id));
  if (unheard) task->second.submitted = e.at;
  timeline_entry entry = entry_for(e);
  entry.attempt = e.attempt;
  entry.state = task_state::running;
  entry.queued_at = task->second.submitted;
  entry.started_at = e.at;
  if (free_lanes_.empty()) free_lanes_.push(timeline_.lanes++);
  entry.lane = free_lanes_.top();
  free_lanes_.pop();
  task->second.last = timeline_.entries.size();
  timeline_.entries.push_back(std::move(entry));
}

void timeline_fold::end_attempt(const event& e) {
  const auto task = tasks_.find(std::string(e.task_id));
  if (task == tasks_.end() || task->second.last == none) return;
  timeline_entry& entry = timeline_.entries[task->second.last];
  if (entry.ended_at) return;
  entry.ended_at = e.at;
  entry.state = task_state::waiting;  // task_ended, if it follows, says how it ended
  if (e.error) entry.note = e.error->message;
  free_lanes_.push(entry.lane);
}

void timeline_fold::end_task(const event& e) {
  end_attempt(e);
  const auto task = tasks_.find(std::string(e.task_id));
  const bool started = task != tasks_.end() && task->second.last != none;
  if (!started) {
    never_started_.push_back(entry_for(e));
    never_started_.back().queued_at = task != tasks_.end() ? task->second.submitted : e.at;
  }
  timeline_entry& entry = started ? timeline_.entries[task->second.last] : never_started_.back();
  entry.state = e.result->state;
  entry.note = e.result->reason;
  if (task != tasks_.end()) tasks_.erase(task);
}

}  // namespace corchestra
