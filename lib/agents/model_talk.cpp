#include "agents/model_talk.hpp"

#include <algorithm>
#include <chrono>

#include <corchestra/llm/cost.hpp>

namespace corchestra::detail {

namespace {

constexpr double most_progress = 0.95;  // the rest is the end of the answer

// The model that the server names is the one that is billed: a local server may well be asked for a name that costs.
void report(task_context& context, const std::string& asked, const llm::price_table* prices,
            const llm::billed_call& call, json details) {
  const std::string& model = call.model.empty() ? asked : call.model;
  details["model"] = model;
  if (!call.service_tier.empty()) details["service_tier"] = call.service_tier;
  const auto cost = prices ? llm::cost_of(*prices, model, call.usage, call.service_tier) : std::nullopt;
  std::optional<budget_amount> spent;
  if (cost) {
    details["cost_usd"] = cost->to_text();
    spent = {call.usage.total_tokens(), cost->micro_dollars()};
  }
  context.report_usage(call.usage, std::move(details), spent);
}

}  // namespace

awaitable<result<llm::chat_response>> model_talk::ask(model_talk self, llm::chat_request request) {
  const std::string asked = request.model.empty() ? self.model_->default_model() : request.model;
  const auto live = std::make_shared<task_context>(self.context_);  // until the reply: a model may keep its requests
  request.on_failed_usage = [weak = std::weak_ptr(live), asked, prices = self.prices_,
                             then = std::move(request.on_failed_usage)](const llm::billed_call& call) {
    if (const auto c = weak.lock()) report(*c, asked, prices.get(), call, {{"finish", "failed"}});
    if (then) then(call);
  };
  request.while_waiting = [weak = std::weak_ptr(live)](awaitable<void> until_it_may_go_out) -> awaitable<void> {
    const auto c = weak.lock();
    return c ? c->wait(wait_reason::rate, std::move(until_it_may_go_out)) : std::move(until_it_may_go_out);
  };
  result<llm::chat_response> reply = fail(errc::internal, "not asked");
  if (self.stream_) {
    auto limit = request.max_tokens;
    reply = co_await self.model_->stream(
        std::move(request), [context = self.context_, limit, pieces = std::int64_t(0)](const llm::chat_delta&) mutable {
          context.heartbeat();
          if (!limit) return;
          const double share = static_cast<double>(++pieces) / static_cast<double>(*limit);
          context.report_progress(std::min(share, most_progress));
        });
  } else {
    reply = co_await self.model_->complete(std::move(request));
  }
  if (reply) {
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(reply->elapsed);
    report(self.context_, asked, self.prices_.get(), {reply->usage, reply->model, reply->service_tier},
           {{"http_attempts", reply->http_attempts},
            {"finish", to_string(reply->finish)},
            {"elapsed_ms", elapsed.count()}});
  }
  co_return reply;
}

}  // namespace corchestra::detail
