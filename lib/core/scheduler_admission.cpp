#include "core/scheduler_impl.hpp"

namespace corchestra {

void scheduler::impl::tell_wrong_change(task_index t, task_state to, time_point now) {
  publish(event_type::warning, t, now,
          json{{"message", concat("internal: ", to_string(records[t].state), " may not become ", to_string(to))}});
}

// Its dependencies are there: on to approval, level and pause, then to the queue.
void scheduler::impl::admit(task_index t, time_point now) {
  record& r = records[t];
  if (budget_gone && end_without_budget(t, now)) return;
  if (const auto* rules = r.rules(); rules && rules->approval && !(r.more && r.more->approved)) {
    if (left_out(r)) return set_state(t, task_state::waiting, wait_reason::deps, now);  // the answer would be lost: `mark_needed`
    return ask_approval(t, *rules->approval, now);
  }
  if (options->mode == scheduling_mode::levels && r.level > level) {
    level_held.push_back(t);
    return set_state(t, task_state::waiting, wait_reason::deps, now);
  }
  make_ready(t, now);
}

void scheduler::impl::make_ready(task_index t, time_point now) {
  record& r = records[t];
  if (budget_gone && end_without_budget(t, now)) return;
  if (state == run_state::paused && !goes_on(r)) return hold(t, paused_tasks, now);
  if (auto& a = agents[kinds[r.kind].agent_number]; a.paused && !goes_on(r)) return hold(t, a.held, now);
  set_state(t, task_state::ready, wait_reason::none, now);
  push(t, now);
}

double scheduler::impl::score_of(task_index t, time_point now) {
  const record& r = records[t];
  std::string what;
  try {
    return options->score(*r.call);
  } catch (const std::exception& x) {
    what = x.what();
  } catch (...) {
    what = "something that is not a std::exception";
  }
  if (!std::exchange(score_failed, true)) {
    publish(event_type::warning, t, now, json{{"message", concat("score threw: ", what, "; tasks it throws for count as 0")}});
  }
  return 0;
}

void scheduler::impl::push(task_index t, time_point now, bool again) {
  record& r = records[t];
  detail::start_queue::entry e;
  e.task = t;
  e.ticket = r.ticket;
  e.priority = r.priority;
  e.resumes = r.phase() == phase::wants_slot;
  e.depth = r.level;
  e.weight = weight_of(r);
  e.key = r.more ? r.more->key : 0;
  const bool listed = options->mode == scheduling_mode::sequential && options->order == start_order::priority;
  e.rank = listed ? 0 : options->order == start_order::custom && options->score ? score_of(t, now) : static_cast<double>(r.rank);
  e.ready_at = now;
  if (e.weight > 1) more_of(r);
  if (r.more) {
    auto& since = r.more->waits_since;  // once for each attempt: being parked or raised does not begin it anew
    e.ready_at = since == never ? since = now : since;
  }
  if (e.resumes) {
    e.ready_at = r.now_running->ready_at;
  } else if (!r.more && again && r.attempts == 0 && r.call->depends_on.empty()) {
    e.ready_at = r.submitted;
  }
  if (options->mode == scheduling_mode::sequential) e.ready_at = {};  // no aging there
  r.queued = true;
  if (plain) plain = !goes_first(r) && r.priority <= plain_priority;
  ready.push(e);
}

// Where it stands in the queue has changed.
void scheduler::impl::requeue(task_index t, time_point now) {
  record& r = records[t];
  const bool offered = t == heavy_offered && r.ticket == heavy_ticket;
  ++r.ticket;
  push(t, now, true);
  if (offered) heavy_ticket = r.ticket;
}

// Whom to start next is just a matter of the queue.
bool scheduler::impl::is_calm() const noexcept {
  return settling.empty() && !(steps_changed | budget_changed | retries_changed) && suspects.empty() && !any_heavy() && kept_for == no_task;
}

// Nothing that `try_start` looks for concerns it, but a slot.
bool scheduler::impl::lacks_nothing(const record& r) const noexcept {
  return !r.more && !r.ruled && slots_in_use < slots && state == run_state::running && !(draining | budget_gone | own_budgets) &&
         ledger.empty() && !agents[kinds[r.kind].agent_number].paused;
}

// One that came up in the queue: absent when it could not start, or the entry is stale.
std::optional<scheduler::start_command> scheduler::impl::start(const detail::start_queue::entry& e, time_point now) {
  record& r = records[e.task];
  ++r.ticket;
  r.queued = false;
  const bool resumes = r.phase() == phase::wants_slot;
  if (!resumes && lacks_nothing(r)) {
    CORCHESTRA_INLINE_HERE start_attempt(e.task, r, now);
  } else if (try_start(e.task, r, now) != admission::started) {
    ready.refund(e);
    return std::nullopt;
  }
  if (!resumes) r.now_running->ready_at = e.ready_at;
  return start_command{e.task, r.attempts, resumes};
}

bool scheduler::may_start_more() const noexcept { return impl_->slots_in_use < impl_->slots || !impl_->is_calm(); }

std::optional<scheduler::start_command> scheduler::next_start(time_point now) {
  auto& s = *impl_;
  detail::start_queue::entry e;
  const auto stale = [&] { return !s.records.holds(e.task) || s.records[e.task].ticket != e.ticket; };
  while (s.is_calm() && s.slots_in_use < s.slots && !s.ended) {
    if (!s.ready.pop(e, now)) {
      if (s.none_waits_for_more()) return std::nullopt;
      break;
    }
    if (stale()) {
      s.ready.refund(e);
    } else if (const auto started = s.start(e, now)) {
      return started;
    }
  }
  if (s.is_calm() && s.slots_in_use >= s.slots) return std::nullopt;
  const auto settle = [&] {  // a task that was held or woken could not go on, and ended
    if (s.settling.empty()) return false;
    s.settle(now);
    s.check_end(now);
    return true;
  };
  settle();
  if (s.steps_changed && !s.ended) s.serve_steps(now);
  if (!s.suspects.empty() && !s.ended) s.break_cycles(now);
  while (s.slots_in_use < s.slots && !s.ended) {
    if (!s.suspects.empty()) {
      s.break_cycles(now);
      continue;
    }
    if (s.budget_changed) s.offer_budget(now);
    if (s.retries_changed) s.offer_retries(now);
    if (s.any_heavy() || s.kept_for != no_task) s.serve_heavy(now);
    const bool all_wait = s.kept_for != no_task && s.all_wait(now);
    if (all_wait || !s.ready.pop(e, now)) {
      if (!s.take_kept(e)) {
        if (s.kept_for != no_task && !all_wait) s.note_all_aside();
        if (settle()) continue;
        if (s.budget_changed) continue;  // the one that was offered it is held; others wait for it too
        const bool some_ready = s.press(now);
        if (all_wait ? s.all_wait(now) : !some_ready && !s.untangle(now)) return std::nullopt;
        continue;
      }
    } else if (stale()) {
      s.ready.refund(e);
      continue;
    } else if (s.kept_for != no_task && s.must_wait(e.task, e.ready_at, now)) {
      s.ready.refund(e);
      s.give_way(e, now);
      if (!s.take_kept(e)) continue;
    }
    if (const auto started = s.start(e, now)) return started;
  }
  return std::nullopt;
}

// Everything together or nothing: budget, then rates, locks, counters and slot pools, then the slots themselves.
scheduler::impl::admission scheduler::impl::try_start(task_index t, record& r, time_point now) {
  const bool resumes = r.phase() == phase::wants_slot;
  if (!resumes) {
    if (left_out(r)) return step_aside(t, now), admission::gone;
    if (budget_gone && end_without_budget(t, now)) return admission::gone;
    const bool may_hold = !goes_on(r);
    if (state == run_state::paused && may_hold) return hold(t, paused_tasks, now), admission::parked;
    if (auto& a = agents[kinds[r.kind].agent_number]; a.paused && may_hold) return hold(t, a.held, now), admission::parked;
  }
  if (!fits(r)) {
    if (resumes) tell_slot_wait(t, now);
    park_heavy(t, now);
    return admission::parked;
  }
  if (resumes) {
    if (!take_pools(t, now)) return admission::parked;
    take_slot_again(t, now);
    return admission::started;
  }
  if ((own_budgets || !ledger.empty()) && !(r.more && r.more->reserved)) {
    const auto* rules = r.rules();
    static const budget_amount nothing;
    static const budget_limit unlimited;
    const auto answer = ledger.reserve(t, r.call->agent, rules ? rules->reserve : nothing, rules ? rules->budget : unlimited, budget_above(t));
    if (answer.what == detail::budget_ledger::verdict::never) {
      end_unstarted(t, task_state::limit_exceeded, cancel_reason::budget, errc::limit_exceeded,
                    concat("budget: ", answer.budget), now);
      settle(now);
      check_end(now);
      return admission::gone;
    }
    if (answer.what == detail::budget_ledger::verdict::later) {
      hold_for_budget(t, true);
      step_aside(t, now);
      set_state(t, task_state::waiting, wait_reason::budget, now);
      return admission::parked;
    }
    more_of(r).reserved = true;
  }
  if (r.more && !(r.more->locks.empty() && r.more->pools.empty())) {
    extra& x = *r.more;
    std::vector<detail::claim> both;
    std::span<const detail::claim> set = x.locks;
    if (x.locked || !x.pools.empty()) {
      both = x.locks;
      // Locks and counters that it kept over a back-off; a rate is used by each attempt.
      if (x.locked) std::erase_if(both, [&](const detail::claim& c) { return resources.kind(c.resource) != detail::resource_kind::rate; });
      both.insert(both.end(), x.pools.begin(), x.pools.end());
      set = both;
    }
    const auto in_the_way = resources.try_acquire(t, rank_of(r), set, now);
    if (in_the_way != detail::resource_table::none) {
      settle_budget(t, false);
      park(t, set, in_the_way, now);
      return admission::parked;
    }
    x.locked = !x.locks.empty();
    inherit_from_waiters(r);
    x.pooled = !x.pools.empty();
    resources.forget(t);
    pass_baton(t, now);
  }
  start_attempt(t, r, now);
  return admission::started;
}

// The slots of its agent, type and key, for an attempt that goes on after a wait.
bool scheduler::impl::take_pools(task_index t, time_point now) {
  record& r = records[t];
  if (!r.more || r.more->pools.empty() || r.more->pooled) return true;
  const auto in_the_way = resources.try_acquire(t, rank_of(r), r.more->pools, now);
  if (in_the_way != detail::resource_table::none) {
    park(t, r.more->pools, in_the_way, now);
    return false;
  }
  r.more->pooled = true;
  resources.forget(t);
  pass_baton(t, now);
  return true;
}

void scheduler::impl::park(task_index t, std::span<const detail::claim> set, detail::resource_index on, time_point now) {
  record& r = records[t];
  const auto owed = std::exchange(r.more->baton, detail::resource_table::none);
  resources.park(t, rank_of(r), set, on, now);
  r.more->parked_on = on;
  raise_holders(r, on, now);
  if (r.phase() == phase::none) {
    const auto kind = resources.kind(on);
    if (kind == detail::resource_kind::pool) {
      set_state(t, task_state::ready, wait_reason::none, now);
    } else {
      set_state(t, task_state::waiting, kind == detail::resource_kind::rate ? wait_reason::rate : wait_reason::lock, now);
    }
  }
  if (r.phase() == phase::wants_slot) tell_slot_wait(t, now);
  if (r.urgency > 0) suspects.push_back(t);
  for (const task_index w : resources.take_reserving()) suspects.push_back(w);
  if (presses(r)) {
    rare().pressing.emplace(on, t);
    end_reservations(t, on, now);  // it may be woken by that
  }
  if (owed == detail::resource_table::none) return;
  std::vector<task_index> woken;
  resources.wake(owed, woken);
  wake(woken, now);
}

void scheduler::impl::wake(const std::vector<task_index>& woken, time_point now) {
  if (ended) return;  // a body that was given up has ended at last: what waited for its locks is left for a resume
  to_wake.insert(to_wake.end(), woken.begin(), woken.end());
  if (std::exchange(waking_now, true)) return;  // one of them passes its turn on: no recursion along the line
  for (std::size_t i = 0; i < to_wake.size(); ++i) {
    const task_index t = to_wake[i];
    record& r = records[t];
    r.more->baton = std::exchange(r.more->parked_on, detail::resource_table::none);
    rare().pressing.erase({r.more->baton, t});
    if (r.phase() == phase::wants_slot) {
      push(t, now);
    } else {
      make_ready(t, now);
    }
  }
  to_wake.clear();
  waking_now = false;
}

void scheduler::impl::pass_baton(task_index t, time_point now) {
  record& r = records[t];
  if (!r.more || r.more->baton == detail::resource_table::none) return;
  std::vector<task_index> woken;
  resources.wake(std::exchange(r.more->baton, detail::resource_table::none), woken);
  wake(woken, now);
}

// A woken task that does not take what it was woken for, for another reason than locks.
void scheduler::impl::step_aside(task_index t, time_point now) {
  const record& r = records[t];
  if (!r.more || r.more->baton == detail::resource_table::none) return;
  resources.forget(t);
  pass_baton(t, now);
}

// Takes a task out of whatever it waits in.
void scheduler::impl::unqueue(task_index t, time_point now, bool keeps_question) {
  record& r = records[t];
  ++r.ticket;
  r.queued = false;
  if (!r.more) return;
  extra& x = *r.more;
  if (!keeps_question && std::exchange(x.asked, false)) rare().asked.erase(t);
  if (x.heavy_parked) hold_heavy(t, false);
  if (x.budget_parked) hold_for_budget(t, false);
  if (x.parked_on != detail::resource_table::none) {
    const auto resource = std::exchange(x.parked_on, detail::resource_table::none);
    rare().pressing.erase({resource, t});
    resources.unpark(t, resource);
    resources.forget(t);
    // It may have been the writer that kept readers waiting.
    std::vector<task_index> woken;
    resources.wake(resource, woken);
    wake(woken, now);
  }
  resources.forget(t);
  pass_baton(t, now);
}

void scheduler::impl::release(task_index t, bool of_pools, bool of_locks, time_point now) {
  record& r = records[t];
  if (!r.more) return;
  extra& x = *r.more;
  std::vector<task_index> woken;
  if (of_pools && std::exchange(x.pooled, false)) resources.release(t, x.pools, woken);
  if (of_locks && std::exchange(x.locked, false)) resources.release(t, x.locks, woken);
  wake(woken, now);
}

// A running attempt has what it waited for, and must wait for a slot: that is another kind of waiting.
void scheduler::impl::tell_slot_wait(task_index t, time_point now) {
  record& r = records[t];
  if (std::exchange(r.waiting, wait_reason::slot) != wait_reason::slot) publish(event_type::task_state_changed, t, now);
}

}  // namespace corchestra
