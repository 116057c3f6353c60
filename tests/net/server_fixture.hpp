#pragma once

#include <catch2/catch_test_macros.hpp>

#include <corchestra/net/http_server.hpp>

#include "net/raw_server.hpp"
#include "support/gate.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

namespace corchestra::tests {

struct server_fixture {
  explicit server_fixture(net::request_handler handler, net::http_server_options options = {})
      : server(net::http_server::listen(context.get_executor(), std::move(handler), std::move(options)).value()) {}

  // What a client gets for these bytes until the server closes.
  std::string answer_to(std::string bytes) {
    auto talk = [&]() -> awaitable<std::string> {
      const auto peer = co_await raw_connect(context, server.port());
      co_await peer->send(bytes);
      std::string all = co_await peer->rest();
      co_return all;
    };
    return run(context, talk());
  }

  asio::io_context context;
  net::http_server server;
};

inline awaitable<void> send_ok(net::server_request, net::server_reply& reply) {
  const auto sent = co_await reply.send(200, {}, "ok");
  CHECK(sent);
}

inline awaitable<void> echo(net::server_request request, net::server_reply& reply) {
  std::string text =
      concat(request.method, " ", request.path, " ", request.query, " ", request.headers.get("x-a"), " ", request.body);
  co_await reply.send(200, {{"Content-Type", "text/plain"}}, std::move(text));
}

}  // namespace corchestra::tests
