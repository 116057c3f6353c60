#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <corchestra/async/semaphore.hpp>
#include <corchestra/net/http_client.hpp>

#include "net/connection.hpp"

namespace corchestra::net {

/// Idle connections by origin, the last one used first. An exchange holds one permit of its origin and takes an idle
/// connection before it opens another, so open connections never exceed the permits. Outdated connections are closed
/// when their origin is used next. Thread-safe.
class connection_pool {
 public:
  explicit connection_pool(const http_client_options& options);

  semaphore permits(const std::string& origin);
  /// An idle connection that looks alive, or none.
  std::unique_ptr<connection> take(const std::string& origin, time_point now);
  /// After a complete exchange. `keep_alive` is how long the peer says it keeps the connection.
  void give_back(const std::string& origin, std::unique_ptr<connection> c, time_point now, duration keep_alive);

  std::size_t idle(const std::string& origin);

 private:
  struct place {
    explicit place(std::size_t permits_each) : permits(permits_each) {}
    semaphore permits;
    std::deque<std::unique_ptr<connection>> idle;  // the longest idle first
  };
  place& at(const std::string& origin);

  const std::size_t max_connections_;
  const std::size_t max_idle_;
  const duration idle_timeout_;
  const duration max_age_;
  std::mutex mutex_;
  std::unordered_map<std::string, place> places_;
};

}  // namespace corchestra::net
