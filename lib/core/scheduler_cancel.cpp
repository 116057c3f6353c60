#include "core/scheduler_impl.hpp"

namespace corchestra {

// Asks a running attempt to stop. The reason stays with the record: the first request decides.
void scheduler::impl::abort(task_index t, time_point now) {
  record& r = records[t];
  r.now_running->aborting = true;
  r.now_running->abandon_at = detail::later(now, options->limits.cancel_grace);
  steps_changed = steps_changed || r.now_running->open_steps > 0;
  note_due(r.now_running->abandon_at);
  aborts.push_back({t, r.attempts, false, r.now_running->tag});
}

void scheduler::impl::cancel_children(task_index t, cancel_reason why, const std::string& text, time_point now) {
  if (!records[t].more) return;
  for (std::size_t i = 0; i < records[t].more->children.size(); ++i) cancel(records[t].more->children[i], why, text, now);
}

std::size_t scheduler::impl::cancel(task_index t, cancel_reason why, const std::string& text, time_point now) {
  if (!records.holds(t)) return 0;
  record& r = records[t];
  if (is_terminal(r.state)) {
    std::size_t below = 0;
    if (r.open_subtree == 0) return 0;
    for (std::size_t i = 0; i < children_of(r); ++i) below += cancel(r.more->children[i], why, text, now);
    return below;
  }
  if (r.aborting()) {  // it stops already; but it must not be tried again
    r.now_running->retry_after_timeout = false;
    return 0;
  }
  std::size_t changed = 1;
  std::string words = text.empty() ? std::string(to_string(why)) : concat(to_string(why), ": ", text);
  if (r.phase() != phase::none) {
    r.now_running->why = why;
    r.now_running->why_text = std::move(words);
    abort(t, now);
    for (std::size_t i = 0; i < children_of(r); ++i) {
      changed += cancel(r.more->children[i], cancel_reason::parent_cancelled, concat("its parent ", quote(r.call->id), " was cancelled"), now);
    }
    return changed;
  }
  end_unstarted(t, task_state::cancelled, why, errc::cancelled, std::move(words), now);
  for (std::size_t i = 0; i < children_of(r); ++i) changed += cancel(r.more->children[i], cancel_reason::parent_cancelled, parent_ended(r), now);
  return changed;
}

std::size_t scheduler::cancel_task(task_index task, cancel_reason reason, std::string_view message, time_point now) {
  auto& s = *impl_;
  if (s.ended || !known(task)) return 0;
  if (is_terminal(s.records[task].state)) {  // what it left behind
    std::size_t below = 0;
    if (s.records[task].open_subtree == 0) return 0;
    for (const task_index c : s.records[task].more ? std::vector<task_index>(s.records[task].more->children) : std::vector<task_index>()) {
      below += cancel_task(c, reason, message, now);
    }
    return below;
  }
  if (s.records[task].aborting()) return s.cancel(task, reason, std::string(message), now);
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
    if (known(t) && s.records[t].call->agent == agent) changed += cancel_task(t, cancel_reason::user, message, now);
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
  // A cancelled task can only skip others, or start those that wait for any end (`all_done`): the latter are cancelled
  // as their turn comes.
  s.settling_now = true;
  const std::string text(message);
  if (reason == cancel_reason::shutdown) {  // what has not started is left for a resume
    drain(now);
    for (const task_index t : s.all_running()) changed += s.cancel(t, reason, text, now);
  } else {
    for (task_index t = 0; t < s.records.size(); ++t) {
      s.fetch_attempt(t + 8);
      changed += s.cancel(t, reason, text, now);
    }
  }
  s.settling_now = false;
  s.settle(now);
  s.check_end(now);
  return changed;
}

// The run's budget is used up: nothing new starts, and what would have to wait for its turn ends now. Attempts under way go
// on, and what a drained run leaves out stays for a resume.
void scheduler::impl::exhaust(const std::string& text, time_point now) {
  if (std::exchange(budget_gone, true)) return;
  open = false;
  closing = true;
  if (reason.empty()) reason = text;
  budget_changed = steps_changed = true;
  for (task_index t = 0; t < records.size(); ++t) {
    if (!records.holds(t)) continue;
    const record& r = records[t];
    if (is_terminal(r.state) || r.state == task_state::pending || r.missing > 0 || r.phase() != phase::none) continue;
    end_without_budget(t, now);
  }
  settle(now);
  check_end(now);
  if (options->budget.on_exhausted != on_exhausted::cancel) return;
  for (const task_index t : all_running()) cancel(t, cancel_reason::budget, text, now);
}

// The budget is gone and the task would never start: nobody need answer or resume it, and it waits for nothing.
bool scheduler::impl::end_without_budget(task_index t, time_point now) {
  const record& r = records[t];
  if (left_out(r)) return false;
  const auto answer = ledger.reserve(t, r.call->agent, {}, {}, no_task);
  const bool used_up = answer.what == detail::budget_ledger::verdict::never;
  end_unstarted(t, task_state::limit_exceeded, cancel_reason::budget, errc::limit_exceeded,
                concat("budget: ", used_up ? answer.budget : "the run's budget is used up"), now);
  return true;
}

void scheduler::drain(time_point now) {
  auto& s = *impl_;
  if (s.ended || s.draining) return;
  s.draining = true;
  s.open = false;
  if (s.reason.empty()) s.reason = "drained: what ran was finished, nothing new was started";
  s.publish(event_type::run_draining, now);
  s.mark_needed(now);
  for (task_index t = 0; t < s.records.size(); ++t) {  // what is not tried again keeps no lock for it
    if (s.records.holds(t) && s.keeps_locks(s.records[t]) && s.left_out(s.records[t])) s.release(t, false, true, now);
  }
  s.check_end(now);
}

// What running attempts wait for, and what that needs in turn, is finished too.
void scheduler::impl::mark_needed(time_point now) {
  std::vector<task_index> todo = all_running();
  std::unordered_set<task_index> seen;  // what is needed already may have new children
  while (!todo.empty()) {
    record& r = records[todo.back()];
    const bool runs = r.phase() != phase::none;
    todo.pop_back();
    const auto need = [&](task_index t) {
      if (!records.holds(t) || is_terminal(records[t].state) || !seen.insert(t).second) return;
      todo.push_back(t);
      record& u = records[t];
      if (std::exchange(u.needed, true)) return;
      const bool unasked = u.state == task_state::waiting && u.waiting == wait_reason::deps && u.missing == 0 && u.rules() &&
                           u.rules()->approval && !(u.more && u.more->approved);
      if (unasked) return admit(t, now);
      const bool parked = u.more && (u.more->parked_on != detail::resource_table::none || u.more->heavy_parked);
      const bool left = u.state == task_state::ready && !u.queued && !parked && u.phase() == phase::none;  // it came up before
      const bool held = u.state == task_state::waiting && u.waiting == wait_reason::paused;
      if (left || held || (u.more && std::exchange(u.more->backoff_over, false))) make_ready(t, now);
    };
    if (runs && r.more) {
      for (const task_index c : r.more->children) {
        if (records.holds(c) && records[c].awaited) need(c);
      }
    }
    if (runs) continue;
    for (const auto& d : r.call->depends_on) {
      const task_index up = need_of(d);
      if (up == no_task) continue;
      for (const task_index t : all_of(up)) need(t);
    }
  }
}

void scheduler::impl::expire(task_index t, const std::string& text, bool may_retry, time_point now) {
  if (!records.holds(t)) return;
  record& r = records[t];
  if (is_terminal(r.state)) return;
  if (r.aborting()) {
    if (!may_retry) r.now_running->retry_after_timeout = false;
    return;
  }
  if (r.phase() != phase::none) {
    r.now_running->timed_out = true;
    r.now_running->retry_after_timeout = may_retry;
    r.now_running->why_text = text;
    abort(t, now);
    for (std::size_t i = 0; i < children_of(r); ++i) {
      const task_index c = r.more->children[i];
      if (may_retry && records.holds(c) && records[c].more && records[c].more->committed) continue;  // no part of this attempt
      if (records.holds(c) && deadline_of(records[c]) <= now) {  // inherited: the same limit, by its own name
        expire(c, concat(records[c].more->deadline_name, " passed"), false, now);
      } else {
        cancel(c, cancel_reason::parent_cancelled, concat("its parent ", quote(r.call->id), " ran out of time"), now);
      }
    }
    return;
  }
  end_unstarted(t, task_state::timeout, cancel_reason::none, errc::timeout, text, now);
}

void scheduler::impl::abandon(task_index t, time_point now) {
  record& r = records[t];
  live& l = *r.now_running;
  end_attempt(t, r, now);
  r.abandoned = some_own = true;
  release(t, true, false, now);
  if (r.more && r.more->locked) resources.quarantine(t, r.more->locks);
  const budget_amount estimated = settle_budget(t, true);
  drop_staged(l);
  aborts.push_back({t, r.attempts, true, l.tag});
  const std::string text =
      concat(l.why_text, "; abandoned: it did not stop within ", to_text(options->limits.cancel_grace));
  task_result& out = new_result(t);
  out.cancelled = cancel_reason::abandoned;
  out.reason = text;
  out.error = fail(l.timed_out ? errc::timeout : errc::cancelled, text);
  if (wants(event_type::attempt_ended)) {
    json data = attempt_data(r, false, estimated);
    data["outcome"] = "abandoned";
    publish_attempt_ended(t, l.timed_out ? task_state::timeout : task_state::cancelled, out.error.get(), {}, std::move(data), now);
  }
  finish(t, r, l.timed_out ? task_state::timeout : task_state::cancelled, out, now);
}

std::vector<scheduler::abort_command> scheduler::take_aborts() { return std::exchange(impl_->aborts, {}); }

}  // namespace corchestra
