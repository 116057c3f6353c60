// How a run ends: its result, and whoever waits for it.
#include <algorithm>
#include <tuple>

#include "runtime/run_impl.hpp"

namespace corchestra::detail {

void run_impl::end() {
  if (ending_) return;
  ending_ = true;
  stage_->alarm.rest();
  complete_end();
}

void run_impl::complete_end() {
  if (!ending_ || working_ > 0 || told_) return;
  told_ = true;
  result_ = std::make_shared<result<run_result>>();
  run_result& r = **result_;
  r.run_id = scheduler_.run_id();
  r.name = scheduler_.options().name;
  r.state = scheduler_.state();
  r.cancelled = scheduler_.cancelled();
  r.reason = scheduler_.reason();
  r.anchor = anchor_;
  r.metrics = metrics();
  r.results = scheduler_.take_results();
  r.shared_state = scheduler_.shared_state();
  r.unsafe = scheduler_.options().mode == scheduling_mode::parallel;
  r.durations = scheduler_.durations();
  for (auto& l : scheduler_.locks()) {
    if (l.quarantined) r.quarantined.push_back(l.resource);
    if (l.blocked > 0) r.contention.push_back(std::move(l));
  }
  std::sort(r.contention.begin(), r.contention.end(), [](const lock_status& a, const lock_status& b) {
    return std::tie(b.waited, a.resource) < std::tie(a.waited, b.resource);
  });
  for (auto& h : std::exchange(end_waiters_, {})) {
    if (*h) complete(strand_, std::move(*h));
  }
  const bool delivers = static_cast<bool>(result_handler_.call);
  if (delivers) to_strand([this] { deliver(); });
  work_ = {};
  let_go();
  stages_->give(std::move(stage_));
  if (!delivers) self_.reset();
}

// The handler may begin the next run: this one is gone by then, but for its outcome.
void run_impl::deliver() {
  run_completion handler = std::exchange(result_handler_, {});
  std::shared_ptr<result<run_result>> outcome = result_;
  std::exchange(self_, nullptr).reset();
  complete_from_here(std::move(handler), std::move(outcome));
}

// Callbacks, agents and the functions of the options may keep a handle of the run, which keeps them: the circle is cut here.
void run_impl::let_go() {
  if (callbacks_.on_event || callbacks_.on_progress || callbacks_.on_task_ended || callbacks_.expand) callbacks_ = {};
  scheduler_.forget_functions();
  agents_ = {};
  agent_by_number_.clear();
  if (!stage_) return;
  for (const auto& w : stage_->workers) {
    if (w) w->body.reset();
  }
}

}  // namespace corchestra::detail
