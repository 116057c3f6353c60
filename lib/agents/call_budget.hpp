#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <corchestra/llm/chat.hpp>
#include <corchestra/llm/price_table.hpp>
#include <corchestra/runtime/task_context.hpp>

namespace corchestra::detail {

/// Whether the most that a call can cost is known, as it must be where there is a budget in dollars. The error
/// (`invalid_argument`) says what is missing, without the place.
result<void> check_bounded(const llm::price_table* prices, std::string_view model, bool limited_answer);

/// What one call of a model takes from the task's budgets: before each of its tries the most that it can come to,
/// settled by what it did.
class call_budget {
 public:
  /// `prices` may be null. With `allow_unpriced` a try whose cost has no bound reserves no money.
  call_budget(task_context context, std::shared_ptr<const llm::price_table> prices, bool allow_unpriced)
      : context_(std::move(context)), prices_(std::move(prices)), allow_unpriced_(allow_unpriced) {}

  /// What is to be asked. Error: `invalid_argument` when there is a budget in dollars, and no bound of the cost.
  result<void> ask(const llm::chat_request& request, const std::string& model);
  /// Some budget limits it: each of its tries is to be reserved.
  bool limited() const noexcept { return !most_.none(); }
  /// Before each try of that. Waits for what others have reserved. Errors: those of `task_context::reserve`.
  static awaitable<result<void>> reserve(std::shared_ptr<call_budget> self);

  /// The limiter holds the try back: it has not gone out.
  void held_back(bool yes) noexcept { held_back_ = yes; }
  /// A try was billed: what to settle by. Unknown parts of it are taken at the reserve, and marked.
  budget_amount billed(std::optional<std::int64_t> tokens, std::optional<std::int64_t> micro_dollars);
  budget_reservation& reservation() noexcept { return held_; }
  /// What was not settled yet of a try that failed: nothing when the endpoint refused it, else all.
  void failed(const llm::failed_try& how);
  void failed(const error& e);
  void broken_off();

  /// Of what was settled so far, the part that nobody told.
  const budget_amount& estimated() const noexcept { return estimated_; }

 private:
  void settle(bool may_have_cost);

  task_context context_;
  std::shared_ptr<const llm::price_table> prices_;
  bool allow_unpriced_, held_back_ = false;
  budget_amount most_, estimated_;
  budget_reservation held_;
};

}  // namespace corchestra::detail
