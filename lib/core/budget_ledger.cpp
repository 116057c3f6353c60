#include "core/budget_ledger.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>

#include "core/budget_words.hpp"

namespace corchestra::detail {

namespace {

budget_amount not_below_zero(const budget_amount& a) noexcept {
  return {std::max<std::int64_t>(a.tokens, 0), std::max<std::int64_t>(a.micro_dollars, 0)};
}

budget_amount lesser(const budget_amount& a, const budget_amount& b) noexcept {
  return {std::min(a.tokens, b.tokens), std::min(a.micro_dollars, b.micro_dollars)};
}

}  // namespace

budget_ledger::budget_ledger(budget_options options) : alert_at_(options.alert_at) {
  run_.status.limit = options.run;
  limited_ = !options.run.none();
  for (const auto& [name, limit] : options.agents) {
    agents_[name].status.limit = limit;
    limited_ = limited_ || !limit.none();
  }
}

budget_account& budget_ledger::account_of(std::string_view agent) {
  const auto it = agents_.find(agent);
  return it != agents_.end() ? it->second : agents_.emplace(agent, budget_account{}).first->second;
}

// The run's, the agent's, the task's own when it has one, and those of its ancestors.
template <class F>
void budget_ledger::each_account(task_index task, std::string_view agent, F f) {
  f(run_, "run", no_task);
  f(account_of(agent), "agent", no_task);
  for (auto it = tasks_.find(task); it != tasks_.end(); it = tasks_.find(it->second.above)) {
    if (!it->second.own.status.limit.none()) f(it->second.own, "task", it->first);
    if (it->second.above == no_task) break;
  }
}

budget_ledger::answer budget_ledger::reserve(task_index task, std::string_view agent, const budget_amount& amount,
                                             const budget_limit& own, task_index above) {
  const budget_amount wanted = not_below_zero(amount);
  if (!own.none()) {
    limited_ = true;
    tasks_[task].own.status.limit = own;
  }
  if (!limited_) return {verdict::reserved, {}};
  if (above != no_task) tasks_[task].above = above;
  const auto known = tasks_.find(task);
  const budget_amount held = known == tasks_.end() ? budget_amount{} : known->second.reserved;
  answer a{verdict::reserved, {}};
  each_account(task, agent, [&](budget_account& b, std::string_view kind, task_index whose_own) {
    const auto room = b.room_for(wanted, held);
    const auto what = static_cast<verdict>(room);
    if (what <= a.what) return;
    a.what = what;
    const std::string whose = kind == "run"     ? "the run's"
                              : kind == "agent" ? concat("agent ", agent, "'s")
                              : whose_own == task ? std::string("the task's own")
                                                  : std::string("its parent's own");
    a.budget = b.in_the_way(whose, wanted, held);
  });
  if (a.what != verdict::reserved || wanted.none()) return a;
  each_account(task, agent, [&](budget_account& b, auto&&...) { b.reserve(wanted); });
  task_entry& entry = tasks_[task];
  entry.reserved = {saturating_add(entry.reserved.tokens, wanted.tokens),
                    saturating_add(entry.reserved.micro_dollars, wanted.micro_dollars)};
  return a;
}

budget_ledger::verdict budget_ledger::room(task_index task, std::string_view agent, const budget_amount& amount) {
  auto what = verdict::reserved;
  each_account(task, agent, [&](budget_account& b, auto&&...) {
    what = std::max(what, static_cast<verdict>(b.room_for(not_below_zero(amount), {})));
  });
  return what;
}

void budget_ledger::release(task_index task, std::string_view agent, const budget_amount& amount) {
  each_account(task, agent, [&](budget_account& b, auto&&...) { b.release(amount); });
}

void budget_ledger::add_spent(task_index task, std::string_view agent, const budget_amount& amount) {
  each_account(task, agent, [&](budget_account& b, std::string_view kind, task_index whose) {
    b.spend(amount);
    const bool exhausted = !b.exhausted && b.spent_part(1);
    const bool alerted = !b.alerted && b.spent_part(std::clamp(alert_at_, 0.0, 1.0));
    if (!exhausted && !alerted) return;
    b.exhausted = b.exhausted || exhausted;
    b.alerted = true;
    std::string name = kind == "agent" ? concat("agent ", agent) : std::string(kind);
    alerts_.push_back({std::move(name), b.status, exhausted, whose});
  });
}

void budget_ledger::spend(task_index task, std::string_view agent, const budget_amount& amount, bool money_known) {
  const budget_amount spent = not_below_zero(amount);
  if (!limited_ || spent.none()) return;
  if (const auto it = tasks_.find(task); it != tasks_.end()) {
    const budget_amount covered = lesser(it->second.reserved, spent);
    it->second.reserved.tokens -= covered.tokens;
    it->second.reserved.micro_dollars -= covered.micro_dollars;
    it->second.tokens_told = true;
    it->second.money_told = it->second.money_told || money_known;
    release(task, agent, covered);
  }
  add_spent(task, agent, spent);
}

budget_amount budget_ledger::settle(task_index task, std::string_view agent, bool assume_spent) {
  const auto it = tasks_.find(task);
  if (it == tasks_.end()) return {};
  const budget_amount rest = std::exchange(it->second.reserved, {});
  const bool tokens_told = std::exchange(it->second.tokens_told, false);
  const bool money_told = std::exchange(it->second.money_told, false);
  release(task, agent, rest);
  budget_amount estimated;
  if (assume_spent) estimated = {tokens_told ? 0 : rest.tokens, money_told ? 0 : rest.micro_dollars};
  if (!estimated.none()) add_spent(task, agent, estimated);
  if (it->second.own.status.limit.none()) tasks_.erase(it);
  return estimated;
}

void budget_ledger::forget(task_index task) {
  const auto it = tasks_.find(task);
  if (it != tasks_.end() && it->second.reserved.none()) tasks_.erase(it);
}

std::vector<std::pair<std::string, budget_status>> budget_ledger::agents() const {
  std::vector<std::pair<std::string, budget_status>> out;
  for (const auto& [name, account] : agents_) out.emplace_back(name, account.status);
  return out;
}

}  // namespace corchestra::detail
