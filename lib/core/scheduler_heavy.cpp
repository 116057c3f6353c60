// Tasks that need several slots at once.
#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr duration heavy_patience = std::chrono::seconds(60);  // then a task of several slots keeps free ones to itself
}

// The most urgent of those who need several slots, and could have them now, takes its place in the queue again. One at
// a time: the slots may not be enough for two.
void scheduler::impl::offer_heavy(time_point now) {
  if (heavy_offered != no_task && records.holds(heavy_offered) && records[heavy_offered].queued &&
      records[heavy_offered].ticket == heavy_ticket) {
    return;
  }
  const by_priority::value_type* best = nullptr;
  for (const auto& [weight, line] : heavy_waiters) {
    if (slots_in_use + weight > slots) break;
    if (!best || *line.begin() < *best) best = &*line.begin();
  }
  heavy_offered = best ? best->second : no_task;
  if (!best) return;
  hold_heavy(heavy_offered, false);
  push(heavy_offered, now);
  heavy_ticket = records[heavy_offered].ticket;
}

// The one that has waited for several slots for too long, the longest of all.
task_index scheduler::impl::overdue_heavy(time_point now) const {
  task_index longest = no_task;
  for (const auto& [weight, line] : heavy_waiters) {
    const task_index first = line.begin()->second;
    if (slots_in_use + weight <= slots || now - records[first].more->parked_at < heavy_patience) continue;
    if (longest == no_task || records[first].more->parked_at < records[longest].more->parked_at) longest = first;
  }
  return longest;
}

// Free slots are kept for that one: what is not more urgent must wait. Attempts under way go on.
bool scheduler::impl::must_wait(const detail::start_queue::entry& e, time_point now) const {
  if (e.resumes || records[e.task].urgency > 0) return false;
  const task_index overdue = overdue_heavy(now);
  if (overdue == no_task) return false;
  const record& longest = records[overdue];
  const auto standing = [&](int priority, time_point since) {
    const auto waited = std::chrono::floor<std::chrono::seconds>(now - since).count();
    return priority + std::min<std::int64_t>(waited, detail::aging_queue::most_aging);
  };
  return standing(e.priority, e.ready_at) <= standing(longest.priority, longest.more->parked_at);
}

void scheduler::impl::hold_heavy(task_index t, bool parked) {
  record& r = records[t];
  extra& x = *r.more;
  x.heavy_parked = parked;
  auto& line = heavy_waiters[weight_of(r)];
  if (parked) {
    line.emplace(x.heavy_rank = -rank_of(r), t);
  } else {
    line.erase({x.heavy_rank, t});
    if (line.empty()) heavy_waiters.erase(weight_of(r));
  }
}

}  // namespace corchestra
