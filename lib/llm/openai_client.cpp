#include <corchestra/llm/openai_client.hpp>

#include <algorithm>

#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>

#include "llm/openai_api.hpp"
#include "llm/rate_limit_headers.hpp"
#include "llm/reply_parser.hpp"
#include "llm/request_body.hpp"
#include "llm/request_manners.hpp"
#include "llm/stream_reader.hpp"
#include "llm/tries.hpp"

namespace corchestra::llm {

namespace {

using delta_callback = std::function<void(const chat_delta&)>;
using chat_attempt = attempt_outcome<chat_response>;
constexpr std::string_view path = "chat/completions";

bool ok(int status) { return status >= 200 && status <= 299; }

class openai_client final : public chat_model, public std::enable_shared_from_this<openai_client> {
 public:
  explicit openai_client(std::shared_ptr<endpoint> at)
      : endpoint_(std::move(at)), manners_(endpoint_->options().max_tokens_field) {}

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
  static awaitable<void> attempt(self_ptr self, net::http_request request, const request_format& format,
                                 chat_attempt& outcome);
  static awaitable<void> streamed_attempt(self_ptr self, net::http_request request, delta_callback on_delta,
                                          const request_format& format, chat_attempt& outcome);

  chat_attempt judged(const result<net::http_response>& http, const request_format& format, wall_time now);
  chat_attempt judged(const result<net::http_response>& http, stream_reader& reader, const request_format& format,
                      wall_time now);
  chat_attempt refused(const net::http_response& http, const request_format& format, rate_limits limits, wall_time now);
  void clean(chat_response& r) const;

  std::shared_ptr<endpoint> endpoint_;
  request_manners manners_;
};

void openai_client::clean(chat_response& r) const {
  if (!endpoint_->holds_secrets()) return;
  for (std::string* text : {&r.message.content, &r.reasoning, &r.model, &r.service_tier, &r.request_id})
    *text = endpoint_->clean(std::move(*text));
  for (auto& c : r.message.tool_calls)
    for (std::string* text : {&c.id, &c.name, &c.arguments}) *text = endpoint_->clean(std::move(*text));
}

awaitable<void> openai_client::attempt(self_ptr self, net::http_request request, const request_format& format,
                                       chat_attempt& outcome) {
  const auto executor = co_await asio::this_coro::executor;
  result<net::http_response> http = co_await self->endpoint_->http().send(std::move(request));
  outcome = self->judged(http, format, time_service::of(executor).source().wall_now());
}

chat_attempt openai_client::refused(const net::http_response& http, const request_format& format, rate_limits limits,
                                    wall_time now) {
  const endpoint& at = *endpoint_;
  error e = at.refusal(http, now);
  const bool differently = manners_.learn(format, http.status, e);
  if (differently)
    at.options().logger.info(
        "llm", concat(at.origin(), " does not take a request as it was written, and is asked in another way: ",
                      one_line(e.message, 300)));
  return {std::move(e), http.status, false, {}, limits, differently};
}

// What a reply in one piece came to.
chat_attempt openai_client::judged(const result<net::http_response>& http, const request_format& format,
                                   wall_time now) {
  if (!http) return {http.error()};
  const endpoint& at = *endpoint_;
  const rate_limits limits = parse_rate_limits(http->headers);
  if (!ok(http->status)) return refused(*http, format, limits, now);
  billed_call billed;
  auto reply = parse_reply(http->body, http->headers.get("content-type"), &billed);
  if (!reply) reply = parse_reply(at.clean(http->body), http->headers.get("content-type"));  // see refusal()
  if (!reply) reply = at.in_reply(reply.error());
  if (const auto id = http->headers.get("x-request-id"); reply && !id.empty()) reply->request_id = id;
  return {std::move(reply), http->status, false, std::move(billed), limits};
}

awaitable<void> openai_client::streamed_attempt(self_ptr self, net::http_request request, delta_callback on_delta,
                                                const request_format& format, chat_attempt& outcome) {
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
  outcome = self->judged(http, reader, format, time_service::of(executor).source().wall_now());
}

// What a streamed reply came to.
chat_attempt openai_client::judged(const result<net::http_response>& http, stream_reader& reader,
                                   const request_format& format, wall_time now) {
  const endpoint& at = *endpoint_;
  if (!http && !reader.decided()) {
    reader.close();
    error e = http.error();
    e.message += reader.partial_output();
    return {std::move(e), 0, reader.visible(), reader.billed()};
  }
  const rate_limits limits = http ? parse_rate_limits(http->headers) : rate_limits{};
  if (http && !ok(http->status)) return refused(*http, format, limits, now);
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
  const std::string model = request.model.empty() ? at->options().model : request.model;
  unsigned known = self->manners_.version();
  request_format format = self->manners_.format(model, streaming);
  auto body = request_body(request, format);
  if (!body) co_return body.error();
  const delta_callback watched = [&](const chat_delta& delta) {
    if (!first_token) first_token = clock.now() - started;
    if (on_delta) on_delta(delta);
  };
  // No coroutine, which would live as long as the try.
  const auto attempt_once = [&](duration left, chat_attempt& outcome) {
    if (const unsigned now = self->manners_.version(); std::exchange(known, now) != now) {
      format = self->manners_.format(model, streaming);
      body = request_body(request, format);
    }
    net::http_request http = at->request(path, *body, streaming ? "text/event-stream" : "application/json");
    for (const auto& [name, value] : request.headers) http.headers.add(name, value);
    http.timeout = left;
    http.idle_timeout = streaming ? std::min(at->options().idle_timeout, left) : left;
    if (streaming) return streamed_attempt(self, std::move(http), watched, format, outcome);
    return attempt(self, std::move(http), format, outcome);
  };
  call_facts facts;
  facts.gated = gated(request, model, body->size());
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
