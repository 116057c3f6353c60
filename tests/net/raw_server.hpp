#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <functional>
#include <memory>
#include <string>

#include <corchestra/async/scope.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/net/url.hpp>

namespace corchestra::tests {

/// One end of a TCP connection that speaks in plain bytes, for peers that misbehave on purpose.
class raw_peer {
 public:
  explicit raw_peer(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  asio::ip::tcp::socket& socket() { return socket_; }

  awaitable<void> send(std::string text) {
    boost::system::error_code ignored;
    co_await asio::async_write(socket_, asio::buffer(text), asio::redirect_error(asio::use_awaitable, ignored));
  }

  /// Up to and including `mark`; less when the connection ends before.
  awaitable<std::string> read_until(std::string mark) {
    while (unread_.find(mark) == unread_.npos) {
      const bool more = co_await read_some();
      if (!more) co_return std::exchange(unread_, {});
    }
    co_return take(unread_.find(mark) + mark.size());
  }

  /// Exactly `count` bytes; less when the connection ends before.
  awaitable<std::string> read(std::size_t count) {
    while (unread_.size() < count) {
      const bool more = co_await read_some();
      if (!more) break;
    }
    co_return take(std::min(count, unread_.size()));
  }

  /// One request or reply with a Content-Length (or none): its head and body. Empty when the connection has ended.
  awaitable<std::string> message() {
    std::string head = co_await read_until("\r\n\r\n");
    const std::string lower = to_lower(head);
    std::size_t length = 0;
    if (const auto at = lower.find("content-length: "); at != lower.npos) {
      std::from_chars(lower.data() + at + 16, lower.data() + lower.size(), length);
    }
    std::string body = co_await read(length);
    co_return head + body;
  }

  /// Reads and drops everything to the end, and tells how it ended: success for an orderly close.
  awaitable<boost::system::error_code> end() {
    for (;;) {
      const bool more = co_await read_some();
      if (!more) break;
    }
    co_return ended_ == asio::error::eof ? boost::system::error_code() : ended_;
  }

  /// Everything until the connection ends.
  awaitable<std::string> rest() {
    for (;;) {
      const bool more = co_await read_some();
      if (!more) co_return std::exchange(unread_, {});
    }
  }

  void close() { socket_.close(); }
  void reset() {
    socket_.set_option(asio::socket_base::linger(true, 0));
    socket_.close();
  }

 private:
  awaitable<bool> read_some() {
    char chunk[4096];
    const std::size_t n =
        co_await socket_.async_read_some(asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, ended_));
    unread_.append(chunk, n);
    co_return !ended_;
  }
  std::string take(std::size_t n) {
    std::string out = unread_.substr(0, n);
    unread_.erase(0, n);
    return out;
  }

  asio::ip::tcp::socket socket_;
  std::string unread_;
  boost::system::error_code ended_;
};

/// Accepts connections on a free port of 127.0.0.1 and runs `script` for each; `number` counts them from 1. A script's
/// end closes its connection.
class raw_server {
 public:
  using script = std::function<awaitable<void>(raw_peer& peer, int number)>;

  raw_server(asio::io_context& context, script s)
      : state_(std::make_shared<state>(context, std::move(s))), peers_(context.get_executor()) {
    peers_.spawn([s = state_, &peers = peers_] { return accept(s, peers); });
  }
  raw_server(const raw_server&) = delete;
  raw_server& operator=(const raw_server&) = delete;
  ~raw_server() {
    state_->acceptor.close();
    peers_.cancel();
    state_->context.restart();
    while (peers_.size() > 0 && state_->context.run_one() > 0) {
    }
  }

  std::string base_url() const { return concat("http://127.0.0.1:", state_->acceptor.local_endpoint().port()); }
  std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
  int accepted() const { return state_->accepted; }
  std::size_t open() const { return peers_.size() - 1; }

 private:
  struct state {
    state(asio::io_context& c, script s)
        : context(c), acceptor(c, {asio::ip::address_v4::loopback(), 0}), talk(std::move(s)) {}
    asio::io_context& context;
    asio::ip::tcp::acceptor acceptor;
    script talk;
    int accepted = 0;
  };

  static awaitable<void> accept(std::shared_ptr<state> s, scope& peers) {
    for (;;) {
      boost::system::error_code ec;
      auto socket = co_await s->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return;
      auto peer = std::make_shared<raw_peer>(std::move(socket));
      peers.spawn([s, peer, number = ++s->accepted] { return serve(s, peer, number); });
    }
  }
  static awaitable<void> serve(std::shared_ptr<state> s, std::shared_ptr<raw_peer> peer, int number) {
    co_await s->talk(*peer, number);
  }

  std::shared_ptr<state> state_;
  scope peers_;
};

/// A client's end, connected to a port of 127.0.0.1.
inline awaitable<std::shared_ptr<raw_peer>> raw_connect(asio::io_context& context, std::uint16_t port) {
  asio::ip::tcp::socket socket(context);
  co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  co_return std::make_shared<raw_peer>(std::move(socket));
}

inline net::url url_at(const std::string& base, std::string_view path = "/") {
  return net::parse_url(base + std::string(path)).value();
}

}  // namespace corchestra::tests
