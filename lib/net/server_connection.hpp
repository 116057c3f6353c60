#pragma once

#include <corchestra/net/http_server.hpp>

#include "net/byte_stream.hpp"

namespace corchestra::net {

/// What all connections of a server share.
struct server_context {
  request_handler handler;
  http_server_options options;
  std::shared_ptr<asio::ssl::context> tls;  ///< null: in clear
};

/// Serves one client until either side closes. Cancelling it closes the connection.
awaitable<void> serve_connection(std::shared_ptr<const server_context> server, tcp::socket socket);

}  // namespace corchestra::net
