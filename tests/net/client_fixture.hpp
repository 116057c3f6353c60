#pragma once

#include <corchestra/net/http_client.hpp>

#include "net/raw_server.hpp"
#include "support/gate.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

namespace corchestra::tests {

inline const std::string ok_reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

inline net::http_request get(const raw_server& server, std::string_view path = "/") {
  net::http_request r;
  r.target = url_at(server.base_url(), path);
  return r;
}

inline std::shared_ptr<net::http_client> client_of(asio::io_context& context, net::http_client_options options = {}) {
  return net::make_http_client(context.get_executor(), std::move(options)).value();
}

// Answers every request of every connection alike.
inline raw_server::script always(std::string reply) {
  return [reply](raw_peer& peer, int) -> awaitable<void> {
    for (;;) {
      const std::string request = co_await peer.message();
      if (request.empty()) co_return;
      co_await peer.send(reply);
    }
  };
}

// Answers the first request with these bytes and closes.
inline raw_server::script once(std::string reply) {
  return [reply](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    co_await peer.send(reply);
  };
}

}  // namespace corchestra::tests
