// keep_results::failed: what goes with a task that is forgotten, and how little stays of one that is not.
#include "core/scheduler_impl.hpp"

namespace corchestra {

// Locks, the fairness key and the place in its group.
void scheduler::impl::forget_names(const record& r) {
  if (!r.more->locks.empty()) resources.drop(r.more->locks);
  if (r.more->key != 0) forget_key(r.more->key);
  if (r.more->group != none) forget_member(groups[r.more->group]);
}

void scheduler::impl::forget_key(detail::key_index key) {
  const auto it = rare().key_of_number[key - 1];
  if (--it->second.tasks > 0) return;
  rare().keys.erase(it);
  rare().free_keys.push_back(key);
}

// Taken out when they could be the greater part.
void scheduler::impl::forget_member(group& g) {
  constexpr std::size_t few = 64;
  if (++g.forgotten < few || 2 * g.forgotten < g.members.size()) return;
  std::erase_if(g.members, [&](task_index m) { return !records.holds(m) || records[m].call->id.empty(); });
  g.forgotten = 0;
}

// Of one that failed: it stays, and the calls that came with it need not.
void scheduler::impl::keep_call(record& r) {
  if (std::exchange(r.kept, true)) return;
  batch& b = batches[r.batch];
  if (++b.kept == b.left) gather_kept(b);
}

// All others are forgotten, and nobody has a reference to the call of a task that has ended: those left move together.
void scheduler::impl::gather_kept(batch& b) {
  if (b.left == b.calls.size()) return;
  std::vector<task_call> calls;
  calls.reserve(b.left);
  for (std::size_t i = 0; i < b.calls.size(); ++i) {
    const auto t = static_cast<task_index>(b.first + i);
    if (!records.holds(t) || records[t].call != &b.calls[i]) continue;
    calls.push_back(std::move(b.calls[i]));
    records[t].call = &calls.back();
  }
  b.calls = std::move(calls);
}

}  // namespace corchestra
