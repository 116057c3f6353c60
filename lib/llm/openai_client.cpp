#include <corchestra/llm/openai_client.hpp>

#include <algorithm>
#include <atomic>
#include <random>

#include <corchestra/async/sleep.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/llm/error_body.hpp>

#include "llm/endpoint_limits.hpp"
#include "llm/rate_limit_headers.hpp"
#include "llm/reply_parser.hpp"
#include "llm/request_body.hpp"
#include "llm/retry.hpp"
#include "llm/stream_reader.hpp"
#include "net/message_text.hpp"

namespace corchestra::llm {

namespace {

constexpr std::string_view source = "llm";
using delta_callback = std::function<void(const chat_delta&)>;

struct attempt_outcome {
  result<chat_response> reply;
  int status = 0;        ///< 0: no reply came
  bool visible = false;  ///< the caller has seen a part of it
  billed_call billed;    ///< of a reply that is no answer
  rate_limits limits;    ///< that the reply's headers tell
};

result<void> check_header_value(std::string_view name, std::string_view value, char least) {
  for (std::size_t i = 0; i < value.size(); ++i)
    if (value[i] < least || value[i] > '~')
      return fail(errc::invalid_argument,
                  concat(name, ": the character at position ", i + 1, " cannot be sent in a header",
                         i + 1 == value.size() ? " (a line break at its end?)" : ""));
  return {};
}

bool rejects_stream_options(int status, const error& e) {
  if (status != 400 && status != 404 && status != 422 && status != 501) return false;
  return e.message.find("stream_options") != std::string::npos || e.message.find("include_usage") != std::string::npos;
}

bool is_azure(std::string_view host) {
  return host.ends_with(".openai.azure.com") || host.ends_with(".cognitiveservices.azure.com");
}

bool ok(int status) { return status >= 200 && status <= 299; }

class openai_client final : public chat_model, public std::enable_shared_from_this<openai_client> {
 public:
  openai_client(std::shared_ptr<net::http_client> http, openai_options options, net::url base)
      : http_(std::move(http)), options_(std::move(options)), base_(std::move(base)), limits_(options_.limits) {
    redact_.add(options_.api_key);
    if (options_.max_tokens_field.empty())
      options_.max_tokens_field = base_.host == "api.openai.com" ? "max_completion_tokens" : "max_tokens";
    if (options_.key_header.empty() && is_azure(base_.host)) options_.key_header = "api-key";
    if (options_.seed == 0) options_.seed = std::random_device{}();
  }

  awaitable<result<chat_response>> complete(chat_request request) override {
    return call(shared_from_this(), std::move(request), nullptr, false);
  }
  awaitable<result<chat_response>> stream(chat_request request, delta_callback on_delta) override {
    return call(shared_from_this(), std::move(request), std::move(on_delta), true);
  }
  std::string default_model() const override { return options_.model; }

 private:
  using self_ptr = std::shared_ptr<openai_client>;

  static awaitable<result<chat_response>> call(self_ptr self, chat_request request, delta_callback on_delta,
                                               bool streaming);
  static awaitable<attempt_outcome> attempt(self_ptr self, net::http_request request);
  static awaitable<attempt_outcome> streamed_attempt(self_ptr self, net::http_request request, delta_callback on_delta);

  request_format format(bool streaming, bool usage) const {
    return {options_.model, options_.max_tokens_field, streaming, usage};
  }
  net::http_request http_request(std::string body, bool streaming) const;
  error reply_error(error e) const { return in_place(std::move(e), base_.origin()); }
  attempt_outcome refused(const net::http_response& http, wall_time now) const;
  void pass_on(const chat_delta& delta, const delta_callback& to) const;
  void clean(chat_response& r) const;
  error clean(error e) const {
    if (!redact_.empty()) e.message = redact_(std::move(e.message));
    return e;
  }

  std::shared_ptr<net::http_client> http_;
  openai_options options_;
  net::url base_;
  redactor redact_;
  endpoint_limits limits_;
  std::atomic<bool> stream_options_{true};
  std::atomic<std::uint64_t> calls_{0};
};

net::http_request openai_client::http_request(std::string body, bool streaming) const {
  net::http_request r;
  r.method = "POST";
  r.target = base_.below("chat/completions");
  r.headers.add("Content-Type", "application/json");
  r.headers.add("Accept", streaming ? "text/event-stream" : "application/json");
  if (!options_.api_key.empty() && options_.key_header.empty())
    r.headers.add("Authorization", concat("Bearer ", options_.api_key.reveal()));
  else if (!options_.api_key.empty())
    r.headers.add(options_.key_header, std::string(options_.api_key.reveal()));
  if (!options_.organization.empty()) r.headers.add("OpenAI-Organization", options_.organization);
  if (!options_.project.empty()) r.headers.add("OpenAI-Project", options_.project);
  r.body = std::move(body);
  return r;
}

void openai_client::clean(chat_response& r) const {
  if (redact_.empty()) return;
  r.message.content = redact_(std::move(r.message.content));
  r.reasoning = redact_(std::move(r.reasoning));
  r.model = redact_(std::move(r.model));
  r.service_tier = redact_(std::move(r.service_tier));
  r.request_id = redact_(std::move(r.request_id));
  for (auto& c : r.message.tool_calls) c.arguments = redact_(std::move(c.arguments));
}

void openai_client::pass_on(const chat_delta& delta, const delta_callback& to) const {
  if (redact_.empty()) return to(delta);
  const std::string text = redact_(std::string(delta.text)), reasoning = redact_(std::string(delta.reasoning));
  to(chat_delta{text, reasoning});
}

attempt_outcome openai_client::refused(const net::http_response& http, wall_time now) const {
  return {reply_error(error_from_reply(http.status, http.headers, http.body, now)), http.status, false, {},
          parse_rate_limits(http.headers)};
}

awaitable<attempt_outcome> openai_client::attempt(self_ptr self, net::http_request request) {
  const auto executor = co_await asio::this_coro::executor;
  result<net::http_response> http = co_await self->http_->send(std::move(request));
  if (!http) co_return attempt_outcome{http.error()};
  if (!ok(http->status)) co_return self->refused(*http, time_service::of(executor).source().wall_now());
  billed_call billed;
  auto reply = parse_reply(http->body, http->headers.get("content-type"), &billed);
  const rate_limits limits = parse_rate_limits(http->headers);
  if (!reply) co_return attempt_outcome{self->reply_error(reply.error()), http->status, false, std::move(billed), limits};
  if (const auto id = http->headers.get("x-request-id"); !id.empty()) reply->request_id = id;
  co_return attempt_outcome{std::move(reply), http->status, false, {}, limits};
}

awaitable<attempt_outcome> openai_client::streamed_attempt(self_ptr self, net::http_request request,
                                                           delta_callback on_delta) {
  const auto executor = co_await asio::this_coro::executor;
  stream_reader reader(std::move(on_delta));
  const auto stream = [&] {
    return self->http_->stream(std::move(request), [&reader](std::string_view bytes) { return reader.feed(bytes); });
  };
  result<net::http_response> http = fail(errc::internal, "not asked");
  if (const auto limit = self->options_.first_token_timeout) {
    http = co_await timeout<net::http_response>(*limit, concat(self->base_.origin(), ": the first token"), stream,
                                                [&reader] { return reader.visible() || reader.decided(); });
  } else {
    http = co_await stream();
  }
  if (!http && !reader.decided()) {
    error e = http.error();
    e.message += partial_output(reader.text());
    co_return attempt_outcome{std::move(e), 0, reader.visible(), reader.billed()};
  }
  if (http && !ok(http->status)) co_return self->refused(*http, time_service::of(executor).source().wall_now());
  auto reply = reader.finish(http ? http->headers.get("content-type") : std::string_view("text/event-stream"));
  const rate_limits limits = http ? parse_rate_limits(http->headers) : rate_limits{};
  if (!reply) co_return attempt_outcome{self->reply_error(reply.error()), 200, reader.visible(), reader.billed(), limits};
  if (const auto id = http ? http->headers.get("x-request-id") : std::string_view(); !id.empty())
    reply->request_id = id;
  co_return attempt_outcome{std::move(reply), 200, reader.visible(), {}, limits};
}

awaitable<result<chat_response>> openai_client::call(self_ptr self, chat_request request, delta_callback on_delta,
                                                     bool streaming) {
  const auto executor = co_await asio::this_coro::executor;
  time_service& clock = time_service::of(executor);
  const time_point started = clock.now();
  const duration limit = request.timeout.value_or(self->options_.timeout);
  retry_schedule retries(self->options_.retry, self->options_.seed + self->calls_.fetch_add(1));
  std::optional<duration> first_token;
  bool with_stream_options = streaming && self->stream_options_;
  auto body = request_body(request, self->format(streaming, with_stream_options));
  if (!body) co_return body.error();
  const auto watched = [&](const chat_delta& delta) {
    if (!first_token) first_token = clock.now() - started;
    if (on_delta) self->pass_on(delta, on_delta);
  };

  const std::string model = request.model.empty() ? self->options_.model : request.model;
  duration waited{};  // for the limiter: not the call's own time
  for (int attempts = 1;; ++attempts) {
    auto entry = co_await self->limits_.enter(model, request, body->size(), attempts > 1, waited);
    if (!entry) co_return self->clean(entry.error());
    const duration left = limit + waited - (clock.now() - started);
    net::http_request http = self->http_request(*body, streaming);
    http.timeout = left;
    http.idle_timeout = streaming ? std::min(self->options_.idle_timeout, left) : left;
    attempt_outcome outcome{fail(errc::internal, "no attempt was made")};
    if (streaming)
      outcome = co_await streamed_attempt(self, std::move(http), watched);
    else
      outcome = co_await attempt(self, std::move(http));

    if (outcome.reply) {
      entry->report(report_of(outcome.status, nullptr, outcome.limits, outcome.reply->usage));
      chat_response& reply = *outcome.reply;
      self->clean(reply);
      reply.http_attempts = attempts;
      reply.elapsed = clock.now() - started;
      reply.time_to_first_token = first_token;
      co_return std::move(outcome.reply);
    }
    error e = self->clean(outcome.reply.error());
    entry->report(report_of(outcome.status, &e, outcome.limits, outcome.billed.usage));
    if (outcome.billed.usage.known() && request.on_failed_usage) {
      outcome.billed.model = self->redact_(std::move(outcome.billed.model));
      outcome.billed.service_tier = self->redact_(std::move(outcome.billed.service_tier));
      request.on_failed_usage(outcome.billed);
    }
    if (with_stream_options && rejects_stream_options(outcome.status, e)) {
      self->stream_options_ = false;
      self->options_.logger.info(source, concat(self->base_.origin(), " rejects stream_options: going on without it"));
      with_stream_options = false;
      body = request_body(request, self->format(streaming, false));
      if (!body) co_return body.error();
      continue;
    }
    if (outcome.visible) co_return e;
    const retry_decision next = retries.after(e, outcome.status, limit + waited - (clock.now() - started));
    if (!next.again) {
      if (!next.reason.empty()) e.message += concat("; ", next.reason);
      co_return e;
    }
    self->options_.logger.info(source, concat("attempt ", attempts, " failed, the next in ", to_text(next.delay), ": ",
                                              one_line(e.message, 300)));
    if (self->options_.on_retry) self->options_.on_retry(attempts, e, next.delay);
    co_await sleep_for(next.delay);
  }
}

}  // namespace

result<std::shared_ptr<chat_model>> make_openai_client(std::shared_ptr<net::http_client> http, openai_options options) {
  auto base = net::parse_url(options.base_url);
  if (!base) return in_place(base.error(), "base_url");
  while (base->path.size() > 1 && base->path.ends_with('/')) base->path.pop_back();
  if (base->path.ends_with("/chat/completions"))
    return fail(errc::invalid_argument, "base_url: must end before /chat/completions");
  if (auto ok = check_header_value("API key", options.api_key.reveal(), '!'); !ok) return ok.error();
  if (!options.key_header.empty() && !net::is_token(options.key_header))
    return fail(errc::invalid_argument, concat("key_header: ", quote(options.key_header), " is no name of a header"));
  if (auto ok = check_header_value("organization", options.organization, ' '); !ok) return ok.error();
  if (auto ok = check_header_value("project", options.project, ' '); !ok) return ok.error();
  if (!options.api_key.empty() && !base->tls() && !base->loopback())
    options.logger.warn(source, concat("the API key travels unencrypted to ", base->origin()));
  return std::make_shared<openai_client>(std::move(http), std::move(options), std::move(*base));
}

}  // namespace corchestra::llm
