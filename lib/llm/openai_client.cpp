#include <corchestra/llm/openai_client.hpp>

#include <algorithm>
#include <atomic>

#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>

#include "llm/openai_api.hpp"
#include "llm/rate_limit_headers.hpp"
#include "llm/reply_parser.hpp"
#include "llm/request_body.hpp"
#include "llm/stream_reader.hpp"
#include "llm/tries.hpp"

namespace corchestra::llm {

namespace {

using delta_callback = std::function<void(const chat_delta&)>;
using chat_attempt = attempt_outcome<chat_response>;
constexpr std::string_view path = "chat/completions";

bool rejects_stream_options(int status, const error& e) {
  if (status != 400 && status != 404 && status != 422 && status != 501) return false;
  return e.message.find("stream_options") != std::string::npos || e.message.find("include_usage") != std::string::npos;
}

bool ok(int status) { return status >= 200 && status <= 299; }

class openai_client final : public chat_model, public std::enable_shared_from_this<openai_client> {
 public:
  explicit openai_client(std::shared_ptr<endpoint> at) : endpoint_(std::move(at)) {}

  awaitable<result<chat_response>> complete(chat_request request) override {
    return call(shared_from_this(), std::move(request), nullptr, false);
  }
  awaitable<result<chat_response>> stream(chat_request request, delta_callback on_delta) override {
    return call(shared_from_this(), std::move(request), std::move(on_delta), true);
  }
  std::string default_model() const override { return endpoint_->options().model; }

 private:
  using self_ptr = std::shared_ptr<openai_client>;

  static awaitable<result<chat_response>> call(self_ptr self, chat_request request, delta_callback on_delta,
                                               bool streaming);
  static awaitable<void> attempt(std::shared_ptr<endpoint> at, net::http_request request, chat_attempt& outcome);
  static awaitable<void> streamed_attempt(self_ptr self, net::http_request request, delta_callback on_delta,
                                          bool with_stream_options, chat_attempt& outcome);

  chat_attempt judged(const result<net::http_response>& http, stream_reader& reader, bool with_stream_options,
                      wall_time now);
  static chat_attempt judged(const endpoint& at, const result<net::http_response>& http, wall_time now);
  request_format format(bool streaming, bool usage) const {
    return {endpoint_->options().model, endpoint_->options().max_tokens_field, streaming, usage};
  }
  void clean(chat_response& r) const;

  std::shared_ptr<endpoint> endpoint_;
  std::atomic<bool> stream_options_{true};
};

void openai_client::clean(chat_response& r) const {
  if (!endpoint_->holds_secrets()) return;
  for (std::string* text : {&r.message.content, &r.reasoning, &r.model, &r.service_tier, &r.request_id})
    *text = endpoint_->clean(std::move(*text));
  for (auto& c : r.message.tool_calls)
    for (std::string* text : {&c.id, &c.name, &c.arguments}) *text = endpoint_->clean(std::move(*text));
}

awaitable<void> openai_client::attempt(std::shared_ptr<endpoint> at, net::http_request request, chat_attempt& outcome) {
  const auto executor = co_await asio::this_coro::executor;
  result<net::http_response> http = co_await at->http().send(std::move(request));
  outcome = judged(*at, http, time_service::of(executor).source().wall_now());
}

// What a reply in one piece came to.
chat_attempt openai_client::judged(const endpoint& at, const result<net::http_response>& http, wall_time now) {
  if (!http) return {http.error()};
  const rate_limits limits = parse_rate_limits(http->headers);
  if (!ok(http->status)) return {at.refusal(*http, now), http->status, false, {}, limits};
  billed_call billed;
  auto reply = parse_reply(http->body, http->headers.get("content-type"), &billed);
  if (!reply) reply = parse_reply(at.clean(http->body), http->headers.get("content-type"));  // see refusal()
  if (!reply) reply = at.in_reply(reply.error());
  if (const auto id = http->headers.get("x-request-id"); reply && !id.empty()) reply->request_id = id;
  return {std::move(reply), http->status, false, std::move(billed), limits};
}

awaitable<void> openai_client::streamed_attempt(self_ptr self, net::http_request request, delta_callback on_delta,
                                                bool with_stream_options, chat_attempt& outcome) {
  const auto executor = co_await asio::this_coro::executor;
  const std::shared_ptr<endpoint> at = self->endpoint_;
  stream_reader reader(std::move(on_delta), &at->secrets());
  const auto stream = [&] {
    return at->http().stream(std::move(request), [&reader](std::string_view bytes) { return reader.feed(bytes); });
  };
  result<net::http_response> http = fail(errc::internal, "not asked");
  if (const auto limit = at->options().first_token_timeout) {
    http = co_await timeout<net::http_response>(*limit, concat(at->origin(), ": the first token"), stream,
                                                [&reader] { return reader.visible() || reader.decided(); });
  } else {
    http = co_await stream();
  }
  outcome = self->judged(http, reader, with_stream_options, time_service::of(executor).source().wall_now());
}

// What a streamed reply came to.
chat_attempt openai_client::judged(const result<net::http_response>& http, stream_reader& reader,
                                   bool with_stream_options, wall_time now) {
  const endpoint& at = *endpoint_;
  if (!http && !reader.decided()) {
    reader.close();
    error e = http.error();
    e.message += reader.partial_output();
    return {std::move(e), 0, reader.visible(), reader.billed()};
  }
  const rate_limits limits = http ? parse_rate_limits(http->headers) : rate_limits{};
  if (http && !ok(http->status)) {
    error e = at.refusal(*http, now);
    const bool differently = with_stream_options && rejects_stream_options(http->status, e);
    if (differently) {
      stream_options_ = false;
      at.options().logger.info("llm", concat(at.origin(), " rejects stream_options: going on without it"));
    }
    return {std::move(e), http->status, false, {}, limits, differently};
  }
  auto reply = reader.finish(http ? http->headers.get("content-type") : std::string_view("text/event-stream"));
  if (!reply) reply = at.in_reply(reply.error());
  if (const auto id = http ? http->headers.get("x-request-id") : std::string_view(); reply && !id.empty())
    reply->request_id = id;
  billed_call billed = reply ? billed_call{.usage = reply->usage} : reader.billed();
  return {std::move(reply), 200, reader.visible(), std::move(billed), limits};
}

awaitable<result<chat_response>> openai_client::call(self_ptr self, chat_request request, delta_callback on_delta,
                                                     bool streaming) {
  time_service& clock = time_service::of(co_await asio::this_coro::executor);
  const std::shared_ptr<endpoint> at = self->endpoint_;
  const time_point started = clock.now();
  std::optional<duration> first_token;
  bool with_stream_options = streaming && self->stream_options_;
  auto body = request_body(request, self->format(streaming, with_stream_options));
  if (!body) co_return body.error();
  const delta_callback watched = [&](const chat_delta& delta) {
    if (!first_token) first_token = clock.now() - started;
    if (on_delta) on_delta(delta);
  };
  bool first = true;
  // No coroutine, which would live as long as the try.
  const auto attempt_once = [&](duration left, chat_attempt& outcome) {
    if (!std::exchange(first, false) && with_stream_options && !self->stream_options_) {
      with_stream_options = false;
      body = request_body(request, self->format(streaming, false));
    }
    net::http_request http = at->request(path, *body, streaming ? "text/event-stream" : "application/json");
    for (const auto& [name, value] : request.headers) http.headers.add(name, value);
    http.timeout = left;
    http.idle_timeout = streaming ? std::min(at->options().idle_timeout, left) : left;
    if (streaming) return streamed_attempt(self, std::move(http), watched, with_stream_options, outcome);
    return attempt(at, std::move(http), outcome);
  };
  call_facts facts;
  facts.gated = gated(request, request.model.empty() ? at->options().model : request.model, body->size());
  facts.limit = request.timeout.value_or(at->options().timeout);
  facts.on_failed_usage = request.on_failed_usage;
  facts.on_failed_try = request.on_failed_try;
  facts.before_next = request.before_retry;
  tried<chat_response> end = co_await with_tries<chat_response>(at, std::move(facts), std::cref(attempt_once));
  if (end.reply) {
    self->clean(*end.reply);
    end.reply->http_attempts = end.tries;
    end.reply->elapsed = end.elapsed;
    end.reply->time_to_first_token = first_token;
  }
  co_return std::move(end.reply);
}

}  // namespace

result<openai_endpoint> make_openai_endpoint(std::shared_ptr<net::http_client> http, openai_options options) {
  auto at = endpoint::make(std::move(http), std::move(options));
  if (!at) return at.error();
  return openai_endpoint{std::make_shared<openai_client>(*at), make_openai_api(*at)};
}

result<std::shared_ptr<chat_model>> make_openai_client(std::shared_ptr<net::http_client> http, openai_options options) {
  auto made = make_openai_endpoint(std::move(http), std::move(options));
  if (!made) return made.error();
  return std::move(made->chat);
}

}  // namespace corchestra::llm
