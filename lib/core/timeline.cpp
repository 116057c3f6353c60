#include <algorithm>

#include <corchestra/core/timeline.hpp>

namespace corchestra {

void timeline_fold::operator()(const event& e) {
  auto& t = timeline_;
  t.end = std::max(t.end, e.at);
  switch (e.type) {
    case event_type::run_started:
      t.run_id = e.run_id;
      if (e.data.is_object()) t.name = e.data.value("name", "");
      t.begin = t.end = e.at;
      break;
    case event_type::task_submitted: submitted_[std::string(e.task_id)] = e.at; break;
    case event_type::attempt_started: {
      timeline_entry entry;
      entry.task_id = e.task_id;
      entry.agent = e.agent;
      entry.task_type = e.task_type;
      entry.attempt = e.attempt;
      entry.state = task_state::running;
      const auto queued = submitted_.find(entry.task_id);
      entry.queued_at = queued == submitted_.end() ? e.at : queued->second;
      entry.started_at = e.at;
      const auto free = std::find(busy_.begin(), busy_.end(), false);
      entry.lane = static_cast<std::size_t>(free - busy_.begin());
      if (free == busy_.end()) {
        busy_.push_back(true);
      } else {
        *free = true;
      }
      t.lanes = busy_.size();
      open_[entry.task_id] = t.entries.size();
      t.entries.push_back(std::move(entry));
      break;
    }
    case event_type::attempt_ended: {
      const auto it = open_.find(std::string(e.task_id));
      if (it == open_.end()) break;
      auto& entry = t.entries[it->second];
      entry.ended_at = e.at;
      entry.state = task_state::waiting;  // task_ended, if it follows, says how it ended
      if (e.error) entry.note = e.error->message;
      busy_[entry.lane] = false;
      last_[it->first] = it->second;
      open_.erase(it);
      break;
    }
    case event_type::task_ended: {
      if (!e.result) break;
      const auto it = last_.find(std::string(e.task_id));
      if (it != last_.end()) {
        t.entries[it->second].state = e.result->state;
        t.entries[it->second].note = e.result->reason;
        last_.erase(it);
        break;
      }
      timeline_entry entry;
      entry.task_id = e.task_id;
      entry.agent = e.agent;
      entry.task_type = e.task_type;
      entry.queued_at = e.result->queued_at.value_or(e.at);
      entry.state = e.result->state;
      entry.note = e.result->reason;
      never_started_.push_back(std::move(entry));
      break;
    }
    case event_type::run_ended:
      for (auto& entry : never_started_) t.entries.push_back(std::move(entry));
      never_started_.clear();
      break;
    default: break;
  }
}

}  // namespace corchestra
