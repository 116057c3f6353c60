#pragma once

#include <memory>
#include <string>
#include <vector>

#include <corchestra/net/http_client.hpp>

#include "net/raw_server.hpp"

namespace corchestra::tests {

inline net::proxy_settings proxied(std::uint16_t port, std::string credentials = {}) {
  net::proxy_server proxy;
  proxy.at = url_at(concat("http://127.0.0.1:", port));
  proxy.credentials = secret(std::move(credentials));
  return {.http = proxy, .https = proxy, .bypass = {}, .loopback = true};
}

/// A proxy that leads every CONNECT to one port of 127.0.0.1, whatever target it names, and remembers what it was
/// asked.
class tunnelling_proxy {
 public:
  tunnelling_proxy(asio::io_context& context, std::uint16_t to)
      : server_(context, [this, &context, to](raw_peer& peer, int) -> awaitable<void> {
          asked.push_back(co_await peer.read_until("\r\n\r\n"));
          auto far = co_await raw_connect(context, to);
          co_await peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
          scope ways(context.get_executor());
          ways.spawn([&peer, far] { return pump(peer.socket(), far->socket()); });
          ways.spawn([&peer, far] { return pump(far->socket(), peer.socket()); });
          co_await ways.join();
        }) {}

  std::vector<std::string> asked;
  std::uint16_t port() const { return server_.port(); }
  int accepted() const { return server_.accepted(); }

 private:
  static awaitable<void> pump(asio::ip::tcp::socket& from, asio::ip::tcp::socket& to) {
    char bytes[4096];
    boost::system::error_code ec, unsent;
    while (!ec && !unsent) {
      const std::size_t n =
          co_await from.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
      co_await asio::async_write(to, asio::buffer(bytes, n), asio::redirect_error(asio::use_awaitable, unsent));
    }
    boost::system::error_code ignored;
    to.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    from.shutdown(asio::ip::tcp::socket::shutdown_receive, ignored);
  }

  raw_server server_;
};

}  // namespace corchestra::tests
