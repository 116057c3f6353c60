#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "net/cancellation.hpp"
#include "net/connection_pool.hpp"
#include "net/connector.hpp"
#include "net/deadline.hpp"
#include "net/head_cache.hpp"
#include "net/message_text.hpp"
#include "net/proxy_tunnel.hpp"
#include "net/reply_reader.hpp"

namespace corchestra::net {

namespace {

class pooled_client final : public http_client, public std::enable_shared_from_this<pooled_client> {
 public:
  pooled_client(std::unique_ptr<connector> c, http_client_options options)
      : options_(std::move(options)), pool_(options_), connector_(std::move(c)) {}

  awaitable<result<http_response>> send(http_request request) override {
    return run(shared_from_this(), std::move(request), nullptr);
  }
  awaitable<result<http_response>> stream(http_request request, body_sink sink) override {
    return run(shared_from_this(), std::move(request), std::move(sink));
  }

 private:
  static awaitable<result<http_response>> run(std::shared_ptr<pooled_client> self, http_request request,
                                              body_sink sink) {
    const proxy_server* via = self->options_.proxy.of(request.target);
    const bool tunnel = request.target.tls();
    const auto head = self->heads_.of(
        request, [&] { return request_head(request, self->options_.user_agent, tunnel ? nullptr : via); });
    if (!head) co_return head.error();
    const any_io_executor executor = co_await asio::this_coro::executor;
    const std::string origin = request.target.origin();
    const std::string place = via ? concat(origin, " via ", via->at.origin()) : origin;
    time_service& clock = time_service::of(executor);
    deadline limits(executor);
    limits.arm(deadline::total, request.timeout);
    semaphore permits = self->pool_.permits(place);
    result<semaphore::permit> permit = permits.try_acquire();
    if (!*permit) permit = co_await acquire_within(permits, limits, "waiting for a free connection");
    if (!permit) co_return in_place(permit.error(), origin);

    const time_hold hold(executor);
    reply_outcome outcome{http_response{}};
    auto c = self->pool_.take(place, clock.now());
    if (c) {
      outcome = co_await exchange(self, *c, *head, request, &sink, limits, true);
      if (outcome.untouched) {
        self->options_.logger.debug("net", concat(origin, ": a pooled connection was dead, replaced by a fresh one"));
        c.reset();
      }
    }
    if (!c) {
      auto fresh = co_await self->connector_->connect(request.target, limits, via);
      if (!fresh) co_return fresh.error();
      c = std::move(*fresh);
      outcome = co_await exchange(self, *c, *head, request, &sink, limits, false);
    }
    if (!outcome.response) co_return in_place(outcome.response.error(), origin);
    if (outcome.reusable) {
      self->pool_.give_back(place, std::move(c), clock.now(), outcome.keep_alive);
    }
    if (via && !tunnel && outcome.response->status == 407) co_return in_place(refused_by_proxy(*via, 407), origin);
    co_return std::move(outcome.response);
  }

  // The references are to what `run` owns. What is not to be sent again is let go of.
  static awaitable<reply_outcome> exchange(std::shared_ptr<pooled_client> self, connection& c, const std::string& head,
                                           http_request& request, const body_sink* sink, deadline& limits,
                                           bool replayed_when_lost) {
    const deadline::guard guard(limits, c.stream);
    error_code unsent;
    const std::size_t sent = c.stream.write_now(head, request.body);
    if (sent < head.size() + request.body.size()) {
      const std::size_t of_head = std::min(sent, head.size());
      unsent = co_await c.stream.write(std::string_view(head).substr(of_head),
                                       std::string_view(request.body).substr(sent - of_head));
      co_await throw_if_cancelled();
    }
    if (!replayed_when_lost) request.body = std::string();
    reply_outcome outcome{http_response{}};
    if (limits.expired()) {
      outcome.response = fail(errc::timeout, limits.describe());
      co_return outcome;
    }
    // A server may refuse a request before it has read all of it: its reply counts although sending failed.
    limits.arm(deadline::idle, request.idle_timeout);
    const reply_options options{request.method == "HEAD", *sink ? sink : nullptr, self->options_.max_header_bytes,
                                self->options_.max_body_bytes};
    outcome = co_await read_reply(c, options, limits);
    limits.disarm(deadline::idle);
    if (unsent) outcome.reusable = false;
    co_return outcome;
  }

  const http_client_options options_;
  head_cache heads_;
  connection_pool pool_;
  std::unique_ptr<connector> connector_;
};

}  // namespace

result<std::shared_ptr<http_client>> make_http_client(any_io_executor executor, http_client_options options) {
  if (!options.verify_peer) options.logger.warn("net", "TLS certificates are not verified: for tests only");
  auto made = connector::make(std::move(executor), options);
  if (!made) return made.error();
  return std::make_shared<pooled_client>(std::move(*made), std::move(options));
}

}  // namespace corchestra::net
