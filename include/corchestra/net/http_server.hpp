#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/net/http.hpp>

namespace corchestra::net {

/// A request as the server received it.
struct server_request {
  std::string method;
  std::string path;   ///< percent-decoded, without query
  std::string query;  ///< raw, without `?`
  http_headers headers;
  std::string body;
  std::string query_value(std::string_view key) const;  ///< decoded; empty when absent
};

/// The reply to one request: either `send`, or `start`, `write`..., `finish`. Errors: `connection_lost` when the client is gone.
class server_reply {
 public:
  virtual ~server_reply() = default;
  virtual awaitable<result<void>> send(int status, http_headers headers, std::string body) = 0;
  virtual awaitable<result<void>> start(int status, http_headers headers) = 0;  ///< chunked from here on
  virtual awaitable<result<void>> write(std::string chunk) = 0;
  virtual awaitable<result<void>> finish() = 0;
  /// Writes raw bytes without any framing: for tests that misbehave on purpose.
  virtual awaitable<result<void>> write_raw(std::string bytes) = 0;
  /// Drops the connection with a reset.
  virtual void reset() = 0;
};

/// Handles one request; cancelled (operation_aborted) when the client closes the connection or the server stops. What it throws
/// becomes a 500 if nothing was sent yet.
using request_handler = std::function<awaitable<void>(server_request, server_reply&)>;

struct http_server_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one
  std::size_t max_connections = 20'000;
  std::size_t max_body_bytes = 16u << 20;
  duration idle_timeout = std::chrono::seconds(75);
  std::string certificate_file, private_key_file;  ///< PEM; both given: TLS
  corchestra::logger logger;
};

/// A small HTTP/1.1 server with keep-alive for tests, the simulated model and examples. Each connection is a coroutine of
/// a scope on one strand of `executor`; the handle stops the server when it is destroyed.
class http_server {
 public:
  /// Error: `connect_failed` when the address cannot be bound.
  static result<http_server> listen(any_io_executor executor, request_handler handler, http_server_options options = {});
  http_server(http_server&&) noexcept;
  http_server& operator=(http_server&&) noexcept;
  ~http_server();

  std::uint16_t port() const noexcept;
  std::string base_url() const;  ///< `http://127.0.0.1:PORT`
  std::size_t open_connections() const noexcept;
  /// Closes the listener and every connection; returns when their coroutines have ended.
  awaitable<void> stop();

 private:
  struct impl;
  explicit http_server(std::shared_ptr<impl> p);
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra::net
