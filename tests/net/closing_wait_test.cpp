#include "net/closing_wait.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using namespace corchestra::net;

namespace {

struct pair {
  asio::io_context context;
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  tcp::socket peer{context};
  byte_stream stream = connected();
  error_code ec;
  bool ended = false;

  byte_stream connected() {
    peer.connect(acceptor.local_endpoint());
    return byte_stream(acceptor.accept());
  }
  awaitable<void> wait() {
    co_await async_wait_or_close(stream, asio::redirect_error(asio::use_awaitable, ec));
    ended = true;
  }
  void begin(asio::cancellation_signal& stop) {
    asio::co_spawn(context, wait(), asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
    context.poll();
    REQUIRE_FALSE(ended);
  }
};

}  // namespace

TEST_CASE("a wait that is cancelled has closed its stream when the cancellation returns") {
  pair p;
  asio::cancellation_signal stop;
  p.begin(stop);
  stop.emit(asio::cancellation_type::terminal);
  CHECK_FALSE(p.stream.socket().is_open());
  p.context.restart();
  p.context.run();
  CHECK(p.ended);
  CHECK(p.ec == asio::error::operation_aborted);
}

TEST_CASE("a wait ends when there is something to read, and what is there can be received without waiting") {
  pair p;
  asio::cancellation_signal stop;
  p.begin(stop);
  char buffer[8];
  CHECK(p.stream.receive(asio::buffer(buffer)).ec == asio::error::would_block);
  asio::write(p.peer, asio::buffer("abc", 3));
  p.context.restart();
  p.context.run();
  CHECK(p.ended);
  CHECK_FALSE(p.ec);
  const io_result got = p.stream.receive(asio::buffer(buffer));
  CHECK(std::string_view(buffer, got.bytes) == "abc");
  p.peer.close();
  while (p.stream.receive(asio::buffer(buffer)).ec == asio::error::would_block) {
  }
  CHECK(p.stream.receive(asio::buffer(buffer)).ec == asio::error::eof);
}

TEST_CASE("what the system takes at once is sent without waiting, and the rest is told") {
  pair p;
  CHECK(p.stream.write_now("head ", "body") == 9);
  char buffer[16];
  CHECK(std::string_view(buffer, p.peer.receive(asio::buffer(buffer))) == "head body");
  const std::string much(32u << 20, 'x');
  const std::size_t sent = p.stream.write_now("", much);
  CHECK(sent > 0);
  CHECK(sent < much.size());
  p.stream.reset();
  CHECK(p.stream.write_now("a", "b") == 0);
}
