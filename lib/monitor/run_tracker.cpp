#include "monitor/run_tracker.hpp"

#include <algorithm>
#include <utility>

namespace corchestra::detail {

namespace {

constexpr std::size_t many_tasks = 2000;
constexpr duration forecast_interval = std::chrono::seconds(1);

std::int64_t added_tokens(const event& e) { return e.usage ? e.usage->total_tokens() : 0; }

bool concerns_one_agent(const event& e) { return e.data.is_object() && e.data.contains("agent"); }

}  // namespace

void run_tracker::operator()(const event& e) {
  forecast_(e);
  switch (e.type) {
    case event_type::analysis_started:
      analyzing_ = true;
      begin_ = e.at;
      break;
    case event_type::analysis_ended:
      analyzing_ = false;
      break;
    case event_type::run_started:
      analyzing_ = false;
      started_ = true;
      begin_ = e.at;
      break;
    case event_type::run_draining:
      draining_ = true;
      break;
    case event_type::run_paused:
    case event_type::run_resumed:
      if (!concerns_one_agent(e)) paused_ = e.type == event_type::run_paused;
      break;
    case event_type::task_submitted:
      ++counts_.tasks;
      break;
    case event_type::task_state_changed:
      set_state(e);
      break;
    case event_type::attempt_started:
      start(e);
      break;
    case event_type::task_progress:
      if (tracked_task* t = find(e)) {
        t->progress = e.progress;
        if (e.data.is_object()) t->message = e.data.value("message", "");
      }
      break;
    case event_type::model_call:
      if (tracked_task* t = find(e)) t->tokens += added_tokens(e);
      counts_.tokens += added_tokens(e);
      break;
    case event_type::tool_started:
      if (tracked_task* t = find(e)) t->message = "tool " + e.data.value("tool", "");
      break;
    case event_type::tool_ended:
      if (tracked_task* t = find(e)) t->message.clear();
      break;
    case event_type::task_ended:
      if (e.result) end(e);
      break;
    case event_type::run_ended:
    case event_type::cancel_requested:
    case event_type::attempt_ended:
    case event_type::warning:
    case event_type::approval_requested:
    case event_type::approval_answered:
    case event_type::budget_alert:
    case event_type::task_stalled:
    case event_type::model_call_ended:
      break;
  }
}

tracked_task* run_tracker::find(const event& e) {
  const auto it = tasks_.find(e.task);
  return it == tasks_.end() ? nullptr : &it->second;
}

void run_tracker::start(const event& e) {
  tracked_task& t = tasks_[e.task];
  t.id = e.task_id;
  t.agent = e.agent;
  t.attempt = e.attempt;
  t.progress.reset();
  t.message.clear();
  set_state(e);
  t.started = e.at;
}

void run_tracker::set_state(const event& e) {
  tracked_task* t = find(e);
  if (!t) return;
  const bool runs = e.state == task_state::running, ran = t->start_order != 0;
  t->state = e.state;
  t->waiting = e.waiting;
  if (runs == ran) return;
  if (runs) {
    t->start_order = ++start_order_;
    t->started = e.at;
    running_.emplace(t->start_order, t);
  } else {
    running_.erase(std::exchange(t->start_order, 0));
  }
  counts_.running = running_.size();
}

void run_tracker::end(const event& e) {
  const task_result& r = *e.result;
  set_state(e);
  if (const tracked_task* t = find(e)) counts_.tokens += r.usage.total_tokens() - t->tokens;
  ++counts_.ended;
  ++(r.state == task_state::completed   ? counts_.completed
     : r.state == task_state::cancelled ? counts_.cancelled
     : r.state == task_state::skipped   ? counts_.skipped
                                        : counts_.failed);
  tasks_.erase(e.task);
}

std::optional<eta> run_tracker::remaining(time_point now) const {
  const bool recent = remaining_at_ && now >= *remaining_at_ && now - *remaining_at_ < forecast_interval;
  if (recent && forecast_.tasks_left() > many_tasks) return remaining_;
  remaining_at_ = now;
  return remaining_ = forecast_.remaining(now);
}

}  // namespace corchestra::detail
