#include "net/reply_reader.hpp"

#include <catch2/catch_test_macros.hpp>

#include "net/client_fixture.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("every legal shape of a reply is read") {
  struct row {
    const char *name, *reply;
    int status;
    const char* body;
  };
  const row rows[] = {
      {"by length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
      {"by chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: x\r\n\r\n",
       200, "abc"},
      {"by the connection's end", "HTTP/1.1 200 OK\r\n\r\nabc", 200, "abc"},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabc", 200, "abc"},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ""},
      {"empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""},
      {"an error status", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", 500, "no"},
      {"interim replies",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
       "1\r\n\r\na",
       200, "a"},
      {"more than its length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 200, "abc"},
      {"no reason", "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\na", 200, "a"},
  };
  for (const auto& r : rows) {
    INFO(r.name);
    asio::io_context context;
    raw_server server(context, once(r.reply));
    const auto reply = run(context, client_of(context)->send(get(server)));
    REQUIRE(reply);
    CHECK(reply->status == r.status);
    CHECK(reply->body == r.body);
  }
}

TEST_CASE("every misbehaviour of a server is one clear error") {
  struct row {
    const char* name;
    std::string reply;
    errc code;
    const char* message;
  };
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const row rows[] = {
      {"closes without a reply", "", errc::connection_lost,
       "the server closed the connection before any byte of the reply"},
      {"garbage", "SSH-2.0-OpenSSH\r\n", errc::protocol_error, "the reply is not valid HTTP: bad version"},
      {"short garbage", "hi", errc::protocol_error, "the reply is not valid HTTP: bad version"},
      {"HTML without a header", "<html></html>", errc::protocol_error, "the reply is not valid HTTP: bad version"},
      {"bad status", "HTTP/1.1 abc\r\n\r\n", errc::protocol_error, "the reply is not valid HTTP: bad status"},
      {"cut in the status line", "HTTP/1.", errc::connection_lost,
       "the server closed the connection inside the reply's header"},
      {"cut in the header", "HTTP/1.1 200 OK\r\nContent-", errc::connection_lost,
       "the server closed the connection inside the reply's header"},
      {"cut in the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", errc::connection_lost,
       "the server closed the connection inside the reply's body, after 3 of 10 bytes"},
      {"cut in a chunk", chunked + "5\r\nab", errc::connection_lost,
       "the server closed the connection inside the reply's body, after 2 bytes"},
      {"cut before the last chunk", chunked + "2\r\nab\r\n", errc::connection_lost,
       "the server closed the connection inside the reply's body, after 2 bytes"},
      {"bad chunk", chunked + "zz\r\n", errc::protocol_error, "the reply is not valid HTTP: bad chunk"},
      {"bad length", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", errc::protocol_error,
       "the reply is not valid HTTP: bad Content-Length"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", errc::protocol_error,
       "the reply is not valid HTTP: multiple Content-Length"},
      {"bad field", "HTTP/1.1 200 OK\r\na b\r\n\r\n", errc::protocol_error, "the reply is not valid HTTP: bad field"},
      {"switches protocols", "HTTP/1.1 101 Switching\r\n\r\n", errc::protocol_error,
       "the reply switches to another protocol"},
      {"header too large", "HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'a'), errc::too_large,
       "the reply's header is larger than 65536 bytes"},
      {"many fields",
       "HTTP/1.1 200 OK\r\n" +
           [] {
             std::string s;
             for (int i = 0; i < 10'000; ++i) s += "Abc: defg\r\n";
             return s;
           }(),
       errc::too_large, "the reply's header is larger than 65536 bytes"},
      {"body too large by its length", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", errc::too_large,
       "the reply's body is larger than 1000 bytes"},
      {"body too large in chunks", chunked + "3e8\r\n" + std::string(1000, 'a') + "\r\n1\r\na\r\n", errc::too_large,
       "the reply's body is larger than 1000 bytes"},
      {"body too large without end", "HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'a'), errc::too_large,
       "the reply's body is larger than 1000 bytes"},
      {"endless chunk extension", chunked + "1;" + std::string(100'000, 'a'), errc::too_large,
       "a line of the reply is larger than 65536 bytes"},
  };
  for (const auto& r : rows) {
    INFO(r.name);
    asio::io_context context;
    raw_server server(context, once(r.reply));
    const auto reply = run(context, client_of(context, {.max_body_bytes = 1000})->send(get(server)));
    REQUIRE_FALSE(reply);
    CHECK(code_name(reply.error()) == to_string(r.code));
    CHECK(reply.error().message == concat(server.base_url(), ": ", r.message));
    CHECK(server.accepted() == 1);
  }
}

TEST_CASE("a reset is told from an orderly close") {
  asio::io_context context;
  raw_server server(context, [](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    peer.reset();
  });
  const auto reply = run(context, client_of(context)->send(get(server)));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().is(errc::connection_lost));
  CHECK(reply.error().message ==
        server.base_url() + ": the connection was lost (Connection reset by peer) before any byte of the reply");
}

TEST_CASE("a reset in the middle of a body keeps what the sink had") {
  asio::io_context context;
  gate received;
  raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    co_await received.pass();
    peer.reset();
  });
  std::string seen;
  const auto reply = run(context, client_of(context)->stream(get(server), [&](std::string_view chunk) -> result<void> {
    seen += chunk;
    received.open();
    return {};
  }));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().message == server.base_url() +
                                     ": the connection was lost (Connection reset by peer) inside the reply's "
                                     "body, after 3 of 10 bytes");
  CHECK(seen == "abc");
}

TEST_CASE("a successful reply streams, an error's body does not") {
  asio::io_context context;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + ' ';
  raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
    const std::string first = co_await peer.message();
    co_await peer.send(concat("HTTP/1.1 200 OK\r\nContent-Length: ", text.size(), "\r\n\r\n", text));
    const std::string second = co_await peer.message();
    co_await peer.send("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone");
  });
  const auto client = client_of(context);
  std::string seen;
  int chunks = 0;
  const body_sink sink = [&](std::string_view chunk) -> result<void> {
    seen += chunk;
    ++chunks;
    return {};
  };
  const auto good = run(context, client->stream(get(server), sink));
  REQUIRE(good);
  CHECK(good->body.empty());
  CHECK(seen == text);
  CHECK(chunks > 1);
  seen.clear();
  const auto bad = run(context, client->stream(get(server), sink));
  REQUIRE(bad);
  CHECK(bad->status == 404);
  CHECK(bad->body == "none");
  CHECK(seen.empty());
  CHECK(server.accepted() == 1);
}

TEST_CASE("what a sink returns or throws ends the request and the connection") {
  asio::io_context context;
  raw_server server(context, always(ok_reply));
  const auto client = client_of(context);
  const auto refused = run(context, client->stream(get(server), [](std::string_view) -> result<void> {
    return fail(errc::invalid_reply, "not what I want");
  }));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().is(errc::invalid_reply));
  CHECK(refused.error().message == server.base_url() + ": not what I want");
  CHECK_THROWS_AS(run(context, client->stream(get(server),
                                              [](std::string_view) -> result<void> { throw std::runtime_error("x"); })),
                  std::runtime_error);
  CHECK(run(context, client->send(get(server))));
  CHECK(server.accepted() == 3);
}

TEST_CASE("a reply to HEAD has no body and keeps the connection") {
  asio::io_context context;
  raw_server server(context, always("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
  const auto client = client_of(context);
  http_request request = get(server);
  request.method = "HEAD";
  for (int i = 0; i < 2; ++i) {
    const auto reply = run(context, client->send(request));
    REQUIRE(reply);
    CHECK(reply->headers.get("Content-Length") == "100");
    CHECK(reply->body.empty());
  }
  CHECK(server.accepted() == 1);
}
