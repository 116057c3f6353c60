#include "session/approvals.hpp"

#include <corchestra/base/text.hpp>

namespace corchestra {

result<void> check_approvals(const plan_document& plan) {
  for (const auto& t : plan.plan.tasks) {
    if (!t.rules || !t.rules->approval || t.rules->approval->timeout) continue;
    return fail(errc::invalid_argument,
                concat(plan.source, ": task ", quote(t.id),
                       " waits for an approval without a time limit, and there is no terminal to ask on: use --approve "
                       "all, none or default, or give the approval a timeout"));
  }
  return {};
}

standing_answers::standing_answers(approval_answers how, const plan_document& plan) : how_(how) {
  for (const auto& t : plan.plan.tasks) {
    if (t.rules && t.rules->approval) standard_.emplace(t.id, t.rules->approval->approve_by_default);
  }
}

bool standing_answers::answer_to(const std::string& task) const {
  if (how_ != approval_answers::standard) return how_ == approval_answers::approve;
  const auto it = standard_.find(task);
  return it != standard_.end() && it->second;
}

void standing_answers::operator()(const event& e) {
  if (e.type != event_type::approval_requested) return;
  std::string task(e.task_id);
  const std::lock_guard lock(mutex_);
  if (!run_) return early_.push_back(std::move(task));
  const bool yes = answer_to(task);
  run_->request_answer(std::move(task), yes, "answered in advance");
}

void standing_answers::answer_through(run r) {
  const std::lock_guard lock(mutex_);
  run_ = std::move(r);
  for (const auto& task : std::exchange(early_, {})) run_->request_answer(task, answer_to(task), "answered in advance");
}

}  // namespace corchestra
