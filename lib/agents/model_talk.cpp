#include "agents/model_talk.hpp"

#include <algorithm>

#include "agents/call_report.hpp"

namespace corchestra::detail {

namespace {

constexpr double most_progress = 0.95;  // the rest is the end of the answer

}  // namespace

awaitable<result<llm::chat_response>> model_talk::ask(model_talk self, llm::chat_request request) {
  const std::string asked = request.model.empty() ? self.model_->default_model() : request.model;
  const auto live = std::make_shared<task_context>(self.context_);  // until the reply: a model may keep its requests
  const auto report = std::make_shared<call_report>(self.context_, asked, self.prices_);
  report->add_trace_headers(request);
  request.on_failed_usage = [weak = std::weak_ptr(report),
                             then = std::move(request.on_failed_usage)](const llm::billed_call& call) {
    if (const auto r = weak.lock()) r->failed_try(call);
    if (then) then(call);
  };
  request.while_waiting = [weak = std::weak_ptr(live)](awaitable<void> until_it_may_go_out) -> awaitable<void> {
    const auto c = weak.lock();
    return c ? c->wait(wait_reason::rate, std::move(until_it_may_go_out)) : std::move(until_it_may_go_out);
  };
  result<llm::chat_response> reply = fail(errc::internal, "not asked");
  try {
    if (self.stream_) {
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
    report->failed(error_from_exception(std::current_exception()));
    throw;
  }
  reply ? report->answered(*reply) : report->failed(reply.error());
  co_return reply;
}

}  // namespace corchestra::detail
