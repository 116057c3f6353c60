#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <corchestra/core/budget.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>

#include "core/budget_account.hpp"

namespace corchestra::detail {

/// Nested budgets: run -> agent -> task. A reservation must fit into all three, or none is taken; a settlement replaces
/// the reservation by what was really spent. Amounts below zero count as zero; sums stop at the end of their range.
class budget_ledger {
 public:
  explicit budget_ledger(budget_options options);

  /// No budget anywhere, not even of a task: nothing needs to be asked.
  bool empty() const noexcept { return !limited_; }

  enum class verdict : std::uint8_t {
    reserved,
    later,  ///< it does not fit now, but may when running tasks settle for less than they reserved
    never,  ///< even with nothing reserved it does not fit: more than the limit, or used up
  };
  enum class level : std::uint8_t { run, agent, task };
  struct answer {
    verdict what{};
    std::string budget;  ///< which one is in the way, with the figures in words; empty when reserved
    level at{};                  ///< of that budget
    task_index whose = no_task;  ///< a task's own: whose
  };
  /// The task has a budget of its own from now on. `above` is its nearest ancestor that has one: this task counts there too,
  /// and in those above that.
  void limit(task_index task, const budget_limit& own, task_index above = no_task);
  /// `own`, if it is one, and `above` as for `limit`; a task may reserve more while it holds a reservation.
  answer reserve(task_index task, std::string_view agent, const budget_amount& amount, const budget_limit& own,
                 task_index above = no_task);
  /// What `reserve` would answer to a task that holds nothing, without words.
  verdict room(task_index task, std::string_view agent, const budget_amount& amount);
  /// For one step of a task that has been admitted: taken from what it has reserved first, the rest beside it. Others
  /// wait for it, and the same task's other steps too: it ends before they do. `covered` gets the first part.
  answer hold(task_index task, std::string_view agent, const budget_amount& amount, budget_amount& covered);
  /// The step's end: what it took is free again, then `spent` is; absent: it was not made. `money_known` as for `spend`.
  void settle_hold(task_index task, std::string_view agent, const budget_amount& amount, const budget_amount& covered,
                   const std::optional<budget_amount>& spent, bool money_known = true);
  /// What `hold` could take now; absent: no budget counts it.
  budget_limit left(task_index task, std::string_view agent);
  /// Spent while the attempt runs (one model call of it): taken out of the reservation first. Without `money_known` the
  /// tokens alone are told.
  void spend(task_index task, std::string_view agent, const budget_amount& amount, bool money_known = true);
  /// The attempt has ended: what is left of its reservation is free. With `assume_spent`, of tokens and of money each,
  /// the reservation counts as spent when nothing was told since it was taken. Gives back that estimate.
  budget_amount settle(task_index task, std::string_view agent, bool assume_spent);
  /// The task and all under it have ended for good: its own budget is no longer kept.
  void forget(task_index task);

  /// Budgets that passed the alert level, or were used up, since the last call: each once.
  struct alert {
    std::string budget;  ///< `run`, `agent writer`, `task`
    budget_status status;
    bool exhausted = false;
    task_index task = no_task;  ///< of a task's own budget: whose
  };
  std::vector<alert> take_alerts() { return std::exchange(alerts_, {}); }
  budget_status run() const noexcept { return run_.status; }
  /// Those with a limit, and those that have reserved or spent, by name.
  std::vector<std::pair<std::string, budget_status>> agents() const;

 private:
  // A task with a reservation, or with a budget of its own.
  struct task_entry {
    budget_account own;
    budget_amount reserved;
    task_index above = no_task;
    bool tokens_told = false, money_told = false;  // since the reservation was taken
  };
  budget_account& account_of(std::string_view agent);
  template <class F>
  void each_account(task_index task, std::string_view agent, F f);
  answer ask(task_index task, std::string_view agent, const budget_amount& amount, const budget_amount& own);
  void add_spent(task_index task, std::string_view agent, const budget_amount& amount);
  void release(task_index task, std::string_view agent, const budget_amount& amount);

  double alert_at_;
  bool limited_ = false;
  budget_account run_;
  std::map<std::string, budget_account, std::less<>> agents_;
  std::unordered_map<task_index, task_entry> tasks_;
  std::vector<alert> alerts_;
};

}  // namespace corchestra::detail
