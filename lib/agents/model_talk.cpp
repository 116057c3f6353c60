#include "agents/model_talk.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>

#include "agents/call_report.hpp"

namespace corchestra::detail {

namespace {

constexpr double most_progress = 0.95;  // the rest is the end of the answer

// Waits with the slot given back, when there is an attempt that has one.
awaitable<void> hold_back(std::weak_ptr<task_context> live, std::weak_ptr<call_budget> budget,
                          std::shared_ptr<awaitable<void>> until_it_may_go_out) {
  if (const auto b = budget.lock()) b->held_back(true);
  if (const auto c = live.lock()) {
    co_await c->wait(wait_reason::rate, std::move(*until_it_may_go_out));
  } else {
    co_await std::move(*until_it_may_go_out);
  }
  if (const auto b = budget.lock()) b->held_back(false);
}

awaitable<result<void>> nothing_to_reserve() { co_return result<void>(); }

// A model may keep its requests: what they call must not keep the attempt.
void connect(llm::chat_request& request, const std::shared_ptr<task_context>& live,
             const std::shared_ptr<call_budget>& budget, const std::shared_ptr<call_report>& report) {
  request.on_failed_usage = [weak = std::weak_ptr(report),
                             then = std::move(request.on_failed_usage)](const llm::billed_call& call) {
    if (const auto r = weak.lock()) r->failed_try(call);
    if (then) then(call);
  };
  if (budget->limited()) {
    request.on_failed_try = [weak = std::weak_ptr(budget)](const llm::failed_try& how) {
      if (const auto b = weak.lock()) b->failed(how);
    };
    request.before_retry = [weak = std::weak_ptr(budget)] {
      auto b = weak.lock();
      return b ? call_budget::reserve(std::move(b)) : nothing_to_reserve();
    };
  }
  request.while_waiting = [task = std::weak_ptr(live), money = std::weak_ptr(budget)](awaitable<void> until) {
    return hold_back(task, money, std::make_shared<awaitable<void>>(std::move(until)));
  };
}

}  // namespace

awaitable<result<llm::chat_response>> model_talk::ask(model_talk self, llm::chat_request request) {
  const std::string asked = request.model.empty() ? self.model_->default_model() : request.model;
  const auto budget = std::make_shared<call_budget>(self.context_, self.terms_.prices, self.terms_.allow_unpriced);
  if (const auto sound = budget->ask(request, asked); !sound) co_return sound.error();
  const result<void> reserved = co_await call_budget::reserve(budget);
  if (!reserved) co_return reserved.error();
  const auto live = std::make_shared<task_context>(self.context_);  // until the reply
  const auto report = std::make_shared<call_report>(self.context_, asked, self.terms_.prices, budget);
  report->add_trace_headers(request);
  connect(request, live, budget, report);
  result<llm::chat_response> reply = fail(errc::internal, "not asked");
  try {
    if (self.terms_.stream) {
      auto limit = request.max_tokens;
      reply = co_await self.model_->stream(
          std::move(request),
          [context = self.context_, limit, pieces = std::int64_t(0)](const llm::chat_delta&) mutable {
            context.heartbeat();
            if (!limit) return;
            const double share = static_cast<double>(++pieces) / static_cast<double>(*limit);
            context.report_progress(std::min(share, most_progress));
          });
    } else {
      reply = co_await self.model_->complete(std::move(request));
    }
  } catch (...) {
    budget->broken_off();
    report->failed(error_from_exception(std::current_exception()));
    throw;
  }
  if (reply) {
    report->answered(*reply);
    self.watch_usage(*reply);
  } else {
    budget->failed(reply.error());
    report->failed(reply.error());
  }
  co_return reply;
}

void model_talk::watch_usage(const llm::chat_response& reply) {
  const bool asked = reply.http_attempts > 0;  // and not known before
  if (!asked || !terms_.usage || !terms_.usage->disappears(reply.usage.known())) return;
  context_.warn(
      concat("the last ", llm::usage_watch::in_a_row,
             " replies of the endpoint say no usage, and earlier ones did: costs and tokens are counted too low",
             ", and with a budget taken at the most they may be"));
}

}  // namespace corchestra::detail
