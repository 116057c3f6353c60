#include "core/scheduler_impl.hpp"

namespace corchestra {

duration scheduler::impl::worked_so_far(const record& r, time_point now) const {
  if (is_terminal(r.state) || !r.now_running) return {};
  const live& l = *r.now_running;
  if (l.phase == phase::none) return l.worked;
  return l.kept + (now - l.started) - l.waited - (l.phase == phase::working ? duration{} : now - l.wait_began);
}

void scheduler::impl::count_work(record& r, const task_result& result) {
  auto& of_kind = kinds[r.kind].ended;
  ++of_kind.tasks;
  if (result.success()) ++of_kind.successes;
  if (r.now_running) {
    tally.executed(r.now_running->worked, weight_of(r));
    r.path += r.now_running->worked;
  }
  tally.ends(result.usage, r.path);
  for (task_index up = r.parent; up != no_task; up = records[up].parent) {
    duration& longest = more_of(records[up]).subtree_path;
    longest = std::max(longest, r.path);
  }
}

void scheduler::impl::come_after(task_index d, task_index from, bool whole) {
  record& r = records[d];
  const record& up = records[from];
  if (is_terminal(r.state) || r.missing == 0) return;
  r.path = std::max(r.path, up.path);
  if (whole && up.more) r.path = std::max(r.path, up.more->subtree_path);
}

run_metrics scheduler::metrics(time_point now) const {
  auto& s = *impl_;
  run_metrics m = s.tally.at((s.ended ? s.ended_at : now) - s.began);
  m.counts = s.counts;
  m.total_tasks = s.records.size();
  for (const auto& k : s.kinds) {
    if (k.ended.tasks == 0) continue;
    agent_metrics& a = m.agents[k.agent];
    a.tasks += k.ended.tasks;
    a.successes += k.ended.successes;
  }
  return m;
}

}  // namespace corchestra
