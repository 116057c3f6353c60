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

budget_amount without(const budget_amount& a, const budget_amount& part) noexcept {
  return {a.tokens - part.tokens, a.micro_dollars - part.micro_dollars};
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
  f(run_, level::run, no_task);
  f(account_of(agent), level::agent, no_task);
  for (auto it = tasks_.find(task); it != tasks_.end(); it = tasks_.find(it->second.above)) {
    if (!it->second.own.status.limit.none()) f(it->second.own, level::task, it->first);
    if (it->second.above == no_task) break;
  }
}

// `own`: what the asker itself has reserved, and will not give back while it waits.
budget_ledger::answer budget_ledger::ask(task_index task, std::string_view agent, const budget_amount& amount,
                                         const budget_amount& own) {
  answer a{verdict::reserved, {}};
  each_account(task, agent, [&](budget_account& b, level at, task_index whose_own) {
    const auto what = static_cast<verdict>(b.room_for(amount, own));
    if (what <= a.what) return;
    const std::string whose = at == level::run      ? "the run's"
                              : at == level::agent  ? concat("agent ", agent, "'s")
                              : whose_own == task ? std::string("the task's own")
                                                  : std::string("its parent's own");
    a = {what, b.in_the_way(whose, amount, own), at, whose_own};
  });
  return a;
}

void budget_ledger::limit(task_index task, const budget_limit& own, task_index above) {
  limited_ = true;
  task_entry& entry = tasks_[task];
  entry.own.status.limit = own;
  entry.above = above;
}

budget_ledger::answer budget_ledger::reserve(task_index task, std::string_view agent, const budget_amount& amount,
                                             const budget_limit& own, task_index above) {
  const budget_amount wanted = not_below_zero(amount);
  if (!own.none()) limit(task, own, above);
  if (!limited_) return {verdict::reserved, {}};
  if (above != no_task) tasks_[task].above = above;
  const auto known = tasks_.find(task);
  answer a = ask(task, agent, wanted, known == tasks_.end() ? budget_amount{} : known->second.reserved);
  if (a.what != verdict::reserved || wanted.none()) return a;
  each_account(task, agent, [&](budget_account& b, auto&&...) { b.reserve(wanted); });
  tasks_[task].reserved += wanted;
  return a;
}

budget_ledger::answer budget_ledger::hold(task_index task, std::string_view agent, const budget_amount& amount,
                                          budget_amount& covered) {
  const budget_amount wanted = not_below_zero(amount);
  const auto known = tasks_.find(task);
  covered = known == tasks_.end() ? budget_amount{} : lesser(known->second.reserved, wanted);
  const budget_amount more = without(wanted, covered);
  answer a = ask(task, agent, more, covered);
  if (a.what != verdict::reserved) return a;
  if (known != tasks_.end()) known->second.reserved = without(known->second.reserved, covered);
  each_account(task, agent, [&](budget_account& b, auto&&...) { b.reserve(more); });
  return a;
}

void budget_ledger::settle_hold(task_index task, std::string_view agent, const budget_amount& amount,
                                const budget_amount& covered, const std::optional<budget_amount>& spent,
                                bool money_known) {
  release(task, agent, without(not_below_zero(amount), covered));
  if (const auto it = tasks_.find(task); it != tasks_.end()) {
    it->second.reserved += covered;
    it->second.tokens_told = it->second.tokens_told || spent;
    it->second.money_told = it->second.money_told || (spent && money_known);
  }
  if (spent) spend(task, agent, *spent, money_known);
}

budget_limit budget_ledger::left(task_index task, std::string_view agent) {
  budget_limit least;
  const auto known = tasks_.find(task);
  const budget_amount own = known == tasks_.end() ? budget_amount{} : known->second.reserved;
  each_account(task, agent, [&](budget_account& b, auto&&...) {
    const budget_limit here = b.left(own);
    if (here.tokens) least.tokens = std::min(least.tokens.value_or(*here.tokens), *here.tokens);
    if (here.micro_dollars)
      least.micro_dollars = std::min(least.micro_dollars.value_or(*here.micro_dollars), *here.micro_dollars);
  });
  return least;
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
  each_account(task, agent, [&](budget_account& b, level at, task_index whose) {
    b.spend(amount);
    const bool exhausted = !b.exhausted && b.spent_part(1);
    const bool alerted = !b.alerted && b.spent_part(std::clamp(alert_at_, 0.0, 1.0));
    if (!exhausted && !alerted) return;
    b.exhausted = b.exhausted || exhausted;
    b.alerted = true;
    std::string name = at == level::run ? "run" : at == level::agent ? concat("agent ", agent) : std::string("task");
    alerts_.push_back({std::move(name), b.status, exhausted, whose});
  });
}

void budget_ledger::spend(task_index task, std::string_view agent, const budget_amount& amount, bool money_known) {
  const budget_amount spent = not_below_zero(amount);
  if (!limited_ || spent.none()) return;
  if (const auto it = tasks_.find(task); it != tasks_.end()) {
    const budget_amount covered = lesser(it->second.reserved, spent);
    it->second.reserved = without(it->second.reserved, covered);
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
