// Attempts that wait inside for something that is not work, and take their slot again.
#include <algorithm>

#include "core/scheduler_impl.hpp"

namespace corchestra {

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

}  // namespace corchestra
