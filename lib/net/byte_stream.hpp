#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <string_view>

#include <corchestra/async/awaitable.hpp>

namespace corchestra::net {

using boost::system::error_code;
using tcp = asio::ip::tcp;

struct io_result {
  error_code ec;
  std::size_t bytes = 0;
};

/// A TCP connection, in clear or under TLS. Operations give an error code (operation_aborted too) and do not throw,
/// except that an operation begun after a cancellation throws as every co_await does.
class byte_stream {
 public:
  explicit byte_stream(tcp::socket socket) : socket_(std::move(socket)) {}
  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;

  tcp::socket& socket() noexcept { return socket_; }
  /// The TLS layer over the socket, made by the first call.
  asio::ssl::stream<tcp::socket&>& start_tls(asio::ssl::context& context);
  bool tls() const noexcept { return tls_ != nullptr; }

  awaitable<error_code> handshake(asio::ssl::stream_base::handshake_type role);
  awaitable<io_result> read_some(asio::mutable_buffer into);
  /// In clear: what is there now. Error: `would_block`, `eof` and others.
  io_result receive(asio::mutable_buffer into) noexcept;
  /// Writes both, one after the other; the caller keeps them alive.
  awaitable<error_code> write(std::string_view head, std::string_view body);
  /// As many bytes of both as the system takes without waiting: none under TLS, or after an error, which `write` will
  /// meet.
  std::size_t write_now(std::string_view head, std::string_view body) noexcept;

  void close() noexcept;
  /// Closes with a reset instead of an orderly end.
  void reset() noexcept;
  /// The peer has closed its side or is gone; unread bytes before that do not matter.
  bool peer_closed() noexcept;
  /// An idle connection that cannot carry another exchange: closed by the peer, or bytes came unasked for.
  bool stale() noexcept;

 private:
  tcp::socket socket_;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls_;
};

/// Reads what is there to the end of `buffer`, growing it only when its capacity is used up.
awaitable<io_result> read_more(byte_stream& stream, boost::beast::flat_buffer& buffer);

/// What `read_more` wants free before it grows a buffer, and what connections reserve.
inline constexpr std::size_t read_chunk = 4096;

}  // namespace corchestra::net
