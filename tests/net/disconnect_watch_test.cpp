#include "net/disconnect_watch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/sleep.hpp>

#include "net/server_fixture.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("[L9] a handler is cancelled when its client goes away") {
  for (const bool reset : {false, true}) {
    INFO(reset);
    gate ended;
    bool aborted = false;
    server_fixture f([&](server_request, server_reply& reply) -> awaitable<void> {
      co_await reply.start(200, {});
      co_await reply.write("begun");
      try {
        co_await sleep_for(24h);
      } catch (const boost::system::system_error& e) {
        aborted = e.code() == asio::error::operation_aborted;
      }
      ended.open();
    });
    auto talk = [&]() -> awaitable<void> {
      const auto peer = co_await raw_connect(f.context, f.server.port());
      co_await peer->send("GET / HTTP/1.1\r\n\r\n");
      co_await peer->read_until("begun");
      if (reset) {
        peer->reset();
      } else {
        peer->close();
      }
      co_await ended.pass();
    };
    run(f.context, talk());
    CHECK(aborted);
  }
}

TEST_CASE("the watch tells of a closed peer, and neither takes nor minds bytes before") {
  for (const bool pipelined : {false, true}) {
    INFO(pipelined);
    asio::io_context context;
    gate closing;
    raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
      if (pipelined) co_await peer.send("next");
      co_await closing.pass();
    });
    byte_stream stream(std::move(run(context, raw_connect(context, server.port()))->socket()));
    auto readable = [&]() -> awaitable<void> {
      co_await stream.socket().async_wait(tcp::socket::wait_read, asio::use_awaitable);
    };
    bool gone = false;
    const disconnect_watch watch(stream, [&] { gone = true; });
    if (pipelined) run(context, readable());
    CHECK_FALSE(gone);
    closing.open();
    if (!pipelined) {
      while (!gone) context.run_one();
    }
    CHECK(gone == !pipelined);
    CHECK(stream.socket().available() == (pipelined ? 4 : 0));
  }
}

TEST_CASE("a watch that is over tells nothing") {
  asio::io_context context;
  raw_server server(context, [](raw_peer& peer, int) -> awaitable<void> { co_await peer.send(""); });
  byte_stream stream(std::move(run(context, raw_connect(context, server.port()))->socket()));
  bool gone = false;
  {
    const disconnect_watch watch(stream, [&] { gone = true; });
  }
  while (!stream.peer_closed()) context.run_one();
  settle(context);
  CHECK_FALSE(gone);
}
