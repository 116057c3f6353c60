#include "core/scheduler_impl.hpp"

namespace corchestra {

// Asks a running attempt to stop. The reason stays with the record: the first request decides.
void scheduler::impl::abort(task_index t, time_point now) {
  record& r = records[t];
  r.aborting = true;
  r.abandon_at = now + options.limits.cancel_grace;
  note_due(r.abandon_at);
  aborts.push_back({t, r.attempts, false});
}

std::size_t scheduler::impl::cancel(task_index t, cancel_reason why, const std::string& text, time_point now) {
  record& r = records[t];
  if (is_terminal(r.state)) return 0;
  if (r.aborting) {  // it stops already; but it must not be tried again
    r.retry_after_timeout = false;
    return 0;
  }
  std::size_t changed = 1;
  r.why = why;
  r.why_text = text.empty() ? std::string(to_string(why)) : concat(to_string(why), ": ", text);
  if (r.phase != phase::none) {
    abort(t, now);
    for (std::size_t i = 0; i < records[t].children.size(); ++i) {
      changed += cancel(records[t].children[i], cancel_reason::parent_cancelled, concat("its parent ", quote(r.call.id), " was cancelled"), now);
    }
    return changed;
  }
  unqueue(t, now);
  task_result out = result_for(r, task_state::cancelled, now);
  out.cancelled = why;
  out.reason = r.why_text;
  out.error = fail(errc::cancelled, r.why_text);
  finish(t, std::move(out), now);
  return changed;
}

std::size_t scheduler::cancel_task(task_index task, cancel_reason reason, std::string_view message, time_point now) {
  auto& s = *impl_;
  if (s.ended || task >= s.records.size() || is_terminal(s.records[task].state)) return 0;
  if (s.records[task].aborting) return s.cancel(task, reason, std::string(message), now);
  json data{{"reason", to_string(reason)}};
  if (!message.empty()) data["message"] = message;
  s.publish(event_type::cancel_requested, task, now, std::move(data));
  const std::size_t changed = s.cancel(task, reason, std::string(message), now);
  s.settle(now);
  s.check_end(now);
  return changed;
}

std::size_t scheduler::cancel_agent(std::string_view agent, std::string_view message, time_point now) {
  auto& s = *impl_;
  std::size_t changed = 0;
  for (task_index t = 0; t < s.records.size(); ++t) {
    if (s.records[t].call.agent == agent) changed += cancel_task(t, cancel_reason::user, message, now);
  }
  return changed;
}

std::size_t scheduler::cancel_run(cancel_reason reason, std::string_view message, time_point now) {
  auto& s = *impl_;
  if (s.ended || s.run_cancelled != cancel_reason::none) return 0;
  s.run_cancelled = reason;
  s.open = false;
  s.reason = message.empty() ? std::string(to_string(reason)) : concat(to_string(reason), ": ", message);
  json data{{"reason", to_string(reason)}};
  if (!message.empty()) data["message"] = message;
  s.publish(event_type::cancel_requested, now, std::move(data));
  std::size_t changed = 0;
  // A cancelled task can only skip others, never start them: the order does not matter.
  for (task_index t = 0; t < s.records.size(); ++t) changed += s.cancel(t, reason, std::string(message), now);
  s.settle(now);
  s.check_end(now);
  return changed;
}

void scheduler::drain(time_point now) {
  auto& s = *impl_;
  if (s.ended || s.draining) return;
  s.draining = true;
  s.open = false;
  if (s.reason.empty()) s.reason = "drained: what ran was finished, nothing new was started";
  s.publish(event_type::run_draining, now);
  s.check_end(now);
}

time_point scheduler::impl::due_of(const record& r) const {
  if (r.aborting) return r.abandon_at;
  time_point due = r.attempt_due;
  if (r.call.limits.heartbeat_timeout && r.phase == phase::working) {
    due = std::min(due, r.heartbeat_at + *r.call.limits.heartbeat_timeout);
  }
  return due;
}

void scheduler::impl::expire(task_index t, const std::string& text, bool may_retry, time_point now) {
  record& r = records[t];
  if (is_terminal(r.state)) return;
  if (r.aborting) {
    if (!may_retry) r.retry_after_timeout = false;
    return;
  }
  if (r.phase != phase::none) {
    r.timed_out = true;
    r.retry_after_timeout = may_retry;
    r.why_text = text;
    abort(t, now);
    for (std::size_t i = 0; i < r.children.size(); ++i) {
      const task_index c = r.children[i];
      if (records[c].deadline <= now) {  // inherited: the same limit, by its own name
        expire(c, concat(records[c].deadline_name, " passed"), false, now);
      } else {
        cancel(c, cancel_reason::parent_cancelled, concat("its parent ", quote(r.call.id), " ran out of time"), now);
      }
    }
    return;
  }
  unqueue(t, now);
  task_result out = result_for(r, task_state::timeout, now);
  out.reason = text;
  out.error = time_limit_error(text);
  finish(t, std::move(out), now);
}

void scheduler::impl::abandon(task_index t, time_point now) {
  record& r = records[t];
  end_attempt(t, now);
  r.abandoned = true;
  if (r.locked) locks.quarantine(r.locks);
  aborts.push_back({t, r.attempts, true});
  const std::string text = concat(r.why_text, "; abandoned: it did not stop within ", to_text(options.limits.cancel_grace));
  task_result out = result_for(r, r.timed_out ? task_state::timeout : task_state::cancelled, now);
  out.cancelled = cancel_reason::abandoned;
  out.reason = text;
  out.error = fail(r.timed_out ? errc::timeout : errc::cancelled, text);
  if (sink) {
    event e;
    e.type = event_type::attempt_ended;
    e.error = &*out.error;
    e.usage = &r.usage;
    e.data = json{{"outcome", "abandoned"}};
    publish(e, t, now);
  }
  finish(t, std::move(out), now);
}

void scheduler::impl::scan_running(time_point now) {
  const std::vector<task_index> now_running = running;
  for (const task_index t : now_running) {
    record& r = records[t];
    if (r.phase == phase::none || due_of(r) > now) continue;
    if (r.aborting) {
      abandon(t, now);
    } else if (r.attempt_due <= now) {
      const duration limit = r.call.limits.start_to_close.value_or(options.limits.default_start_to_close);
      expire(t, concat("start_to_close of ", to_text(limit), " passed"), true, now);
    } else {
      expire(t, concat("heartbeat_timeout: no sign of life for ", to_text(*r.call.limits.heartbeat_timeout)), true, now);
    }
  }
  running_due = never;
  for (const task_index t : running) note_due(due_of(records[t]));
}

void scheduler::advance(time_point now) {
  auto& s = *impl_;
  if (s.ended) return;
  if (s.run_due <= now) {
    s.run_due = impl::never;
    s.open = false;
    const std::string text = concat("run_timeout of ", to_text(*s.options.limits.run_timeout), " passed");
    s.reason = text;
    for (task_index t = 0; t < s.records.size(); ++t) s.expire(t, text, false, now);
  }
  while (!s.alarms.empty() && s.alarms.top().at <= now) {
    const impl::alarm a = s.alarms.top();
    s.alarms.pop();
    auto& r = s.records[a.task];
    if (is_terminal(r.state)) continue;
    switch (a.what) {
      case impl::alarm::kind::backoff:
        if (r.state == task_state::waiting && r.ticket == a.ticket) s.make_ready(a.task, now);
        break;
      case impl::alarm::kind::schedule_to_start:
        if (r.attempts == 0) {
          s.expire(a.task, concat("schedule_to_start of ", to_text(*r.call.limits.schedule_to_start), " passed"), false, now);
        }
        break;
      case impl::alarm::kind::deadline:
        s.expire(a.task, concat(r.deadline_name, " passed"), false, now);
        break;
    }
  }
  if (s.running_due <= now) s.scan_running(now);
  s.settle(now);
  s.check_end(now);
}

std::optional<time_point> scheduler::next_deadline() const {
  const auto& s = *impl_;
  if (s.ended) return std::nullopt;
  time_point next = std::min(s.run_due, s.running_due);
  if (!s.alarms.empty()) next = std::min(next, s.alarms.top().at);
  if (next == impl::never) return std::nullopt;
  return next;
}

std::vector<scheduler::abort_command> scheduler::take_aborts() { return std::exchange(impl_->aborts, {}); }

}  // namespace corchestra
