#include <cmath>

#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr duration progress_interval = std::chrono::milliseconds(100);
}

void scheduler::impl::publish(event_type type, time_point now, event_data data) { publish(type, no_task, now, std::move(data)); }

void scheduler::impl::publish(event_type type, task_index t, time_point now, event_data data) {
  if (!wants(type)) return;
  event e;
  e.type = type;
  e.data = std::move(data);
  publish(e, t, now);
}

void scheduler::impl::publish(event& e, task_index t, time_point now) {
  e.seq = ++seq;
  e.at = now;
  e.run_id = run_id;
  if (t != no_task) {
    const record& r = records[t];
    const kind& k = kinds[r.kind];
    e.task = t;
    e.task_id = r.call->id;
    e.agent = k.agent;
    e.task_type = k.task_type;
    e.attempt = r.attempts;
    e.state = r.state;
    e.waiting = r.waiting;
    e.progress = r.now_running ? r.now_running->progress : 0;
  }
  sink(e);
}

void scheduler::impl::flush_progress(task_index t, time_point now) {
  live& l = *records[t].now_running;
  if (!l.progress_pending) return;
  l.progress_pending = false;
  l.progress_published = true;
  l.progress_at = now;
  if (!wants(event_type::task_progress)) return;
  json data = nullptr;
  if (!l.progress_text.empty()) data = json{{"message", l.progress_text}};
  publish(event_type::task_progress, t, now, std::move(data));
}

bool scheduler::progress(task_index task, std::uint32_t attempt, double fraction, std::string_view message,
                         time_point now) {
  auto& r = impl_->records[task];
  if (r.phase() == impl::phase::none || r.attempts != attempt || r.abandoned || std::isnan(fraction)) return false;
  auto& l = *r.now_running;
  const bool watched_again = impl_->note_life(l, now);
  l.progress = std::max(l.progress, std::clamp(fraction, 0.0, 1.0));
  l.progress_text = message;
  const bool waits = std::exchange(l.progress_pending, true);
  if (!l.progress_published || now - l.progress_at >= progress_interval) {
    impl_->flush_progress(task, now);
    return watched_again;
  }
  if (!waits) impl_->set_alarm({l.progress_at + progress_interval, task, attempt, impl::alarm::kind::progress});
  return !waits || watched_again;
}

bool scheduler::heartbeat(task_index task, std::uint32_t attempt, time_point now) {
  auto& r = impl_->records[task];
  return r.attempts == attempt && r.now_running && impl_->note_life(*r.now_running, now);
}

void scheduler::model_call(task_index task, std::uint32_t attempt, const token_usage& usage, json details,
                           time_point now, std::optional<budget_amount> spent, std::uint64_t reservation) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.phase() == impl::phase::none || r.attempts != attempt || r.abandoned) return;
  s.note_life(*r.now_running, now);
  r.now_running->usage += usage;
  const budget_amount used = spent.value_or(budget_amount{usage.total_tokens(), 0});
  if (reservation != 0 && s.rare().reserved_steps.find(reservation) != nullptr) {
    s.end_step(reservation, used, spent.has_value());
  } else if (!s.ledger.empty()) {
    s.ledger.spend(task, r.call->agent, used, spent.has_value());
    s.steps_changed = true;
  }
  if (s.wants(event_type::model_call)) {
    event e;
    e.type = event_type::model_call;
    e.usage = &usage;
    e.data = std::move(details);
    s.publish(e, task, now);
  }
  s.tell_budget_alerts(now);
}

bool scheduler::tool_call(task_index task, std::uint32_t attempt, event_type which, json details, time_point now) {
  auto& r = impl_->records[task];
  if (r.phase() == impl::phase::none || r.attempts != attempt || r.abandoned) return false;
  const bool watched_again = impl_->note_life(*r.now_running, now);
  impl_->publish(which, task, now, std::move(details));
  return watched_again;
}

void scheduler::model_call_ended(task_index task, std::uint32_t attempt, const token_usage& usage,
                                 const corchestra::error* failure, json details, time_point now) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.phase() == impl::phase::none || r.attempts != attempt || r.abandoned || !s.wants(event_type::model_call_ended)) return;
  event e;
  e.type = event_type::model_call_ended;
  e.usage = &usage;
  e.error = failure;
  e.data = std::move(details);
  s.publish(e, task, now);
}

void scheduler::impl::tell_budget_alerts(time_point now) {
  if (ledger.empty()) return;
  const auto alerts = ledger.take_alerts();
  for (const auto& a : alerts) {
    const bool kept = a.task != no_task && records.holds(a.task) && !records[a.task].call->id.empty();
    const std::string name = a.task == no_task ? a.budget : kept ? concat("task ", records[a.task].call->id) : "a task that has ended well";
    json data{{"budget", name}, {"exhausted", a.exhausted}};
    const auto amount = [](std::int64_t tokens, std::int64_t money) { return json{{"tokens", tokens}, {"micro_dollars", money}}; };
    data["spent"] = amount(a.status.spent.tokens, a.status.spent.micro_dollars);
    json limit = json::object();
    if (a.status.limit.tokens) limit["tokens"] = *a.status.limit.tokens;
    if (a.status.limit.micro_dollars) limit["micro_dollars"] = *a.status.limit.micro_dollars;
    data["limit"] = std::move(limit);
    publish(event_type::budget_alert, now, std::move(data));
  }
  const auto run = ledger.run();
  const bool gone = (run.limit.tokens && run.spent.tokens >= *run.limit.tokens) ||
                    (run.limit.micro_dollars && run.spent.micro_dollars >= *run.limit.micro_dollars);
  if (gone) exhaust("the run's budget is used up", now);
  if (alerts.empty() || options->budget.on_exhausted != on_exhausted::cancel) return;
  bool any = false;
  for (const auto& a : alerts) {
    if (!a.exhausted || a.budget == "run") continue;
    any = true;
    if (a.task != no_task) {
      if (!records.holds(a.task)) continue;  // it has ended
      cancel(a.task, cancel_reason::budget, concat("the budget of ", quote(records[a.task].call->id), " is used up"), now);
      continue;
    }
    cancel_running_of(a.budget.substr(std::string_view("agent ").size()), concat("the budget of ", a.budget, " is used up"), now);
  }
  if (!any) return;
  settle(now);
  check_end(now);
}

void scheduler::warn(task_index task, std::uint32_t attempt, std::string_view message, time_point now) {
  const auto& r = impl_->records[task];
  if (r.phase() == impl::phase::none || r.attempts != attempt || r.abandoned) return;
  impl_->publish(event_type::warning, task, now, json{{"message", message}});
}

}  // namespace corchestra
