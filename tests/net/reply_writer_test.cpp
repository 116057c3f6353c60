#include "net/reply_writer.hpp"

#include <catch2/catch_test_macros.hpp>

#include "net/server_fixture.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("older clients and HEAD get what they understand") {
  server_fixture f(send_ok);
  CHECK(f.answer_to("GET / HTTP/1.0\r\n\r\n") == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  CHECK(f.answer_to("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  CHECK(f.answer_to("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
}

TEST_CASE("a reply can be written in chunks") {
  server_fixture f([](server_request, server_reply& reply) -> awaitable<void> {
    co_await reply.start(200, {{"X", "y"}});
    co_await reply.write("hello");
    co_await reply.write("");
    co_await reply.write(std::string(16, 'a'));
  });
  CHECK(f.answer_to("GET / HTTP/1.1\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "5\r\nhello\r\n10\r\naaaaaaaaaaaaaaaa\r\n0\r\n\r\n");
  CHECK(f.answer_to("GET / HTTP/1.0\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nhelloaaaaaaaaaaaaaaaa");
}

TEST_CASE("a reply out of order or with a bad field is refused and nothing is sent of it") {
  server_fixture f([](server_request, server_reply& reply) -> awaitable<void> {
    const auto early = co_await reply.write("x");
    CHECK(early.error().message ==
          "a reply is either sent whole, or started, written and finished: it has not been started");
    const auto finished = co_await reply.finish();
    CHECK(finished.error().is(errc::invalid_argument));
    const auto split = co_await reply.send(200, {{"A", "b\r\nC: d"}}, "");
    CHECK(split.error().message == "header 'A': the value holds a control character");
    const auto sent = co_await reply.send(200, {}, "ok");
    CHECK(sent);
    const auto again = co_await reply.send(200, {}, "ok");
    CHECK(again.error().message ==
          "a reply is either sent whole, or started, written and finished: it has begun already");
    const auto started = co_await reply.start(200, {});
    CHECK_FALSE(started);
  });
  CHECK(f.answer_to("GET / HTTP/1.1\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

TEST_CASE("raw bytes and resets let a test misbehave") {
  server_fixture f([](server_request request, server_reply& reply) -> awaitable<void> {
    if (request.path == "/reset") {
      reply.reset();
      const auto late = co_await reply.write_raw("x");
      CHECK(late.error().is(errc::connection_lost));
      co_return;
    }
    co_await reply.write_raw("not ");
    co_await reply.write_raw("HTTP");
  });
  CHECK(f.answer_to("GET / HTTP/1.1\r\n\r\n") == "not HTTP");
  auto talk = [&]() -> awaitable<boost::system::error_code> {
    const auto peer = co_await raw_connect(f.context, f.server.port());
    co_await peer->send("GET /reset HTTP/1.1\r\n\r\n");
    const auto end = co_await peer->end();
    co_return end;
  };
  CHECK(run(f.context, talk()) == asio::error::connection_reset);
}
