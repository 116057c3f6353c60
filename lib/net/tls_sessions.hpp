#pragma once

#include <openssl/ssl.h>

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include <corchestra/base/time.hpp>

namespace corchestra::net {

/// Sessions that servers gave to a client, to resume: a few of each origin, the latest first, each used once (a TLS 1.3
/// ticket used twice links connections). Resuming skips the check of the certificate: so sessions never cross origins,
/// nor clients, whose trust may differ, and go back to a check less than `max_age` ago. Thread-safe.
class tls_sessions : public std::enable_shared_from_this<tls_sessions> {
 public:
  static constexpr std::size_t max_each = 4;
  static constexpr std::size_t max_origins = 64;
  static constexpr duration max_age = std::chrono::hours(1);

  /// Lets the connections of a client's context report their sessions.
  static void enable(SSL_CTX* context);

  /// Before a handshake: offers the server a session of `origin`, if there is one, and keeps those that it gives.
  void prepare(SSL* connection, std::string origin, time_point now);

  std::size_t kept(const std::string& origin);

 private:
  struct free_session {
    void operator()(SSL_SESSION* s) const { SSL_SESSION_free(s); }
  };
  struct session {
    std::unique_ptr<SSL_SESSION, free_session> handle;
    time_point checked;  // when the certificate was
  };
  struct place {
    std::string origin;
    std::deque<session> sessions;  // the oldest first
  };
  struct owner;

  static int owner_index();
  static int take_over(SSL* connection, SSL_SESSION* given);
  std::list<place>::iterator find(const std::string& origin);
  void keep(const std::string& origin, session s);
  session take(const std::string& origin, time_point now);

  std::mutex mutex_;
  std::list<place> places_;  // the last used first
};

}  // namespace corchestra::net
