#include <algorithm>
#include <cmath>

#include "base/fetch.hpp"
#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr task_index ahead = 8;  // tasks
}

// Tasks mostly start in the order in which they lie in memory, but with too much between them for the processor to see it.
void scheduler::impl::fetch_ahead(task_index t) const noexcept {
  if (t + 2 * ahead >= records.size() || !records.holds(t + ahead) || !records.holds(t + 2 * ahead)) return;
  detail::fetch(&records[t + 2 * ahead], sizeof(record));
  detail::fetch(&records[t + ahead].call->id, sizeof(std::string));
}

// Its attempt's state, for a loop over tasks that is about to come to it.
void scheduler::impl::fetch_attempt(task_index t) const noexcept {
  if (!records.holds(t)) return;
  if (records.holds(t + ahead)) detail::fetch(&records[t + ahead], sizeof(record));
  detail::fetch(records[t].now_running.get(), sizeof(live) - sizeof(live::room));
}

void scheduler::impl::start_attempt(task_index t, record& r, time_point now) {
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
  const bool has_heartbeat = r.limited && r.call->limits.heartbeat_timeout;
  if (has_heartbeat) {
    l.patience = *r.call->limits.heartbeat_timeout / 2;
  } else if (all_learnt[kinds[r.kind].learnt].known) {
    constexpr duration least = std::chrono::seconds(30);
    l.patience = std::max(least, 3 * expected(r));
  }
  l.stall_at = l.patience == duration::zero() ? never : detail::later(now, l.patience);
  l.running_place = static_cast<std::uint32_t>(running.size());
  running.push_back(t);
  note_due(has_heartbeat ? due_of(r) : std::min(l.attempt_due, l.stall_at));
  CORCHESTRA_INLINE_HERE set_state(t, r, task_state::running, wait_reason::none, now);
  if (wants(event_type::attempt_started)) {
    event e;
    e.type = event_type::attempt_started;
    e.call = r.call;
    publish(e, t, now);
  }
  if (reset) publish(event_type::task_progress, t, now, json{{"reset", true}});
}

// The attempt's body is gone, or given up: it holds no slot any more.
void scheduler::impl::end_attempt(task_index t, record& r, time_point now) {
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
  learnt& k = all_learnt[kinds[r.kind].learnt];
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

// Nothing but its dependants asks how it has ended, and nothing is to be given back.
bool scheduler::impl::is_plain(const record& r) const {
  const live& l = *r.now_running;
  return !r.more && !r.ruled && l.open_steps == 0 && !l.staged && !l.capped && ledger.empty();
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
  const bool stopped = l.aborting && !(l.timed_out && l.retry_after_timeout), succeeded = !l.aborting && !failure && !output.branch;
  if (!(stopped || succeeded) || !s.is_plain(r)) {
    s.decide_end(task, std::move(failure), std::move(output), now);
    return true;
  }
  if (stopped) s.fetch_attempt(task + 4);
  CORCHESTRA_INLINE_HERE s.end_attempt(task, r, now);
  if (succeeded) {
    if (s.wants(event_type::attempt_ended)) s.publish_attempt_ended(task, task_state::completed, nullptr, {}, {}, now);
    CORCHESTRA_INLINE_HERE s.learn(r, l.last_attempt - l.waited);
    task_result& result = s.new_result(task, r, std::move(output));
    CORCHESTRA_INLINE_HERE s.finish(task, r, task_state::completed, result, now);
  } else {
    s.end_stopped(task, now);
  }
  CORCHESTRA_INLINE_HERE s.settle(now);
  s.check_end(now);
  return true;
}

// Whatever it came to: it was asked to stop.
void scheduler::impl::end_stopped(task_index t, time_point now) {
  record& r = records[t];
  live& l = *r.now_running;
  const task_state outcome = l.timed_out ? task_state::timeout : task_state::cancelled;
  task_result& result = new_result(t);
  if (!l.timed_out) result.cancelled = l.why;
  result.error.emplace(fail(l.timed_out ? errc::timeout : errc::cancelled, std::move(l.why_text)));
  result.reason = result.error->message;
  if (wants(event_type::attempt_ended)) publish_attempt_ended(t, outcome, result.error.get(), {}, {}, now);
  finish(t, r, outcome, result, now);
}

void scheduler::impl::publish_attempt_ended(task_index t, task_state outcome, const error* why, optional_duration retry_in, event_data data,
                                            time_point now) {
  event e;
  e.type = event_type::attempt_ended;
  e.error = why;
  e.usage = &records[t].now_running->usage;
  e.outcome = outcome;
  e.retry_in = retry_in;
  e.data = std::move(data);
  publish(e, t, now);
}

// The rest of what an attempt can come to.
void scheduler::impl::decide_end(task_index task, boxed<error>&& failure, task_output&& output, time_point now) {
  record& r = records[task];
  live& l = *r.now_running;
  if (!ledger.empty() && !(output.usage == token_usage{})) {
    ledger.spend(task, r.call->agent, {output.usage.total_tokens(), 0}, false);
  }
  end_attempt(task, r, now);

  std::optional<children_to_commit> children;
  bool loops_on = false;
  if (!failure && !l.aborting) {
    if (r.more && r.more->schema) failure = check_output(task, output);
    if (!failure && l.capped) failure = *l.capped;
    if (!failure && l.staged) {
      if (auto p = prepare_staged(task)) {
        children = std::move(*p);
      } else {
        failure = p.error();
      }
    }
    loops_on = !failure && loop_goes_on(r, output);
    if (!failure && !loops_on && output.branch) failure = check_branch(r, *output.branch);
    if (!failure && !loops_on && r.rules()) failure = merge_output(r, output);
  }
  if (l.staged) drop_staged(l);
  next_try next;
  if (failure || l.aborting) next = after_failure(task, failure, output, loops_on, now);
  if (r.more) {
    const bool keep_locks = next.in_time && !next.pause && r.rules() && r.rules()->hold_across_waits && !left_out(r) && !is_held_back(r);
    release(task, true, !keep_locks, now);
    if (!keep_locks && !r.more->locks.empty()) lower_priority(r);
  }
  const budget_amount estimated = settle_budget(task, true);

  if (loops_on && r.more->iteration >= r.rules()->repeat->max_iterations) {
    failure = loop_error(r, output);
    loops_on = false;
  }
  const task_state outcome = l.aborting ? (l.timed_out ? task_state::timeout : task_state::cancelled)
                             : !failure ? task_state::completed
                             : failure->is(errc::limit_exceeded) ? task_state::limit_exceeded
                                                                 : task_state::failed;
  if (wants(event_type::attempt_ended)) {
    const optional_duration retry_in = next.in_time && !next.pause ? optional_duration(next.delay) : optional_duration();
    event_data data;
    if (loops_on || !estimated.none()) data = attempt_data(r, loops_on, estimated);
    publish_attempt_ended(task, outcome, failure.get(), retry_in, std::move(data), now);
  }
  if (next.pause) {
    if (state == run_state::running && !draining) {
      state = run_state::paused;
      publish(event_type::run_paused, now, json{{"message", concat(quote(r.call->id), " failed: ", failure->message)}});
      free_locks_in_pause(now);
    }
    l.tries = 0;
  }
  if (next.pause || next.in_time) {
    if (options->retry_budget) more_of(r).last_failure = failure->message;
    retry(task, next.delay, now);
    tell_budget_alerts(now);
    check_end(now);
    return;
  }
  if (!failure) learn(r, l.last_attempt - l.waited);
  if (loops_on) {
    iterate(task, std::move(output), std::move(children), now);
    tell_budget_alerts(now);
    return;
  }
  task_result& result =
      outcome == task_state::completed ? new_result(task, r, std::move(output)) : new_result(task);
  if (outcome != task_state::completed) {
    result.cancelled = outcome == task_state::cancelled ? l.why : cancel_reason::none;
    result.reason = failure->message;
    result.error = std::move(failure);
  }
  if (outcome == task_state::completed && children && !children->tasks.calls.empty()) {
    // Before the subtree can count as ended: the children are part of it.
    ++r.open_subtree;
    finish(task, r, outcome, result, now);
    commit(std::move(*children), task, now);
    --r.open_subtree;
    if (r.open_subtree == 0) {
      ++r.open_subtree;
      close_subtree(task, r, now);
      forget(task);
    }
  } else {
    finish(task, r, outcome, result, now);
  }
  tell_budget_alerts(now);  // only now: what is used up may cancel this task's parent, and with it this task
  settle(now);
  check_end(now);
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
