#include <algorithm>
#include <cmath>

#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr task_index ahead = 8;  // tasks
}

// Tasks mostly start in the order in which they lie in memory, but with too much between them for the processor to see it.
void scheduler::impl::fetch_ahead(task_index t) const noexcept {
  if (t + ahead >= records.size() || !records.holds(t + ahead)) return;
  const auto* call = reinterpret_cast<const char*>(records[t + ahead].call);
  for (std::size_t line = 0; line < sizeof(task_call); line += 64) __builtin_prefetch(call + line);
  __builtin_prefetch(&records[t + ahead], 1);
}

// Its attempt's state, for a loop over tasks that is about to come to it.
void scheduler::impl::fetch_attempt(task_index t) const noexcept {
  if (!records.holds(t)) return;
  const auto* attempt = reinterpret_cast<const char*>(records[t].now_running.get());
  for (std::size_t line = 0; attempt != nullptr && line < sizeof(live); line += 64) __builtin_prefetch(attempt + line, 1);
}

void scheduler::impl::start_attempt(task_index t, time_point now) {
  record& r = records[t];
  fetch_ahead(t);
  slots_in_use += weight_of(r);
  ++r.attempts;
  if (r.more) r.more->waits_since = r.more->retry_refused = never;
  if (!r.now_running) {
    if (spare.empty()) {
      r.now_running = std::make_unique<live>();
    } else {
      r.now_running = std::move(spare.back());
      spare.pop_back();
    }
  }
  live& l = *r.now_running;
  if (r.attempts == 1) tally.starts(now - r.submitted);
  tally.works();
  ++l.tries;
  if (retries.attempted(now)) retries_changed = true;
  l.phase = phase::working;
  l.started = now;
  l.heartbeat_at = now;
  const bool reset = r.attempts > 1 && l.progress > 0;
  l.progress = 0;
  l.progress_text.clear();
  l.progress_published = l.progress_pending = l.stall_told = false;
  l.capped.reset();
  l.waited = duration::zero();
  l.next_ordinal = 0;
  if (std::exchange(l.open_waits, 0) > 0) l.waits = {};
  const optional_duration limit = start_to_close_of(r);
  l.attempt_due = limit ? detail::later(now, *limit) : never;
  l.attempt_left = duration::zero();
  l.patience = duration::zero();
  if (r.call->limits.heartbeat_timeout) {
    l.patience = *r.call->limits.heartbeat_timeout / 2;
  } else if (kinds[r.kind].times->known) {
    constexpr duration least = std::chrono::seconds(30);
    l.patience = std::max(least, 3 * expected(r));
  }
  l.stall_at = l.patience == duration::zero() ? never : detail::later(now, l.patience);
  l.running_place = static_cast<std::uint32_t>(running.size());
  running.push_back(t);
  note_due(due_of(r));
  set_state(t, task_state::running, wait_reason::none, now);
  if (!sink) return;
  event e;
  e.type = event_type::attempt_started;
  e.call = r.call;
  publish(e, t, now);
  if (reset) publish(event_type::task_progress, t, now, json{{"reset", true}});
}

// The attempt's body is gone, or given up: it holds no slot any more.
void scheduler::impl::end_attempt(task_index t, time_point now) {
  record& r = records[t];
  live& l = *r.now_running;
  if (l.phase == phase::working) {
    slots_in_use -= weight_of(r);
    tally.rests();
  }
  if (l.phase == phase::wants_slot || (r.more && r.more->asked)) unqueue(t, now);
  if (l.phase != phase::working) l.waited += now - l.wait_began;
  l.phase = phase::none;
  l.last_attempt = now - l.started;
  l.worked = l.kept + l.last_attempt - l.waited;
  ++r.ticket;
  running[l.running_place] = running.back();
  records[running.back()].now_running->running_place = l.running_place;
  running.pop_back();
  if (l.progress_pending) flush_progress(t, now);
  l.abandon_at = never;
}

void scheduler::attempt_waits(task_index task, std::uint32_t attempt, wait_reason reason, time_point now) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.attempts != attempt || r.phase() == impl::phase::none || r.abandoned) return;
  auto& l = *r.now_running;
  ++l.open_waits;
  ++l.open(reason);
  if (l.phase == impl::phase::wants_slot) s.unqueue(task, now, true);
  if (l.phase != impl::phase::working) {
    l.phase = impl::phase::waiting;
    if (r.waiting != wait_reason::slot) return;
    r.waiting = reason;
    return s.publish(event_type::task_state_changed, task, now);
  }
  l.phase = impl::phase::waiting;
  l.wait_began = now;
  s.slots_in_use -= s.weight_of(r);
  s.tally.rests();
  s.release(task, true, false, now);
  l.attempt_left = l.attempt_due == impl::never ? duration::zero() : std::max(l.attempt_due - now, duration(1));
  l.attempt_due = impl::never;
  l.stall_at = impl::never;
  r.waiting = reason;
  s.publish(event_type::task_state_changed, task, now);
}

void scheduler::attempt_leaves_wait(task_index task, std::uint32_t attempt, wait_reason reason, time_point now) {
  auto& r = impl_->records[task];
  if (r.attempts != attempt || !r.now_running || r.now_running->open(reason) == 0) return;
  auto& l = *r.now_running;
  --l.open_waits;
  --l.open(reason);
  if (l.open_waits > 0 && l.open(wait_reason::child) == l.open_waits) impl_->suspects.push_back(task);
  if (l.open(reason) > 0 || r.waiting != reason || l.open_waits == 0 || l.phase != impl::phase::waiting) return;
  const auto other = std::find_if(l.waits.begin(), l.waits.end(), [](std::uint32_t open) { return open > 0; });
  r.waiting = static_cast<wait_reason>(other - l.waits.begin());  // what it stands still for now
  impl_->publish(event_type::task_state_changed, task, now);
}

bool scheduler::attempt_wants_slot(task_index task, std::uint32_t attempt, time_point now) {
  auto& s = *impl_;
  auto& r = s.records[task];
  if (r.attempts != attempt || r.abandoned || !r.now_running || r.now_running->open_waits > 0) return false;
  auto& l = *r.now_running;
  if (l.phase == impl::phase::waiting) {
    l.phase = impl::phase::wants_slot;
    if (s.slots_in_use + s.weight_of(r) > s.slots) s.tell_slot_wait(task, now);
    s.push(task, now);
  }
  return l.phase == impl::phase::wants_slot;
}

void scheduler::impl::take_slot_again(task_index t, time_point now) {
  record& r = records[t];
  live& l = *r.now_running;
  l.phase = phase::working;
  l.waited += now - l.wait_began;
  slots_in_use += weight_of(r);
  tally.works();
  if (r.more) r.more->waits_since = never;
  if (l.attempt_left != duration::zero()) l.attempt_due = detail::later(now, l.attempt_left);
  l.heartbeat_at = now;
  l.stall_told = false;
  if (l.patience != duration::zero()) l.stall_at = detail::later(now, l.patience);
  note_due(due_of(r));
  set_state(t, task_state::running, wait_reason::none, now);
}

boxed<error> scheduler::impl::check_output(task_index t, const task_output& output) const {
  const record& r = records[t];
  if (!r.more || !r.more->schema) return {};
  if (const auto ok = r.more->schema->validate(output.value); ok.has_error()) {
    return in_place(ok.error(), concat("the output of ", quote(r.call->id), " does not match its schema"));
  }
  return {};
}

void scheduler::impl::learn(const record& r, duration took) {
  constexpr double newest = 0.3;
  learnt& k = *kinds[r.kind].times;
  auto& seen = k.seen;
  const double seconds = to_seconds(took), off = seconds - seen.mean_seconds;
  if (seen.samples == 0) {
    seen.mean_seconds = seconds;
  } else {
    seen.mean_seconds += newest * off;
    seen.variance = (1 - newest) * (seen.variance + newest * off * off);
  }
  ++seen.samples;
  k.expected = from_seconds(seen.mean_seconds);
  k.known = seen.samples >= 3;
}

// What attempt_ended tells of some: its iteration, and what was settled at the reserve.
json scheduler::impl::attempt_data(const record& r, bool loops_on, const budget_amount& estimated) {
  json data = json::object();
  if (loops_on) data["iteration"] = r.more->iteration;
  if (estimated.tokens > 0) data["estimated"]["tokens"] = estimated.tokens;
  if (estimated.micro_dollars > 0) data["estimated"]["micro_dollars"] = estimated.micro_dollars;
  return data;
}

bool scheduler::attempt_ended(task_index task, std::uint32_t attempt, boxed<error>&& failure, task_output&& output, time_point now) {
  auto& s = *impl_;
  if (!s.records.holds(task)) return false;
  auto& r = s.records[task];
  if (r.abandoned && r.attempts == attempt) {  // the body that was given up has ended at last
    r.abandoned = false;
    s.release(task, true, true, now);
    s.forget(task);
    return false;
  }
  if (r.attempts != attempt || r.phase() == impl::phase::none) return false;
  auto& l = *r.now_running;
  l.usage += output.usage;
  if (!s.ledger.empty() && !(output.usage == token_usage{})) {
    s.ledger.spend(task, r.call->agent, {output.usage.total_tokens(), 0}, false);
  }
  s.end_attempt(task, now);

  std::optional<impl::children_to_commit> children;
  bool loops_on = false;
  if (!failure && !l.aborting) {
    if (r.more && r.more->schema) failure = s.check_output(task, output);
    if (!failure && l.capped) failure = *l.capped;
    if (!failure && l.staged) {
      if (auto p = s.prepare_staged(task)) {
        children = std::move(*p);
      } else {
        failure = p.error();
      }
    }
    loops_on = !failure && s.loop_goes_on(r, output);
    if (!failure && !loops_on && output.branch) failure = s.check_branch(r, *output.branch);
    if (!failure && !loops_on && r.rules()) failure = s.merge_output(r, output);
  }
  if (l.staged) s.drop_staged(l);
  impl::next_try next;
  if (failure || l.aborting) next = s.after_failure(task, failure, output, loops_on, now);
  if (r.more) {
    const bool keep_locks = next.in_time && !next.pause && r.rules() && r.rules()->hold_across_waits && !s.left_out(r) && !s.is_held_back(r);
    s.release(task, true, !keep_locks, now);
    if (!keep_locks && !r.more->locks.empty()) s.lower_priority(r);
  }
  const budget_amount estimated = s.settle_budget(task, true);

  if (loops_on && r.more->iteration >= r.rules()->repeat->max_iterations) {
    failure = s.loop_error(r, output);
    loops_on = false;
  }
  const task_state outcome = l.aborting ? (l.timed_out ? task_state::timeout : task_state::cancelled)
                             : !failure ? task_state::completed
                             : failure->is(errc::limit_exceeded) ? task_state::limit_exceeded
                                                                 : task_state::failed;
  if (s.sink) {
    event e;
    e.type = event_type::attempt_ended;
    e.error = failure.get();
    e.usage = &l.usage;
    e.outcome = outcome;
    if (next.in_time && !next.pause) e.retry_in = next.delay;
    if (loops_on || !estimated.none()) e.data = s.attempt_data(r, loops_on, estimated);
    s.publish(e, task, now);
  }
  if (next.pause) {
    if (s.state == run_state::running && !s.draining) {
      s.state = run_state::paused;
      s.publish(event_type::run_paused, now, json{{"message", concat(quote(r.call->id), " failed: ", failure->message)}});
      s.free_locks_in_pause(now);
    }
    l.tries = 0;
  }
  if (next.pause || next.in_time) {
    if (s.options.retry_budget) r.get().last_failure = failure->message;
    s.retry(task, next.delay, now);
    s.tell_budget_alerts(now);
    s.check_end(now);
    return true;
  }
  if (!failure) s.learn(r, l.last_attempt - l.waited);
  if (loops_on) {
    s.iterate(task, std::move(output), std::move(children), now);
    s.tell_budget_alerts(now);
    return true;
  }
  task_result& result =
      outcome == task_state::completed ? s.new_result(task, std::move(output)) : s.new_result(task);
  if (outcome != task_state::completed) {
    result.cancelled = outcome == task_state::cancelled ? l.why : cancel_reason::none;
    result.reason = failure->message;
    result.error = std::move(failure);
  }
  if (outcome == task_state::completed && children && !children->tasks.calls.empty()) {
    // Before the subtree can count as ended: the children are part of it.
    ++r.open_subtree;
    s.finish(task, outcome, result, now);
    s.commit(std::move(*children), task, now);
    --r.open_subtree;
    if (r.open_subtree == 0) {
      ++r.open_subtree;
      s.close_subtree(task, now);
      s.forget(task);
    }
  } else {
    s.finish(task, outcome, result, now);
  }
  s.tell_budget_alerts(now);  // only now: what is used up may cancel this task's parent, and with it this task
  s.settle(now);
  s.check_end(now);
  return true;
}

duration scheduler::impl::backoff(const record& r, const error& e) {
  const auto& policy = policy_of(r);
  const double first = to_seconds(policy.first_delay), most = to_seconds(policy.max_delay);
  const double grown = first == 0 ? 0 : first * std::pow(policy.factor, static_cast<double>(r.now_running->tries - 1));  // 0 times infinity
  const double cap = std::min(most, grown);
  // Full jitter, or equal jitter (half fixed) where the other side asked for patience: L14.
  double seconds = cap;
  if (policy.jitter) seconds = e.retry_after ? cap / 2 + cap / 2 * random.fraction() : cap * random.fraction();
  duration d = seconds < most ? from_seconds(seconds) : policy.max_delay;
  if (e.retry_after) d = std::max<duration>(d, *e.retry_after);
  return d;
}

// A scope ends with its attempt: but for children that are committed, and what has been completed.
void scheduler::impl::end_scope(task_index t, const std::string& text, time_point now) {
  if (!records[t].more) return;
  for (std::size_t i = 0; i < records[t].more->children.size(); ++i) {
    const task_index c = records[t].more->children[i];
    if (!records.holds(c) || is_terminal(records[c].state) || (records[c].more && records[c].more->committed)) continue;
    cancel(c, cancel_reason::parent_cancelled, text, now);
  }
}

void scheduler::impl::retry(task_index t, duration delay, time_point now) {
  record& r = records[t];
  live& l = *r.now_running;
  l.aborting = l.timed_out = l.retry_after_timeout = false;
  l.why = cancel_reason::none;
  l.why_text.clear();
  ++r.ticket;
  end_scope(t, concat("the attempt of its parent ", quote(r.call->id), " ended"), now);
  if (budget_gone && end_without_budget(t, now)) return settle(now);
  if (state == run_state::paused && delay == duration::zero()) {
    hold(t, paused_tasks, now);
  } else {
    set_state(t, task_state::waiting, wait_reason::backoff, now);
    set_alarm({detail::later(now, delay), t, r.ticket, alarm::kind::backoff});
  }
  settle(now);
}

// A loop that has not come to its end: again, with the last output at hand.
void scheduler::impl::iterate(task_index t, task_output output, std::optional<children_to_commit> children, time_point now) {
  record& r = records[t];
  ++r.more->iteration;
  r.more->previous = std::move(output.value);
  r.more->has_previous = true;
  r.now_running->tries = 0;
  r.now_running->kept = r.now_running->worked;
  ++r.ticket;
  end_scope(t, concat("an iteration of its parent ", quote(r.call->id), " ended"), now);
  if (left_out(r)) {
    r.more->backoff_over = true;
    set_state(t, task_state::waiting, wait_reason::backoff, now);
  } else {
    make_ready(t, now);
  }
  if (children) commit(std::move(*children), t, now);
  settle(now);
  check_end(now);
}

}  // namespace corchestra
