#include "llm/openai_api.hpp"

#include "llm/rate_limit_headers.hpp"
#include "llm/reply_skim.hpp"
#include "llm/tries.hpp"

namespace corchestra::llm {

namespace {

struct answered {};
using api_attempt = attempt_outcome<answered>;

class openai_api final : public api_client {
 public:
  explicit openai_api(std::shared_ptr<endpoint> at) : endpoint_(std::move(at)) {}

  awaitable<api_reply> post(api_request request) override { return call(endpoint_, std::move(request)); }
  std::optional<limiter_status> limits(const std::string& model, time_point now) const override {
    return endpoint_->limits().status(model, now);
  }

 private:
  static awaitable<void> attempt(std::shared_ptr<endpoint> at, net::http_request request, api_reply& reply,
                                 api_attempt& outcome);
  static api_attempt judged(const endpoint& at, result<net::http_response> http, api_reply& reply, wall_time now);
  static awaitable<api_reply> call(std::shared_ptr<endpoint> at, api_request request);

  std::shared_ptr<endpoint> endpoint_;
};

awaitable<void> openai_api::attempt(std::shared_ptr<endpoint> at, net::http_request request, api_reply& reply,
                                    api_attempt& outcome) {
  const auto executor = co_await asio::this_coro::executor;
  if (reply.billed.usage.known()) reply.failed_tries.push_back(std::move(reply.billed));
  reply.billed = {};
  reply.status = 0;
  reply.body.clear();
  reply.request_id.clear();
  result<net::http_response> http = co_await at->http().send(std::move(request));
  outcome = judged(*at, std::move(http), reply, time_service::of(executor).source().wall_now());
}

// What a reply came to.
api_attempt openai_api::judged(const endpoint& at, result<net::http_response> http, api_reply& reply, wall_time now) {
  if (!http) return {http.error()};
  reply.status = http->status;
  reply.request_id = at.clean(std::string(http->headers.get("x-request-id")));
  const rate_limits limits = parse_rate_limits(http->headers);
  if (http->status < 200 || http->status > 299) {
    error e = at.refusal(*http, now);
    reply.body = at.clean(std::move(http->body));
    return {std::move(e), http->status, false, {}, limits};
  }
  billed_call billed;
  reply.body = at.clean(std::move(http->body));
  const auto checked = skim_reply(reply.body, http->headers.get("content-type"), billed);
  reply.billed = at.clean(billed);
  if (!checked) return {at.in_reply(checked.error()), http->status, false, std::move(billed), limits};
  return {answered{}, http->status, false, std::move(billed), limits};
}

awaitable<api_reply> openai_api::call(std::shared_ptr<endpoint> at, api_request request) {
  api_reply reply;
  const auto attempt_once = [&](duration left, api_attempt& outcome) {
    net::http_request http = at->request(request.path, request.body, "application/json");
    http.timeout = http.idle_timeout = left;
    return attempt(at, std::move(http), reply, outcome);
  };
  call_facts facts;
  facts.gated = {request.model, request.tokens, request.prefix, std::move(request.while_waiting)};
  facts.limit = request.timeout.value_or(at->options().timeout);
  facts.before_retry = std::move(request.before_retry);
  const tried<answered> end = co_await with_tries<answered>(at, std::move(facts), std::cref(attempt_once));
  if (!end.reply) reply.failure = end.reply.error();
  reply.http_attempts = end.tries;
  reply.elapsed = end.elapsed;
  co_return reply;
}

}  // namespace

std::shared_ptr<api_client> make_openai_api(std::shared_ptr<endpoint> at) {
  return std::make_shared<openai_api>(std::move(at));
}

}  // namespace corchestra::llm
