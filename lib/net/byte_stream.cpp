#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

#include "net/byte_stream.hpp"

namespace corchestra::net {

namespace {
// Up to here one TLS record costs less than the copy.
constexpr std::size_t joined_write = 16u << 10;
}  // namespace

asio::ssl::stream<tcp::socket&>& byte_stream::start_tls(asio::ssl::context& context) {
  if (!tls_) tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, context);
  return *tls_;
}

awaitable<error_code> byte_stream::handshake(asio::ssl::stream_base::handshake_type role) {
  error_code ec;
  co_await tls_->async_handshake(role, asio::redirect_error(asio::use_awaitable, ec));
  co_return ec;
}

awaitable<io_result> byte_stream::read_some(asio::mutable_buffer into) {
  io_result r;
  if (tls_) {
    r.bytes = co_await tls_->async_read_some(into, asio::redirect_error(asio::use_awaitable, r.ec));
  } else {
    r.bytes = co_await socket_.async_read_some(into, asio::redirect_error(asio::use_awaitable, r.ec));
  }
  co_return r;
}

io_result byte_stream::receive(asio::mutable_buffer into) noexcept {
  ssize_t n = 0;
  do n = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n > 0) return {{}, static_cast<std::size_t>(n)};
  if (n == 0) return {asio::error::eof, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {asio::error::would_block, 0};
  return {error_code(errno, boost::system::system_category()), 0};
}

std::size_t byte_stream::write_now(std::string_view head, std::string_view body) noexcept {
  if (tls_) return 0;
  std::array<iovec, 2> parts{iovec{const_cast<char*>(head.data()), head.size()},
                             iovec{const_cast<char*>(body.data()), body.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const ssize_t n = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

awaitable<error_code> byte_stream::write(std::string_view head, std::string_view body) {
  error_code ec;
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(body)};
  if (!tls_) {
    co_await asio::async_write(socket_, parts, asio::redirect_error(asio::use_awaitable, ec));
  } else if (!body.empty() && head.size() + body.size() <= joined_write) {
    std::string joined;
    joined.reserve(head.size() + body.size());
    joined.append(head).append(body);
    co_await asio::async_write(*tls_, asio::buffer(joined), asio::redirect_error(asio::use_awaitable, ec));
  } else {
    co_await asio::async_write(*tls_, parts, asio::redirect_error(asio::use_awaitable, ec));
  }
  co_return ec;
}

void byte_stream::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

void byte_stream::reset() noexcept {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

bool byte_stream::peer_closed() noexcept {
  if (!socket_.is_open()) return true;
  pollfd p{socket_.native_handle(), POLLIN | POLLRDHUP, 0};
  return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

bool byte_stream::stale() noexcept {
  char byte = 0;
  if (tls_) {  // its layer may hold what came with the last reply, and session tickets may lie unread in the socket
    if (peer_closed()) return true;
    error_code ec;
    socket_.non_blocking(true, ec);
    return tls_->read_some(asio::buffer(&byte, 1), ec) > 0 || ec != asio::error::would_block;
  }
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

awaitable<io_result> read_more(byte_stream& stream, boost::beast::flat_buffer& buffer) {
  const std::size_t room = buffer.capacity() - buffer.size();
  const auto into = buffer.prepare(room >= read_chunk / 2 ? room : std::max(read_chunk, buffer.capacity()));
  io_result r = co_await stream.read_some(into);
  buffer.commit(r.bytes);
  co_return r;
}

}  // namespace corchestra::net
