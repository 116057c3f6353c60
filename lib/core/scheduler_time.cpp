#include "core/scheduler_impl.hpp"

namespace corchestra {

time_point scheduler::impl::due_of(const record& r) const {
  const live& l = *r.now_running;
  if (l.aborting) return l.abandon_at;
  time_point due = std::min(l.attempt_due, l.stall_told ? never : l.stall_at);
  if (r.call->limits.heartbeat_timeout && l.phase == phase::working) {
    due = std::min(due, detail::later(l.heartbeat_at, *r.call->limits.heartbeat_timeout));
  }
  return due;
}

// True when a silence was told before: the next one is told as well.
bool scheduler::impl::note_life(live& l, time_point now) {
  l.heartbeat_at = now;
  if (!std::exchange(l.stall_told, false) || l.phase != phase::working) return false;
  l.stall_at = detail::later(now, l.patience);
  note_due(l.stall_at);
  return true;
}

void scheduler::impl::tell_stall(task_index t, time_point now) {
  record& r = records[t];
  live& l = *r.now_running;
  if (l.heartbeat_at + l.patience > now) {  // it has been heard of since
    l.stall_at = l.heartbeat_at + l.patience;
    return;
  }
  l.stall_told = true;
  const auto silent = now - l.heartbeat_at;
  publish(event_type::task_stalled, t, now,
          json{{"message", concat("no sign of life for ", to_text(silent))},
               {"silent_ms", std::chrono::duration_cast<std::chrono::milliseconds>(silent).count()}});
}

void scheduler::impl::scan_running(time_point now) {
  const std::vector<task_index> now_running = all_running();
  for (const task_index t : now_running) {
    record& r = records[t];
    if (r.phase() == phase::none || due_of(r) > now) continue;
    const live& l = *r.now_running;
    if (l.aborting) {
      abandon(t, now);
    } else if (l.attempt_due <= now) {
      expire(t, concat("start_to_close of ", to_text(*start_to_close_of(r)), " passed"), true, now);
    } else if (r.call->limits.heartbeat_timeout && l.phase == phase::working &&
               l.heartbeat_at + *r.call->limits.heartbeat_timeout <= now) {
      expire(t, concat("heartbeat_timeout: no sign of life for ", to_text(*r.call->limits.heartbeat_timeout)), true, now);
    } else {
      tell_stall(t, now);
    }
  }
  running_due = never;
  for (const task_index t : running) note_due(due_of(records[t]));
}

bool scheduler::impl::is_stale(const alarm& a) const {
  if (a.what == alarm::kind::group) return groups[a.task].ended;
  if (!records.holds(a.task) || is_terminal(records[a.task].state)) return true;
  const record& r = records[a.task];
  switch (a.what) {
    case alarm::kind::backoff:
      return r.ticket != a.ticket;
    case alarm::kind::schedule_to_start:
      return r.attempts > 0;
    case alarm::kind::approval:
      return !r.more->asked || r.more->question != a.ticket;
    case alarm::kind::progress:
      return r.attempts != a.ticket;
    default:
      return false;
  }
}

// Those of ended tasks are taken out when they could be the greater part.
void scheduler::impl::set_alarm(const alarm& a) {
  constexpr std::size_t few = 64;
  if (alarms.size() >= 2 * alarms_kept + few) {
    std::erase_if(alarms, [&](const alarm& old) { return is_stale(old); });
    alarms_kept = alarms.size();
    std::make_heap(alarms.begin(), alarms.end(), std::greater<>());
  }
  alarms.push_back(a);
  std::push_heap(alarms.begin(), alarms.end(), std::greater<>());
}

// It is tried again, if the retry budget allows it, and else waits for that.
void scheduler::impl::end_backoff(task_index t, time_point now) {
  record& r = records[t];
  if (left_out(r)) {  // unfinished, for a resume
    more_of(r).backoff_over = true;
    return;
  }
  const time_point allowed = retries.take(now);
  if (allowed <= now) return make_ready(t, now);
  extra& x = more_of(r);
  if (x.retry_refused == never) x.retry_refused = now;
  const time_point give_up = detail::later(x.retry_refused, options->give_up_after);
  if (now < give_up) {
    rare().refused_retries.emplace(x.retry_refused, t);
    return set_alarm({std::min(allowed, give_up), t, r.ticket, alarm::kind::backoff});
  }
  end_unstarted(t, task_state::failed, cancel_reason::none, errc::task_failed,
                concat("retry_budget: no retry was allowed within ", to_text(options->give_up_after), "; the last try failed: ", x.last_failure),
                now);
}

// Those that the retry budget has refused ask again, until it does so: whoever has waited longest is the first.
void scheduler::impl::offer_retries(time_point now) {
  retries_changed = false;
  while (!rare().refused_retries.empty()) {
    const auto first = *rare().refused_retries.begin();
    rare().refused_retries.erase(rare().refused_retries.begin());
    if (!records.holds(first.second)) continue;
    record& r = records[first.second];
    const bool waits = r.state == task_state::waiting && r.waiting == wait_reason::backoff && r.more && r.more->retry_refused == first.first;
    if (!waits) continue;
    ++r.ticket;  // its alarm is stale
    end_backoff(first.second, now);
    if (rare().refused_retries.contains(first)) return;
  }
}

void scheduler::impl::fire(const alarm& a, time_point now) {
  if (a.what == alarm::kind::group) {
    group& g = groups[a.task];
    if (std::exchange(g.ended, true)) return;
    const std::string text = concat("timeout of group ", quote(g.name), " (", to_text(*g.options.timeout), ") passed");
    g.timed_out = true;
    g.why = text;
    for (const task_index m : std::vector<task_index>(g.members)) expire(m, text, false, now);
    return;
  }
  if (!records.holds(a.task) || is_terminal(records[a.task].state)) return;
  record& r = records[a.task];
  switch (a.what) {
    case alarm::kind::backoff: {
      const auto waits = [&] { return r.state == task_state::waiting && r.ticket == a.ticket; };
      if (waits() && !rare().refused_retries.empty()) offer_retries(now);
      if (waits()) end_backoff(a.task, now);
      return;
    }
    case alarm::kind::schedule_to_start:
      if (r.attempts == 0) {
        expire(a.task, concat("schedule_to_start of ", to_text(*r.call->limits.schedule_to_start), " passed"), false, now);
      }
      return;
    case alarm::kind::deadline:
      return expire(a.task, concat(r.more->deadline_name, " passed"), false, now);
    case alarm::kind::approval:
      if (r.more->asked && r.more->question == a.ticket) answered(a.task, r.more->approve_by_default, true, {}, now);
      return;
    case alarm::kind::progress:
      if (r.phase() != phase::none && r.attempts == a.ticket) flush_progress(a.task, now);
      return;
    case alarm::kind::group:
      return;
  }
}

void scheduler::advance(time_point now) {
  auto& s = *impl_;
  if (s.ended) return;
  if (s.run_due <= now) {
    s.run_due = impl::never;
    s.open = false;
    s.closing = true;
    const std::string text = concat("run_timeout of ", to_text(*s.options->limits.run_timeout), " passed");
    s.reason = text;
    s.settling_now = true;
    for (task_index t = 0; t < s.records.size(); ++t) s.expire(t, text, false, now);
    s.settling_now = false;
  }
  while (!s.ended && !s.alarms.empty() && s.alarms.front().at <= now) {
    const impl::alarm a = s.alarms.front();
    std::pop_heap(s.alarms.begin(), s.alarms.end(), std::greater<>());
    s.alarms.pop_back();
    s.fire(a, now);
  }
  if (s.ended) return;
  if (s.resources.next_due() <= now) {
    std::vector<task_index> woken;
    s.resources.advance(now, woken);
    for (const task_index t : s.resources.take_reserving()) s.suspects.push_back(t);
    s.wake(woken, now);
    s.press(now);  // some have begun to reserve
  }
  if (s.aside_until <= now) s.bring_back();
  if (s.running_due <= now) s.scan_running(now);
  s.tell_budget_alerts(now);  // of what was given up
  s.settle(now);
  s.check_end(now);
}

std::optional<time_point> scheduler::next_deadline() const {
  const auto& s = *impl_;
  if (s.ended) return std::nullopt;
  time_point next = std::min({s.run_due, s.running_due, s.aside_until, s.resources.next_due()});
  if (!s.alarms.empty()) next = std::min(next, s.alarms.front().at);
  if (next == impl::never) return std::nullopt;
  return next;
}

}  // namespace corchestra
