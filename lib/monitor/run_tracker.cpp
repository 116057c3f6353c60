#include "monitor/run_tracker.hpp"

#include <algorithm>

namespace corchestra::detail {

namespace {

std::int64_t added_tokens(const event& e) { return e.usage ? e.usage->total_tokens() : 0; }

}  // namespace

void run_tracker::operator()(const event& e) {
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
      if (e.data.is_object()) slots_ = e.data.value("max_concurrent_tasks", std::size_t{1});
      break;
    case event_type::run_draining:
      draining_ = true;
      break;
    case event_type::task_submitted:
    case event_type::task_state_changed:
      set_state(task(e), e);
      break;
    case event_type::attempt_started: {
      tracked_task& t = task(e);
      set_state(t, e);
      t.started = e.at;
      t.attempt = e.attempt;
      t.progress.reset();
      t.message.clear();
      break;
    }
    case event_type::task_progress: {
      tracked_task& t = task(e);
      t.progress = e.progress;
      if (e.data.is_object()) t.message = e.data.value("message", "");
      break;
    }
    case event_type::model_call:
      task(e).tokens += added_tokens(e);
      counts_.tokens += added_tokens(e);
      break;
    case event_type::task_ended:
      if (e.result) end(e);
      break;
    default:
      break;
  }
}

const tracked_task* run_tracker::find(std::string_view id) const {
  const auto it = tasks_.find(id);
  return it == tasks_.end() ? nullptr : &it->second;
}

tracked_task& run_tracker::task(const event& e) {
  const auto it = tasks_.find(e.task_id);
  if (it != tasks_.end()) return it->second;
  tracked_task& t = tasks_.try_emplace(std::string(e.task_id)).first->second;
  t.id = e.task_id;
  t.agent = e.agent;
  t.index = counts_.tasks++;
  t.type = &eta_.type(e.task_type);
  ++t.type->idle;
  return t;
}

void run_tracker::set_state(tracked_task& t, const event& e) {
  const bool runs = e.state == task_state::running, ran = t.start_order != 0;
  t.state = e.state;
  t.waiting = e.waiting;
  if (runs == ran) return;
  if (runs) {
    t.start_order = ++start_order_;
    t.started = e.at;
    running_.emplace(t.start_order, &t);
    --t.type->idle;
  } else {
    running_.erase(std::exchange(t.start_order, 0));
    ++t.type->idle;
  }
  counts_.running = running_.size();
}

void run_tracker::end(const event& e) {
  tracked_task& t = task(e);
  const task_result& r = *e.result;
  set_state(t, e);
  --t.type->idle;
  if (r.started_at) eta_.finished(*t.type, r.last_duration());
  counts_.tokens += r.usage.total_tokens() - t.tokens;
  ++counts_.ended;
  ++(r.state == task_state::completed   ? counts_.completed
     : r.state == task_state::cancelled ? counts_.cancelled
     : r.state == task_state::skipped   ? counts_.skipped
                                        : counts_.failed);
  tasks_.erase(tasks_.find(e.task_id));
}

std::optional<duration> run_tracker::eta(time_point now) const {
  eta_estimator::running_work work;
  for (const auto& [order, t] : running_) work.add(eta_.mean(*t->type) - (now - t->started));
  return eta_.estimate(work, slots_);
}

}  // namespace corchestra::detail
