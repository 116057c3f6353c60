// Tasks that need several slots at once.
#include <limits>
#include <tuple>

#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr duration heavy_patience = std::chrono::seconds(60);  // then a task of several slots keeps free ones to itself
}

// An overdue one keeps the slots that become free, until there are enough of them. Only one at a time.
void scheduler::impl::serve_heavy(time_point now) {
  if (!keeps_slots()) {
    bring_back();
    kept_for = overdue_heavy(now);
    if (kept_for != no_task) kept_ticket = records[kept_for].ticket;
  }
  if (aside_until <= now) bring_back();
  offer_heavy(now);
}

bool scheduler::impl::keeps_slots() const {
  if (kept_for == no_task || !records.holds(kept_for)) return false;
  const record& r = records[kept_for];
  return r.ticket == kept_ticket && r.more && r.more->heavy_parked;
}

// The one that has waited for several slots for too long, the longest of all. It has come up in the queue before, and
// need not again; but of each key only one does not, until the next has come up: its other turns are of other keys.
task_index scheduler::impl::overdue_heavy(time_point now) const {
  task_index longest = no_task;
  for (const auto& [place, line] : rare().heavy_waiters) {
    const task_index first = line.begin()->second;
    const record& r = records[first];
    if (now - r.more->parked_at < heavy_patience) continue;
    if (!goes_first(r) && rare().heavy_owing.contains(place.second)) continue;
    if (longest == no_task || r.more->parked_at < records[longest].more->parked_at) longest = first;
  }
  return longest;
}

// One that could have its slots now, or is overdue and owes the others a turn, takes its place in the queue again. One
// at a time, from one key after the other: the slots may not be enough for two.
void scheduler::impl::offer_heavy(time_point now) {
  if (heavy_offered != no_task && records.holds(heavy_offered) && records[heavy_offered].queued &&
      records[heavy_offered].ticket == heavy_ticket) {
    return;
  }
  heavy_offered = no_task;
  std::tuple<bool, detail::key_index, std::int64_t> least;
  for (const auto& [place, line] : rare().heavy_waiters) {
    const auto [rank, first] = *line.begin();
    const record& r = records[first];
    const bool kept = kept_for != no_task;
    if (!fits(r) && (kept || now - r.more->parked_at < heavy_patience)) continue;
    if (kept && (first == kept_for || must_wait(first, r.more->parked_at, now))) continue;
    const std::tuple standing(!goes_first(r), place.second - heavy_key - 1, rank);
    if (heavy_offered == no_task || standing < least) heavy_offered = first, least = standing;
  }
  if (heavy_offered == no_task) return;
  heavy_key = records[heavy_offered].more->key;
  hold_heavy(heavy_offered, false);
  push(heavy_offered, now);
  heavy_ticket = records[heavy_offered].ticket;
}

// What is not more urgent than the one that slots are kept for. Attempts under way go on. A key's turn does not depend
// on priorities: against other keys waiting counts without end.
bool scheduler::impl::must_wait(task_index t, time_point since, time_point now) const {
  const record& r = records[t];
  if (goes_first(r)) return false;
  const record& kept = records[kept_for];
  const auto waited = [&](time_point from) { return std::int64_t{std::chrono::floor<std::chrono::seconds>(now - from).count()}; };
  const auto aged = [&](time_point from) { return std::min<std::int64_t>(waited(from), detail::aging_queue::most_aging); };
  const time_point kept_since = kept.more->parked_at;
  return r.priority + aged(since) <= kept.priority + (same_key(r, kept) ? aged(kept_since) : waited(kept_since));
}

// It came up in the queue, and slots are kept for another.
void scheduler::impl::give_way(const detail::start_queue::entry& e, time_point now) {
  record& r = records[e.task];
  const record& kept = records[kept_for];
  if (fits(kept)) return ready.push(e);  // which starts now
  if (e.weight > 1) {
    ++r.ticket;
    r.queued = false;
    return park_heavy(e.task, now);
  }
  rare().set_aside.push_back(e);
  if (same_key(r, kept) && r.priority > kept.priority) {  // it will have aged past the other, which ages no further
    const std::chrono::seconds until(detail::aging_queue::most_aging + 1 - (r.priority - kept.priority));
    aside_until = std::min(aside_until, e.ready_at + until);
  }
  pass_baton(e.task, now);
}

void scheduler::impl::bring_back() {
  for (const auto& e : rare().set_aside) {
    if (records.holds(e.task) && records[e.task].ticket == e.ticket) ready.push(e);
  }
  rare().set_aside.clear();
  aside_until = never;
}

void scheduler::impl::note_all_aside() {
  if (std::exchange(plain, true)) return;
  plain_priority = std::numeric_limits<std::int32_t>::min();
  for (const auto& e : rare().set_aside) plain_priority = std::max(plain_priority, std::int32_t{e.priority});
}

// However old they are: thousands need not be looked at for each start.
bool scheduler::impl::all_wait(time_point now) const {
  if (!plain || !keeps_slots()) return false;
  const record& kept = records[kept_for];
  const auto waited = std::chrono::floor<std::chrono::seconds>(now - kept.more->parked_at).count();
  constexpr std::int64_t most = detail::aging_queue::most_aging;
  return plain_priority + most <= kept.priority + std::min<std::int64_t>(waited, most);
}

// The one that slots are kept for, if they are enough.
bool scheduler::impl::take_kept(detail::start_queue::entry& e) {
  if (!keeps_slots() || !fits(records[kept_for])) return false;
  const record& r = records[kept_for];
  e = {.task = kept_for, .ticket = r.ticket, .weight = weight_of(r), .key = r.more->key, .ready_at = r.more->parked_at};
  hold_heavy(std::exchange(kept_for, no_task), false);
  rare().heavy_owing.insert(e.key);
  bring_back();
  ready.charge(e);
  return true;
}

void scheduler::impl::park_heavy(task_index t, time_point now) {
  extra& x = more_of(records[t]);
  x.parked_at = std::min(x.waits_since, now);
  rare().heavy_owing.erase(x.key);
  hold_heavy(t, true);
  step_aside(t, now);
}

void scheduler::impl::hold_heavy(task_index t, bool parked) {
  const record& r = records[t];
  extra& x = *r.more;
  x.heavy_parked = parked;
  const std::pair place(weight_of(r), x.key);
  auto& line = rare().heavy_waiters[place];
  if (parked) {  // among themselves they age without end
    const auto second = std::chrono::floor<std::chrono::seconds>(x.parked_at.time_since_epoch()).count();
    line.emplace(x.heavy_rank = second - rank_of(r), t);
  } else {
    line.erase({x.heavy_rank, t});
    if (line.empty()) rare().heavy_waiters.erase(place);
  }
}

}  // namespace corchestra
