#pragma once

#include <memory>
#include <mutex>

#include <corchestra/async/semaphore.hpp>
#include <corchestra/net/http_client.hpp>

#include "net/connection.hpp"
#include "net/deadline.hpp"
#include "net/happy_eyeballs.hpp"
#include "net/name_resolver.hpp"
#include "net/tls_sessions.hpp"

namespace corchestra::net {

/// Opens connections: name lookup, TCP to the first address that answers, TLS with the session of an earlier
/// connection; a bounded number at a time. Thread-safe.
class connector {
 public:
  /// `names` is the system's when it is null. Error: `invalid_argument` for a bad `ca_file`.
  static result<std::unique_ptr<connector>> make(any_io_executor executor, const http_client_options& options,
                                                 std::shared_ptr<name_resolver> names = nullptr);

  /// `target` and `via` outlive the call. The connect limit begins when it is this connection's turn. Errors:
  /// `resolve_failed`, `connect_failed`, `tls_failed`, `timeout`; their messages name the origin. `via` is the proxy to go
  /// through; null: none.
  awaitable<result<std::unique_ptr<connection>>> connect(const url& target, deadline& limits,
                                                         const proxy_server* via = nullptr);

 private:
  connector(any_io_executor executor, const http_client_options& options, std::shared_ptr<name_resolver> names);
  awaitable<result<std::unique_ptr<connection>>> open(const url& peer, deadline& limits);
  awaitable<result<void>> secure(connection& c, const url& target, deadline& limits);
  result<std::shared_ptr<asio::ssl::context>> tls();

  any_io_executor executor_;
  const std::shared_ptr<name_resolver> names_;
  happy_eyeballs addresses_;
  const std::shared_ptr<tls_sessions> sessions_;
  semaphore turns_;
  const duration connect_timeout_;
  const std::string ca_file_;
  const bool verify_peer_;
  const std::size_t max_header_bytes_;
  std::mutex mutex_;
  std::shared_ptr<asio::ssl::context>
      tls_;  // made at the first https request: reading the system's store takes a while
};

}  // namespace corchestra::net
