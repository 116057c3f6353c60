#include "agents/call_report.hpp"

#include <chrono>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/llm/cost.hpp>

namespace corchestra::detail {

namespace {

constexpr std::size_t max_model = 200, max_message = 500;

std::int64_t milliseconds(duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

// What was settled at the reserve since `before`, because nobody told.
void add_estimate(json& details, const budget_amount& all, const budget_amount& before) {
  if (all.tokens > before.tokens) details["estimated"]["tokens"] = all.tokens - before.tokens;
  if (all.micro_dollars > before.micro_dollars)
    details["estimated"]["micro_dollars"] = all.micro_dollars - before.micro_dollars;
}

}  // namespace

call_report::call_report(task_context context, std::string asked, std::shared_ptr<const llm::price_table> prices,
                         std::shared_ptr<call_budget> budget)
    : context_(std::move(context)),
      asked_(std::move(asked)),
      prices_(std::move(prices)),
      budget_(std::move(budget)),
      number_(context_.next_model_call()),
      began_(time_service::of(context_.executor()).now()) {}

void call_report::add_trace_headers(llm::chat_request& request) const {
  std::string parent = context_.trace_parent(number_);
  if (parent.empty()) return;
  request.headers.emplace_back("traceparent", std::move(parent));
  if (const auto state = context_.trace_state(); !state.empty()) request.headers.emplace_back("tracestate", state);
}

void call_report::answered(const llm::chat_response& reply) {
  bill({reply.usage, reply.model, reply.service_tier}, {{"http_attempts", reply.http_attempts},
                                                        {"finish", to_string(reply.finish)},
                                                        {"elapsed_ms", milliseconds(reply.elapsed)}});
  json details = {{"response_model", one_line(reply.model.empty() ? asked_ : reply.model, max_model)},
                  {"finish", to_string(reply.finish)},
                  {"http_attempts", reply.http_attempts}};
  if (reply.time_to_first_token) details["first_token_ms"] = milliseconds(*reply.time_to_first_token);
  if (!reply.service_tier.empty()) details["service_tier"] = one_line(reply.service_tier, max_model);
  if (reply.hedge != llm::hedge_outcome::none) details["hedge"] = to_string(reply.hedge);
  end(std::move(details), nullptr);
}

void call_report::failed(const error& e) {
  error shown = e;
  shown.message = one_line(shown.message, max_message);
  if (!usage_.known()) cost_.reset();  // nobody told what it cost
  end(json::object(), &shown);
}

void call_report::bill(const llm::billed_call& call, json details) {
  const std::string& model = call.model.empty() ? asked_ : call.model;
  details["call"] = number_;
  details["model"] = model;
  if (!call.service_tier.empty()) details["service_tier"] = call.service_tier;
  const auto cost = prices_ ? llm::cost_of(prices_->find(model), prices_->find(asked_), call.usage, call.service_tier)
                            : std::nullopt;
  if (cost) details["cost_usd"] = cost->to_text();
  const auto tokens = call.usage.known() ? std::optional(call.usage.total_tokens()) : std::nullopt;
  const auto money = cost ? std::optional(cost->micro_dollars()) : std::nullopt;
  std::optional<budget_amount> spent;
  const budget_reservation& held = budget_->reservation();
  const bool assumes = held.held() && (!tokens || held.most().micro_dollars > 0);
  if (cost || assumes) {
    const budget_amount before = budget_->estimated();
    spent = budget_->billed(tokens, money);
    add_estimate(details, budget_->estimated(), before);
  }
  usage_ += call.usage;
  if (cost && cost_) {
    *cost_ += *cost;
  } else {
    cost_.reset();
  }
  context_.report_usage(call.usage, std::move(details), spent, &budget_->reservation());
}

void call_report::end(json details, const error* failure) {
  details["call"] = number_;
  details["model"] = one_line(asked_, max_model);
  details["elapsed_ms"] = milliseconds(time_service::of(context_.executor()).now() - began_);
  if (cost_) details["cost_usd"] = cost_->to_text();
  add_estimate(details, budget_->estimated(), {});
  context_.report_model_call(usage_, failure, std::move(details));
}

}  // namespace corchestra::detail
