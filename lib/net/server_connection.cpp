#include <boost/asio/this_coro.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/base/text.hpp>

#include "net/cancellation.hpp"
#include "net/disconnect_watch.hpp"
#include "net/reply_writer.hpp"
#include "net/request_reader.hpp"
#include "net/server_connection.hpp"

namespace corchestra::net {

namespace {

constexpr duration linger_limit = std::chrono::seconds(2);
constexpr std::size_t linger_bytes = 1u << 20;

// Runs the handler until it has ended, or the client has gone and it has been cancelled. True: the connection goes on.
awaitable<bool> answer(std::shared_ptr<const server_context> server, byte_stream& stream, reply_writer& reply,
                       server_request request) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  bool gone = false;
  std::exception_ptr failure;
  {
    scope handling(executor);
    handling.spawn([&] { return server->handler(std::move(request), reply); });
    const disconnect_watch watch(stream, [&] {
      gone = true;
      handling.cancel();
    });
    try {
      co_await handling.join();
    } catch (...) {
      failure = std::current_exception();
    }
  }
  co_await throw_if_cancelled();
  if (gone || !stream.socket().is_open()) co_return false;
  if (failure) {
    server->options.logger.warn(
        "net", one_line(concat("a request handler threw: ", error_from_exception(failure).message), 400));
    if (reply.begun()) co_return false;
  }
  result<void> ended;
  if (!reply.begun()) {
    ended = co_await reply.send(500, {{"Content-Type", "text/plain"}},
                                failure ? "the request's handler failed\n" : "the request's handler gave no reply\n");
  } else if (reply.started()) {
    ended = co_await reply.finish();
  }
  co_return ended&& reply.reusable();
}

// Unread bytes at a close make a reset, which can overtake the reply: take them first.
awaitable<void> close_gently(byte_stream& stream, boost::beast::flat_buffer& buffer, deadline& limits) {
  error_code ec;
  stream.socket().shutdown(tcp::socket::shutdown_send, ec);
  limits.arm(deadline::idle, linger_limit);
  std::size_t taken = 0;
  while (!ec && taken < linger_bytes) {
    buffer.clear();
    const io_result r = co_await read_more(stream, buffer);
    ec = r.ec;
    taken += r.bytes;
  }
}

}  // namespace

awaitable<void> serve_connection(std::shared_ptr<const server_context> server, tcp::socket socket) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  const auto& options = server->options;
  byte_stream stream(std::move(socket));
  deadline limits(executor);
  const deadline::guard guard(limits, stream);
  limits.arm(deadline::idle, options.idle_timeout);
  if (server->tls) {
    stream.start_tls(*server->tls);
    const error_code ec = co_await stream.handshake(asio::ssl::stream_base::server);
    if (ec) co_return;
  }
  boost::beast::flat_buffer buffer;
  for (bool goes_on = true; goes_on;) {
    limits.arm(deadline::idle, options.idle_timeout);
    received_request received =
        co_await read_request(stream, buffer, {.max_body_bytes = options.max_body_bytes}, limits);
    limits.disarm(deadline::idle);
    if (!received.request && received.refusal == 0) co_return;
    const bool head = received.request && received.request->method == "HEAD";
    reply_writer reply(stream, limits, {received.keep_alive, received.http_1_0, head, options.idle_timeout});
    if (received.request) {
      goes_on = co_await answer(server, stream, reply, std::move(*received.request));
    } else {
      const auto refused =
          co_await reply.send(received.refusal, {{"Content-Type", "text/plain"}}, concat(received.reason, '\n'));
      goes_on = false;
      if (refused) co_await close_gently(stream, buffer, limits);
    }
  }
}

}  // namespace corchestra::net
