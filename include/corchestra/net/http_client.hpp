#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/base/version.hpp>
#include <corchestra/net/http.hpp>
#include <corchestra/net/proxy_settings.hpp>
#include <corchestra/net/url.hpp>

namespace corchestra::net {

struct http_request {
  std::string method = "GET";
  url target;
  http_headers headers;  ///< Host, Content-Length and Connection are the client's
  std::string body;
  duration timeout = std::chrono::seconds(600);  ///< from sending to the last byte, waiting for a connection included
  duration idle_timeout = std::chrono::seconds(600);  ///< longest silence while receiving
};

/// Receives a successful (2xx) reply's body piece by piece as it arrives. An error from it ends the request with that
/// error.
using body_sink = std::function<result<void>(std::string_view chunk)>;

/// A seam: HTTP requests without retries. An HTTP error status is a response, not an error. Errors: `resolve_failed`,
/// `connect_failed`, `tls_failed`, `connection_lost`, `protocol_error`, `too_large`, `timeout`. Cancelling the awaiting
/// coroutine closes the socket at once (operation_aborted is thrown). Thread-safe.
class http_client {
 public:
  virtual ~http_client() = default;
  virtual awaitable<result<http_response>> send(http_request request) = 0;
  /// As `send`, but the body of a 2xx reply goes to `sink` (on the caller's executor).
  virtual awaitable<result<http_response>> stream(http_request request, body_sink sink) = 0;
};

struct http_client_options {
  std::size_t max_connections_per_origin = 10'000;  ///< further requests wait, first come first served
  std::size_t max_idle_per_origin = 1'000;
  std::size_t max_concurrent_handshakes = 64;
  /// Below uvicorn's 5 s: a pooled connection is dropped before its peer does.
  duration idle_timeout = std::chrono::seconds(4);
  duration max_connection_age = std::chrono::minutes(10);
  duration connect_timeout =
      std::chrono::seconds(5);  ///< name lookup, connect, proxy and TLS handshake; beyond it: `connect_failed`
  std::size_t max_header_bytes = 64u << 10;
  std::size_t max_body_bytes = 64u << 20;  ///< of one reply, streamed or not
  /// PEM bundle instead of the system's store; SSL_CERT_FILE and SSL_CERT_DIR are honoured without it.
  std::string ca_file;
  bool verify_peer = true;  ///< false only for tests, and logged as a warning
  std::string user_agent = "corchestra/" + std::string(version);
  proxy_settings proxy;  ///< none by default: the client reads no environment
  corchestra::logger logger;
};

/// HTTP/1.1 on Beast, keep-alive pool with last-in-first-out reuse, TLS 1.2+ with verification, SNI and resumed
/// sessions. A pooled connection that turns out dead before any byte of the reply came back is replaced once by a fresh
/// one. The addresses of a host are tried a quarter of a second apart, the first to answer wins. Connections live on
/// `executor`'s context; idle ones that are out of date are closed when their origin is used next. Error:
/// `invalid_argument` for a bad `ca_file`.
result<std::shared_ptr<http_client>> make_http_client(any_io_executor executor, http_client_options options = {});

}  // namespace corchestra::net
