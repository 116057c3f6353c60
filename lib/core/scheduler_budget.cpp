// What the budgets have for tasks: before they start, and for single steps of running attempts.
#include <algorithm>

#include "core/scheduler_impl.hpp"

namespace corchestra {

using verdict = detail::budget_ledger::verdict;
using level = detail::budget_ledger::level;

// Its reservation is over: what is left of it may be enough for others.
budget_amount scheduler::impl::end_reservation(task_index t, bool assume_spent) {
  record& r = records[t];
  budget_amount estimated = close_steps(t);
  if (!r.more || !std::exchange(r.more->reserved, false)) return estimated;
  budget_changed = steps_changed = true;
  return estimated += ledger.settle(t, r.call->agent, assume_spent);
}

// The nearest ancestor with a budget of its own.
task_index scheduler::impl::budget_above(task_index t) const {
  if (!own_budgets) return no_task;
  task_index up = records[t].parent;
  while (up != no_task && !(records[up].rules() && !records[up].rules()->budget.none())) up = records[up].parent;
  return up;
}

void scheduler::impl::hold_for_budget(task_index t, bool waits) {
  record& r = records[t];
  const auto* rules = r.rules();
  const bool has_own = rules && !rules->budget.none();
  const detail::budget_lines::counted_by by{kinds[r.kind].agent_number, has_own ? t : budget_above(t)};
  const detail::budget_lines::entry e{t, r.priority, rules ? rules->reserve : budget_amount{}};
  more_of(r).budget_parked = waits;
  waits ? rare().budget_waiters.add(by, e) : rare().budget_waiters.remove(by, e);
}

// The first of those who wait for budget that could have it, or never will. Asked again until there is none.
void scheduler::impl::offer_budget(time_point now) {
  const task_index t = rare().budget_waiters.first_served([&](task_index waits, const budget_amount& amount) {
    return ledger.room(waits, records[waits].call->agent, amount) == verdict::later;
  });
  budget_changed = t != no_task;
  if (!budget_changed) return;
  hold_for_budget(t, false);
  make_ready(t, now);
}

// Steps of its attempt that nobody has settled count as spent: what they were for may have happened.
budget_amount scheduler::impl::close_steps(task_index t) {
  record& r = records[t];
  budget_amount spent;
  if (!r.now_running || std::exchange(r.now_running->open_steps, 0) == 0) return spent;
  for (const auto i : rare().reserved_steps.of(t)) {
    const auto e = *rare().reserved_steps.find(i);
    rare().reserved_steps.erase(i);
    if (e.waits) continue;
    ledger.settle_hold(t, r.call->agent, e.amount, e.covered, e.amount);
    spent += e.amount;
  }
  budget_changed = steps_changed = true;
  return spent;
}

void scheduler::impl::end_step(detail::step_reservations::id i, const std::optional<budget_amount>& spent,
                               bool money_known) {
  const auto* e = rare().reserved_steps.find(i);
  if (e == nullptr) return;
  const record& r = records[e->task];
  if (!e->waits) ledger.settle_hold(e->task, r.call->agent, e->amount, e->covered, spent, money_known);
  --r.now_running->open_steps;
  rare().reserved_steps.erase(i);
  budget_changed = steps_changed = true;
}

// By priority, then by who asked first; nobody overtakes one who waits for the same run's or agent's budget.
void scheduler::impl::serve_steps(time_point now) {
  steps_changed = false;
  std::vector<std::string_view> full;  // agents
  for (auto at = rare().reserved_steps.next(rare().reserved_steps.front); at; at = rare().reserved_steps.next(*at)) {
    const auto i = at->second;
    const auto* e = rare().reserved_steps.find(i);
    const record& r = records[e->task];
    if (std::find(full.begin(), full.end(), r.call->agent) != full.end()) continue;
    if (r.aborting()) {
      refuse_step(i, fail(errc::cancelled, r.now_running->why_text));
      continue;
    }
    budget_amount covered;
    const auto answer = ledger.hold(e->task, r.call->agent, e->amount, covered);
    if (answer.what == verdict::reserved) {
      rare().reserved_steps.grant(i, covered);
      grants.push_back({i, {}});
    } else if (answer.what == verdict::never) {
      refuse_step(i, fail(errc::limit_exceeded, concat("budget: ", answer.budget), retry_class::terminal));
      budget_refuses(answer, r.call->agent, now);
    } else if (answer.at == level::run) {
      return;
    } else if (answer.at == level::agent) {
      full.push_back(r.call->agent);
    }
  }
}

void scheduler::impl::refuse_step(detail::step_reservations::id i, error why) {
  end_step(i, std::nullopt);
  grants.push_back({i, std::move(why)});
}

// `cancel`: a budget that has too little for what runs is as good as used up.
void scheduler::impl::budget_refuses(const detail::budget_ledger::answer& answer, const std::string& agent,
                                     time_point now) {
  if (options->budget.on_exhausted != on_exhausted::cancel) return;
  if (answer.at == level::run) {
    exhaust(answer.budget, now);
  } else if (answer.at == level::task) {
    cancel(answer.whose, cancel_reason::budget, answer.budget, now);
  } else {
    cancel_running_of(agent, answer.budget, now);
  }
  settle(now);
  check_end(now);
}

void scheduler::impl::cancel_running_of(std::string agent, const std::string& text, time_point now) {
  for (const task_index t : all_running()) {
    if (records[t].call->agent == agent) cancel(t, cancel_reason::budget, text, now);
  }
}

result<scheduler::reservation> scheduler::reserve(task_index task, std::uint32_t attempt, const budget_amount& most,
                                                  bool may_wait, time_point now) {
  auto& s = *impl_;
  if (!s.records.holds(task)) return fail(errc::not_running, "this attempt has ended");
  auto& r = s.records[task];
  if (r.phase() == impl::phase::none || r.attempts != attempt || r.abandoned)
    return fail(errc::not_running, "this attempt has ended");
  if (r.aborting()) return fail(errc::cancelled, r.now_running->why_text);
  if (s.ledger.empty()) return reservation{};
  const auto i = s.rare().reserved_steps.add({task, most, {}, r.priority});
  ++r.now_running->open_steps;
  s.serve_steps(now);
  const auto mine = std::find_if(s.grants.begin(), s.grants.end(), [i](const auto& g) { return g.reservation == i; });
  if (mine != s.grants.end()) {
    const boxed<corchestra::error> refused = std::move(mine->refused);
    s.grants.erase(mine);
    if (refused) return *refused;
    return reservation{i, false};
  }
  if (may_wait) return reservation{i, true};
  s.end_step(i, std::nullopt);
  budget_amount covered;
  const auto answer = s.ledger.hold(task, r.call->agent, most, covered);
  if (answer.what == verdict::reserved)  // it would have been ahead of those who wait
    s.ledger.settle_hold(task, r.call->agent, most, covered, std::nullopt);
  return fail(errc::limit_exceeded,
              concat("budget: ", answer.what == verdict::reserved ? "others wait for what is left" : answer.budget));
}

void scheduler::settle(std::uint64_t reservation, const std::optional<budget_amount>& spent, time_point now) {
  impl_->end_step(reservation, spent);
  impl_->tell_budget_alerts(now);
}

std::vector<scheduler::grant_command> scheduler::take_grants() { return std::exchange(impl_->grants, {}); }

budget_limit scheduler::budget_left(task_index task) const {
  if (!known(task) || impl_->ledger.empty()) return {};
  return impl_->ledger.left(task, impl_->records[task].call->agent);
}

}  // namespace corchestra
