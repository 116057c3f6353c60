#include <algorithm>
#include <atomic>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/semaphore.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/net/http_server.hpp>

#include "net/cancellation.hpp"
#include "net/server_connection.hpp"
#include "net/tls_context.hpp"

namespace corchestra::net {

struct http_server::impl : std::enable_shared_from_this<impl> {
  impl(const any_io_executor& executor, server_context c)
      : strand(asio::make_strand(executor)),
        context(std::make_shared<const server_context>(std::move(c))),
        acceptor(strand),
        connections(strand),
        places(std::max<std::size_t>(context->options.max_connections, 1)) {}

  result<void> bind() {
    const auto& options = context->options;
    error_code ec;
    const auto address = asio::ip::make_address(options.address, ec);
    const tcp::endpoint at(address, options.port);
    if (!ec) acceptor.open(at.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor.bind(at, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) port = acceptor.local_endpoint(ec).port();
    if (ec) {
      return fail(errc::connect_failed,
                  concat("cannot listen on ", options.address, " port ", options.port, ": ", ec.message()));
    }
    return {};
  }

  void start() {
    asio::post(strand, [self = shared_from_this()] { self->connections.spawn([self] { return accept(self); }); });
  }

  static awaitable<void> accept(std::shared_ptr<impl> self) {
    for (;;) {
      auto place = co_await self->places.acquire();
      error_code ec;
      tcp::socket socket =
          co_await self->acceptor.async_accept(self->strand, asio::redirect_error(asio::use_awaitable, ec));
      co_await throw_if_cancelled();
      if (!self->acceptor.is_open()) co_return;
      if (ec) {
        self->context->options.logger.warn("net", concat("cannot accept a connection: ", ec.message()));
        co_await sleep_for(std::chrono::milliseconds(50));  // out of descriptors: some will come free
        continue;
      }
      socket.set_option(tcp::no_delay(true), ec);
      auto held = std::make_shared<std::pair<tcp::socket, semaphore::permit>>(std::move(socket), std::move(*place));
      ++self->open;
      self->connections.spawn([self, held] { return serve(self, held); });
    }
  }

  static awaitable<void> serve(std::shared_ptr<impl> self,
                               std::shared_ptr<std::pair<tcp::socket, semaphore::permit>> held) {
    struct leave {
      impl& server;
      ~leave() { --server.open; }
    } const leaving{*self};
    try {
      co_await serve_connection(self->context, std::move(held->first));
    } catch (const std::exception&) {
      // A cancellation, or a connection that failed: the others go on.
    }
  }

  void close() {
    error_code ignored;
    acceptor.close(ignored);
    connections.cancel();
  }

  static awaitable<void> stop(std::shared_ptr<impl> self) {
    const auto alone = co_await self->stopping.acquire();
    self->close();
    co_await self->connections.join();
  }

  const any_io_executor strand;
  const std::shared_ptr<const server_context> context;
  tcp::acceptor acceptor;
  scope connections;
  semaphore places;
  semaphore stopping{1};
  std::uint16_t port = 0;
  std::atomic<std::size_t> open{0};
};

result<http_server> http_server::listen(any_io_executor executor, request_handler handler,
                                        http_server_options options) {
  server_context context{std::move(handler), std::move(options), nullptr};
  const auto& o = context.options;
  if (o.certificate_file.empty() != o.private_key_file.empty()) {
    return fail(errc::invalid_argument, "TLS needs both certificate_file and private_key_file");
  }
  if (!o.certificate_file.empty()) {
    auto tls = make_server_tls(o.certificate_file, o.private_key_file);
    if (!tls) return tls.error();
    context.tls = *tls;
  }
  auto p = std::make_shared<impl>(executor, std::move(context));
  const auto bound = p->bind();
  if (!bound) return bound.error();
  p->start();
  return http_server(std::move(p));
}

http_server::http_server(std::shared_ptr<impl> p) : impl_(std::move(p)) {}
http_server::http_server(http_server&&) noexcept = default;

http_server& http_server::operator=(http_server&& o) noexcept {
  std::swap(impl_, o.impl_);
  return *this;
}

http_server::~http_server() {
  if (impl_) asio::post(impl_->strand, [p = impl_] { p->close(); });
}

std::uint16_t http_server::port() const noexcept { return impl_->port; }
std::size_t http_server::open_connections() const noexcept { return impl_->open; }

std::string http_server::base_url() const {
  const auto& options = impl_->context->options;
  const bool v6 = options.address.find(':') != std::string::npos;
  return concat(impl_->context->tls ? "https://" : "http://", v6 ? concat('[', options.address, ']') : options.address,
                ':', impl_->port);
}

awaitable<void> http_server::stop() {
  // The caller's cancellation must not reach a stop under way: it goes through a plain completion.
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [](auto handler, std::shared_ptr<impl> p) {
        auto work = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
        asio::co_spawn(p->strand, impl::stop(p),
                       [h = std::move(handler), work](std::exception_ptr) mutable { asio::post(work, std::move(h)); });
      },
      asio::use_awaitable, impl_);
}

}  // namespace corchestra::net
