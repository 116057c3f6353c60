#include <cmath>

#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr duration progress_interval = std::chrono::milliseconds(100);
}

void scheduler::impl::publish(event_type type, time_point now, json data) {
  if (!sink) return;
  event e;
  e.type = type;
  e.data = std::move(data);
  publish(e, no_task, now);
}

void scheduler::impl::publish(event_type type, task_index t, time_point now, json data) {
  if (!sink) return;
  event e;
  e.type = type;
  e.data = std::move(data);
  publish(e, t, now);
}

void scheduler::impl::publish(event& e, task_index t, time_point now) {
  if (!sink) return;
  e.seq = ++seq;
  e.at = now;
  e.run_id = run_id;
  if (t != no_task) {
    const record& r = records[t];
    e.task_id = r.call.id;
    e.agent = r.call.agent;
    e.task_type = r.call.task_type;
    e.attempt = r.attempts;
    e.state = r.state;
    e.waiting = r.waiting;
    e.progress = r.progress;
  }
  sink(e);
}

void scheduler::impl::flush_progress(task_index t, time_point now) {
  record& r = records[t];
  if (!r.progress_pending) return;
  r.progress_pending = false;
  r.progress_published = true;
  r.progress_at = now;
  if (!sink) return;
  json data = nullptr;
  if (!r.progress_text.empty()) data = json{{"message", r.progress_text}};
  publish(event_type::task_progress, t, now, std::move(data));
}

void scheduler::progress(task_index task, std::uint32_t attempt, double fraction, std::string_view message,
                         time_point now) {
  auto& r = impl_->records[task];
  if (r.phase == impl::phase::none || r.attempts != attempt || r.abandoned || std::isnan(fraction)) return;
  r.heartbeat_at = now;
  r.progress = std::max(r.progress, std::clamp(fraction, 0.0, 1.0));
  r.progress_text = message;
  r.progress_pending = true;
  if (!r.progress_published || now - r.progress_at >= progress_interval) impl_->flush_progress(task, now);
}

void scheduler::heartbeat(task_index task, std::uint32_t attempt, time_point now) {
  auto& r = impl_->records[task];
  if (r.attempts == attempt) r.heartbeat_at = now;
}

void scheduler::model_call(task_index task, std::uint32_t attempt, const token_usage& usage, json details,
                           time_point now) {
  auto& r = impl_->records[task];
  if (r.phase == impl::phase::none || r.attempts != attempt || r.abandoned) return;
  r.heartbeat_at = now;
  r.usage += usage;
  if (!impl_->sink) return;
  event e;
  e.type = event_type::model_call;
  e.usage = &usage;
  e.data = std::move(details);
  impl_->publish(e, task, now);
}

void scheduler::warn(task_index task, std::uint32_t attempt, std::string_view message, time_point now) {
  const auto& r = impl_->records[task];
  if (r.phase == impl::phase::none || r.attempts != attempt || r.abandoned) return;
  impl_->publish(event_type::warning, task, now, json{{"message", message}});
}

}  // namespace corchestra
