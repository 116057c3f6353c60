#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "net/deadline.hpp"
#include "net/name_resolver.hpp"

namespace corchestra::net {

/// Connects to the first address of a host that answers (RFC 8305): the families take turns, the next address is tried
/// when one has failed or has not answered for `stagger`, and the first connection ends the other tries. The family
/// that won goes first next time. Thread-safe.
class happy_eyeballs {
 public:
  static constexpr duration stagger = std::chrono::milliseconds(250);

  /// One try. Its error says why in a few words; it is cancelled when it is no longer wanted.
  using attempt = std::function<awaitable<result<asio::ip::tcp::socket>>(asio::ip::tcp::endpoint peer)>;

  explicit happy_eyeballs(attempt a) : attempt_(std::move(a)) {}

  /// `found` is not empty. All tries have ended when this does. Errors, which name every address tried:
  /// `connect_failed`, `timeout`.
  awaitable<result<asio::ip::tcp::socket>> connect(std::string host, addresses found, std::uint16_t port,
                                                   deadline& limits);

 private:
  struct chase;
  addresses in_order(const std::string& host, const addresses& found);
  void remember(const std::string& host, bool v6);

  const attempt attempt_;
  std::mutex mutex_;
  std::map<std::string, bool> v6_won_;
};

}  // namespace corchestra::net
