#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "net/cancellation.hpp"
#include "net/connector.hpp"
#include "net/proxy_tunnel.hpp"
#include "net/tls_context.hpp"

namespace corchestra::net {

namespace {

awaitable<result<tcp::socket>> connect_socket(any_io_executor executor, tcp::endpoint peer) {
  tcp::socket socket(executor);
  error_code ec;
  co_await socket.async_connect(peer, asio::redirect_error(asio::use_awaitable, ec));
  co_await throw_if_cancelled();
  if (ec) co_return fail(errc::connect_failed, ec.message());
  socket.set_option(tcp::no_delay(true), ec);
  co_return std::move(socket);
}

}  // namespace

connector::connector(any_io_executor executor, const http_client_options& options, std::shared_ptr<name_resolver> names)
    : executor_(executor),
      names_(names ? std::move(names) : std::make_shared<name_resolver>(executor)),
      addresses_([executor](tcp::endpoint peer) { return connect_socket(executor, peer); }),
      sessions_(std::make_shared<tls_sessions>()),
      turns_(std::max<std::size_t>(options.max_concurrent_handshakes, 1)),
      connect_timeout_(options.connect_timeout),
      ca_file_(options.ca_file),
      verify_peer_(options.verify_peer),
      max_header_bytes_(options.max_header_bytes) {}

result<std::unique_ptr<connector>> connector::make(any_io_executor executor, const http_client_options& options,
                                                   std::shared_ptr<name_resolver> names) {
  std::unique_ptr<connector> c(new connector(std::move(executor), options, std::move(names)));
  if (!options.ca_file.empty()) {
    const auto checked = c->tls();
    if (!checked) return checked.error();
  }
  return c;
}

result<std::shared_ptr<asio::ssl::context>> connector::tls() {
  std::lock_guard lock(mutex_);
  if (!tls_) {
    auto made = make_client_tls(ca_file_, verify_peer_);
    if (!made) return made.error();
    tls_ = *made;
  }
  return tls_;
}

awaitable<result<std::unique_ptr<connection>>> connector::connect(const url& target, deadline& limits,
                                                                  const proxy_server* via) {
  const std::string origin = target.origin();
  const auto turn = co_await acquire_within(turns_, limits, "waiting for a turn to connect");
  if (!turn) co_return in_place(turn.error(), origin);
  limits.arm(deadline::connect, connect_timeout_);
  auto c = co_await open(via ? via->at : target, limits);
  if (!c && via) c = in_place(c.error(), concat("the proxy ", via->at.origin()));
  if (c && via && target.tls()) {
    const auto through = co_await open_tunnel(**c, target, *via, max_header_bytes_, limits);
    if (!through) c = through.error();
  }
  if (c && target.tls()) {
    const auto secured = co_await secure(**c, target, limits);
    if (!secured) c = secured.error();
  }
  const bool in_total = limits.remaining(deadline::total) > duration::zero();
  limits.disarm(deadline::connect);
  if (!c) {
    error e = in_place(c.error(), origin);
    // A peer that does not answer was never reached: only the total limit is a time-out of the request.
    if (e.is(errc::timeout) && in_total) e.code = make_error_code(errc::connect_failed);
    co_return e;
  }
  co_return c;
}

awaitable<result<std::unique_ptr<connection>>> connector::open(const url& peer, deadline& limits) {
  const auto found = co_await names_->lookup(peer.host, limits);
  if (!found) co_return found.error();
  auto socket = co_await addresses_.connect(peer.host, *found, peer.port, limits);
  if (!socket) {
    names_->forget(peer.host);
    co_return socket.error();
  }
  co_return std::make_unique<connection>(std::move(*socket), time_service::of(executor_).now());
}

awaitable<result<void>> connector::secure(connection& c, const url& target, deadline& limits) {
  const auto context = tls();
  if (!context) co_return context.error();
  auto& stream = c.stream.start_tls(**context);
  if (verify_peer_) expect_host(stream.native_handle(), target.host);
  sessions_->prepare(stream.native_handle(), target.origin(), time_service::of(executor_).now());
  const deadline::guard guard(limits, c.stream);
  const error_code ec = co_await c.stream.handshake(asio::ssl::stream_base::client);
  co_await throw_if_cancelled();
  if (limits.expired()) co_return fail(errc::timeout, limits.describe());
  if (ec)
    co_return fail(errc::tls_failed, describe_tls_failure(stream.native_handle(), target.host, ec),
                   handshake_was_cut(ec) ? retry_class::transient : retry_class::unspecified);
  co_return result<void>();
}

}  // namespace corchestra::net
