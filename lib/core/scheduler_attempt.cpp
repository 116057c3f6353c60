#include <cmath>

#include "core/scheduler_impl.hpp"

namespace corchestra {

void scheduler::impl::set_state(task_index t, task_state s, wait_reason w, time_point now) {
  record& r = records[t];
  if (r.state == s && r.waiting == w) return;
  if (r.state != s && !may_become(r.state, s)) {
    publish(event_type::warning, t, now,
            json{{"message", concat("internal: ", to_string(r.state), " may not become ", to_string(s))}});
  }
  --counts[static_cast<std::size_t>(r.state)];
  ++counts[static_cast<std::size_t>(s)];
  r.state = s;
  r.waiting = w;
  // attempt_started and task_ended say the rest themselves
  const bool resumed = s == task_state::running && r.phase == phase::working && r.attempt_left != duration::zero();
  if (!is_terminal(s) && (s != task_state::running || resumed)) publish(event_type::task_state_changed, t, now);
}

void scheduler::impl::make_ready(task_index t, time_point now) {
  record& r = records[t];
  set_state(t, task_state::ready, wait_reason::none, now);
  ready.push(r.call.priority, false, {t, r.ticket});
}

std::optional<scheduler::start_command> scheduler::next_start(time_point now) {
  auto& s = *impl_;
  detail::ready_queue::entry e;
  while (s.slots_in_use < s.slots && s.ready.pop(e)) {
    auto& r = s.records[e.task];
    if (r.ticket != e.ticket) continue;
    ++r.ticket;
    if (r.phase == impl::phase::wants_slot) {
      s.take_slot_again(e.task, now);
      return start_command{e.task, r.attempts, true};
    }
    if (s.draining && !s.is_awaited(e.task)) continue;
    if (!r.locks.empty()) {
      const auto in_the_way = s.locks.try_acquire(e.task, r.call.priority, r.locks);
      if (in_the_way != detail::lock_table::none) {
        const auto mine = std::find_if(r.locks.begin(), r.locks.end(),
                                       [&](const detail::lock_request& l) { return l.resource == in_the_way; });
        s.locks.park(e.task, r.call.priority, mine->mode, in_the_way);
        r.parked_on = in_the_way;
        s.set_state(e.task, task_state::waiting, wait_reason::lock, now);
        s.pass_baton(r, now);
        continue;
      }
      r.locked = true;
      s.pass_baton(r, now);
    }
    s.start_attempt(e.task, now);
    return start_command{e.task, r.attempts, false};
  }
  return std::nullopt;
}

void scheduler::impl::start_attempt(task_index t, time_point now) {
  record& r = records[t];
  ++slots_in_use;
  ++r.attempts;
  r.phase = phase::working;
  r.started = now;
  r.heartbeat_at = now;
  r.progress = 0;
  r.progress_published = r.progress_pending = false;
  r.staged.clear();
  r.next_ordinal = 0;
  r.open_waits = 0;
  const duration limit = r.call.limits.start_to_close.value_or(options.limits.default_start_to_close);
  r.attempt_due = now + limit;
  r.attempt_left = duration::zero();
  r.running_place = static_cast<std::uint32_t>(running.size());
  running.push_back(t);
  note_due(due_of(r));
  set_state(t, task_state::running, wait_reason::none, now);
  if (sink) {
    event e;
    e.type = event_type::attempt_started;
    e.call = &r.call;
    publish(e, t, now);
  }
}

// The attempt's body is gone, or given up: it holds no slot any more.
void scheduler::impl::end_attempt(task_index t, time_point now) {
  record& r = records[t];
  if (r.phase == phase::working) --slots_in_use;
  r.phase = phase::none;
  r.last_attempt = now - *r.started;
  ++r.ticket;
  running[r.running_place] = running.back();
  records[running.back()].running_place = r.running_place;
  running.pop_back();
  flush_progress(t, now);
  r.abandon_at = never;
}

void scheduler::impl::release_locks(task_index t, time_point now) {
  record& r = records[t];
  if (!r.locked) return;
  r.locked = false;
  std::vector<task_index> woken;
  locks.release(t, r.locks, woken);
  wake(woken, detail::lock_table::none, now);
}

void scheduler::impl::wake(const std::vector<task_index>& woken, detail::resource_index, time_point now) {
  for (const task_index t : woken) {
    record& r = records[t];
    r.baton = r.parked_on;
    r.parked_on = detail::lock_table::none;
    make_ready(t, now);
  }
}

void scheduler::impl::pass_baton(record& r, time_point now) {
  if (r.baton == detail::lock_table::none) return;
  const auto resource = std::exchange(r.baton, detail::lock_table::none);
  std::vector<task_index> woken;
  locks.wake(resource, woken);
  wake(woken, resource, now);
}

// Takes a task that has not started out of whatever it waits in.
void scheduler::impl::unqueue(task_index t, time_point now) {
  record& r = records[t];
  ++r.ticket;
  if (r.parked_on != detail::lock_table::none) {
    const auto resource = std::exchange(r.parked_on, detail::lock_table::none);
    locks.unpark(t, r.call.priority, resource);
    // It may have been the writer that kept readers waiting.
    std::vector<task_index> woken;
    locks.wake(resource, woken);
    wake(woken, resource, now);
  }
  pass_baton(r, now);
}

void scheduler::attempt_waits(task_index task, std::uint32_t attempt, wait_reason reason, time_point now) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.attempts != attempt || r.phase == impl::phase::none || r.abandoned) return;
  ++r.open_waits;
  if (r.phase == impl::phase::wants_slot) ++r.ticket;
  if (r.phase != impl::phase::working) {
    r.phase = impl::phase::waiting;
    return;
  }
  r.phase = impl::phase::waiting;
  --s.slots_in_use;
  r.attempt_left = r.attempt_due == impl::never ? duration::zero() : std::max(r.attempt_due - now, duration(1));
  r.attempt_due = impl::never;
  r.waiting = reason;
  s.publish(event_type::task_state_changed, task, now);
}

void scheduler::attempt_leaves_wait(task_index task, std::uint32_t attempt) {
  auto& r = impl_->records[task];
  if (r.attempts == attempt && r.open_waits > 0) --r.open_waits;
}

bool scheduler::attempt_wants_slot(task_index task, std::uint32_t attempt) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.attempts != attempt || r.abandoned || r.open_waits > 0) return false;
  if (r.phase == impl::phase::waiting) {
    r.phase = impl::phase::wants_slot;
    s.ready.push(r.call.priority, true, {task, r.ticket});
  }
  return r.phase == impl::phase::wants_slot;
}

void scheduler::attempt_works_on(task_index task, std::uint32_t attempt, time_point now) {
  auto& s = *impl_;
  auto& r = s.records[task];
  const bool waits = r.phase == impl::phase::waiting || r.phase == impl::phase::wants_slot;
  if (r.attempts != attempt || r.abandoned || r.aborting || !waits || r.open_waits > 0) return;
  ++r.ticket;
  s.take_slot_again(task, now);
}

void scheduler::impl::take_slot_again(task_index t, time_point now) {
  record& r = records[t];
  r.phase = phase::working;
  ++slots_in_use;
  if (r.attempt_left != duration::zero()) r.attempt_due = now + r.attempt_left;
  r.heartbeat_at = now;
  note_due(due_of(r));
  set_state(t, task_state::running, wait_reason::none, now);
}

// A running task waits for it, directly or further up: draining finishes it too.
bool scheduler::impl::is_awaited(task_index t) const {
  for (task_index up = records[t].parent; up != no_task; up = records[up].parent) {
    if (records[up].phase != phase::none) return true;
  }
  return false;
}

error scheduler::impl::time_limit_error(std::string text) const { return fail(errc::timeout, std::move(text)); }

bool scheduler::attempt_ended(task_index task, std::uint32_t attempt, attempt_end end, time_point now) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.abandoned && r.attempts == attempt) {  // the body that was given up has ended at last
    r.abandoned = false;
    s.release_locks(task, now);
    return false;
  }
  if (r.attempts != attempt || r.phase == impl::phase::none) return false;
  r.usage += end.output.usage;
  s.end_attempt(task, now);
  s.release_locks(task, now);  // before any back-off

  std::optional<error> failure = std::move(end.failure);
  task_state outcome = failure ? task_state::failed : task_state::completed;
  if (r.aborting) {
    outcome = r.timed_out ? task_state::timeout : task_state::cancelled;
    failure = r.timed_out ? s.time_limit_error(r.why_text) : fail(errc::cancelled, r.why_text);
  }
  const bool may_retry = failure && failure->retry != retry_class::terminal && !s.draining &&
                         (!r.aborting || (r.timed_out && r.retry_after_timeout));
  const auto& policy = r.call.retry ? *r.call.retry : s.options.retry;
  const bool again = may_retry && r.attempts <= static_cast<std::uint32_t>(policy.max_retries);
  const duration delay = again ? s.backoff(r, *failure) : duration::zero();
  const bool in_time = again && (r.deadline == impl::never || now + delay < r.deadline);
  if (again && !in_time) {
    failure->message += concat("; the next try in ", to_text(delay), " would be after the ", r.deadline_name);
  }

  if (s.sink) {
    event e;
    e.type = event_type::attempt_ended;
    e.error = failure ? &*failure : nullptr;
    e.usage = &r.usage;
    e.data = json{{"outcome", to_lower(to_string(outcome))}};
    if (in_time) e.data["retry_in_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count();
    s.publish(e, task, now);
  }
  if (in_time) {
    s.retry(task, *failure, delay, now);
    return true;
  }
  task_result result = s.result_for(r, outcome, now);
  if (outcome == task_state::completed) {
    result.output = std::move(end.output);
  } else {
    result.cancelled = outcome == task_state::cancelled ? r.why : cancel_reason::none;
    result.reason = failure->message;
    result.error = std::move(failure);
  }
  std::vector<task_call> children = std::move(r.staged);
  s.finish(task, std::move(result), now);
  if (outcome == task_state::completed && !children.empty()) s.add(std::move(children), task, now);
  s.settle(now);
  s.check_end(now);
  return true;
}

duration scheduler::impl::backoff(const record& r, const error& e) {
  const auto& policy = r.call.retry ? *r.call.retry : options.retry;
  const double cap = std::min(to_seconds(policy.max_delay),
                              to_seconds(policy.first_delay) * std::pow(policy.factor, static_cast<double>(r.attempts - 1)));
  double seconds = cap;
  // 53 random bits: the same on every standard library, unlike std::uniform_real_distribution.
  if (policy.jitter) seconds = cap * (static_cast<double>(random() >> 11) * 0x1.0p-53);
  duration d = from_seconds(seconds);
  if (e.retry_after) d = std::max<duration>(d, *e.retry_after);
  return d;
}

void scheduler::impl::retry(task_index t, const error&, duration delay, time_point now) {
  record& r = records[t];
  r.aborting = r.timed_out = r.retry_after_timeout = false;
  r.why = cancel_reason::none;
  r.why_text.clear();
  ++r.ticket;
  set_state(t, task_state::waiting, wait_reason::backoff, now);
  alarms.push({now + delay, t, r.ticket, alarm::kind::backoff});
  for (std::size_t i = 0; i < r.children.size(); ++i) {  // a scope ends with its attempt
    cancel(r.children[i], cancel_reason::parent_cancelled, concat("the attempt of its parent ", quote(r.call.id), " ended"), now);
  }
  settle(now);
}

task_result scheduler::impl::result_for(const record& r, task_state s, time_point now) const {
  task_result out;
  out.id = r.call.id;
  out.agent = r.call.agent;
  out.task_type = r.call.task_type;
  out.state = s;
  out.attempts = r.attempts;
  out.queued_at = r.submitted;
  out.started_at = r.started;
  if (r.started && r.state != task_state::running) out.last_attempt = r.last_attempt;
  out.ended_at = now;
  out.usage = r.usage;
  if (r.parent != no_task) out.parent = records[r.parent].call.id;
  return out;
}

void scheduler::impl::finish(task_index t, task_result result, time_point now) {
  record& r = records[t];
  set_state(t, result.state, wait_reason::none, now);
  --unfinished;
  r.result = std::make_unique<task_result>(std::move(result));
  settling.push_back(t);
  if (!sink) return;
  event e;
  e.type = event_type::task_ended;
  e.result = r.result.get();
  publish(e, t, now);
}

void scheduler::impl::skip(task_index t, task_index cause, time_point now) {
  record& r = records[t];
  const task_result& up = *records[cause].result;
  task_result out = result_for(r, task_state::skipped, now);
  out.skipped = up.skipped == skip_cause::none ? skip_cause::upstream_failed : up.skipped;
  out.reason = concat(to_string(out.skipped), ": it needs ", quote(up.id), ", which ended ", to_string(up.state));
  unqueue(t, now);
  finish(t, std::move(out), now);
}

void scheduler::impl::settle(time_point now) {
  if (settling_now) return;
  settling_now = true;
  for (std::size_t i = 0; i < settling.size(); ++i) {
    const task_index t = settling[i];
    record& r = records[t];
    const bool completed = r.state == task_state::completed;
    for (const task_index d : std::exchange(r.dependants, {})) {
      record& next = records[d];
      if (is_terminal(next.state)) continue;
      if (!completed) {
        skip(d, t, now);
      } else if (--next.missing == 0) {
        make_ready(d, now);
      }
    }
    if (completed) continue;
    for (const task_index c : r.children) {
      if (!is_terminal(records[c].state)) {
        cancel(c, cancel_reason::parent_cancelled, concat("its parent ", quote(r.call.id), " ended ", to_string(r.state)), now);
      }
    }
    const bool bad = r.state != task_state::skipped || !is_good(r.result->skipped);
    if (bad && options.fail_fast && !failing && run_cancelled == cancel_reason::none) {
      failing = true;
      const std::string text = concat("fail_fast: ", quote(r.call.id), " ended ", to_string(r.state));
      for (task_index o = 0; o < records.size(); ++o) cancel(o, cancel_reason::sibling_failed, text, now);
      if (reason.empty()) reason = text;
    }
  }
  settling.clear();
  settling_now = false;
}

void scheduler::impl::check_end(time_point now) {
  if (ended) return;
  const bool nothing_left = unfinished == 0 && !open;
  const bool drained = draining && running.empty();
  if (!nothing_left && !drained) return;
  ended = true;
  std::size_t good = counts[static_cast<std::size_t>(task_state::completed)];
  for (const auto& r : records) {
    if (r.result && r.state == task_state::skipped && is_good(r.result->skipped)) ++good;
  }
  if (unfinished > 0) {
    state = run_state::interrupted;
  } else if (good == records.size()) {
    state = run_state::completed;
  } else if (run_cancelled != cancel_reason::none) {
    state = run_state::cancelled;
  } else {
    state = run_state::failed;
  }
  json data{{"state", to_string(state)}};
  if (!reason.empty() && state != run_state::completed) data["reason"] = reason;
  publish(event_type::run_ended, now, std::move(data));
  sink = nullptr;  // nothing follows: bodies that were given up may still call
}

}  // namespace corchestra
