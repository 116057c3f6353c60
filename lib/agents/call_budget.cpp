#include "agents/call_budget.hpp"

#include <array>

#include <corchestra/base/text.hpp>
#include <corchestra/llm/cost_bound.hpp>

namespace corchestra::detail {

namespace {

constexpr std::string_view otherwise = ", or let calls without a bound go out (allow_unpriced)";

error no_bound(llm::unbounded why, std::string_view model) {
  if (why == llm::unbounded::no_price)
    return fail(errc::invalid_argument,
                concat("the price of model ", quote(model),
                       " is not known, and a budget in dollars needs it: add it to the prices", otherwise),
                retry_class::terminal);
  return fail(
      errc::invalid_argument,
      concat("max_tokens is needed where there is a budget in dollars: set it for the task or its agent", otherwise),
      retry_class::terminal);
}

// Of a model that says no more than its error: what the endpoint refuses is not billed.
bool is_refusal(const error& e) {
  static constexpr std::array refusals = {errc::no_endpoint,      errc::authentication_failed, errc::permission_denied,
                                          errc::not_found,        errc::bad_request,           errc::rate_limited,
                                          errc::invalid_argument, errc::quota_exhausted};
  for (const errc code : refusals)
    if (e.is(code)) return true;
  return llm::never_sent(e);
}

}  // namespace

result<void> check_bounded(const llm::price_table* prices, std::string_view model, bool limited_answer) {
  const llm::call_extent extent{.bytes = 1, .answer_tokens = limited_answer ? std::optional(1) : std::nullopt};
  const auto bound = llm::bound_of(prices ? prices->find(model) : nullptr, extent);
  if (!bound.most) return no_bound(bound.why, model);
  return {};
}

result<void> call_budget::ask(const llm::chat_request& request, const std::string& model) {
  const budget_limit limited = context_.budget_left();
  if (limited.none()) return {};
  const llm::call_extent extent = llm::extent_of(request, model);
  const auto bound = llm::bound_of(prices_ ? prices_->find(model) : nullptr, extent);
  if (!bound.most && limited.micro_dollars && !allow_unpriced_)
    return in_place(no_bound(bound.why, model), concat("task ", quote(context_.task().id)));
  most_.tokens = extent.bytes + extent.answer_tokens.value_or(0);
  if (bound.most) most_.micro_dollars = bound.most->micro_dollars_up();
  return {};
}

awaitable<result<void>> call_budget::reserve(std::shared_ptr<call_budget> self) {
  if (!self->limited()) co_return result<void>();
  auto got = co_await self->context_.reserve(self->most_);
  if (!got) co_return got.error();
  self->held_ = std::move(*got);
  co_return result<void>();
}

budget_amount call_budget::billed(std::optional<std::int64_t> tokens, std::optional<std::int64_t> micro_dollars) {
  const budget_amount most = held_.held() ? held_.most() : budget_amount{};
  if (!tokens) estimated_.tokens += most.tokens;
  if (!micro_dollars) estimated_.micro_dollars += most.micro_dollars;
  return {tokens.value_or(most.tokens), micro_dollars.value_or(most.micro_dollars)};
}

void call_budget::settle(bool may_have_cost) {
  if (!held_.held()) return;
  held_.settle(may_have_cost ? billed({}, {}) : budget_amount{});
}

void call_budget::failed(const llm::failed_try& how) {
  const bool answered = how.status >= 200 && how.status <= 299;
  settle(answered || (how.status == 0 && how.sent));
}

void call_budget::failed(const error& e) { settle(!held_back_ && !is_refusal(e)); }

void call_budget::broken_off() { settle(!held_back_); }

}  // namespace corchestra::detail
