#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <thread>

#include <corchestra/async/gather.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/net/http_client.hpp>
#include <corchestra/net/http_server.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "net/client_fixture.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("a request is sent with its fields and body, and the reply read back") {
  asio::io_context context;
  std::string seen;
  raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
    seen = co_await peer.message();
    co_await peer.send("HTTP/1.1 201 Made\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 5\r\n\r\nhello");
  });
  const auto client = client_of(context, {.user_agent = "test/1"});
  http_request request = get(server, "/v1/x?a=b");
  request.method = "POST";
  request.headers.add("Authorization", "Bearer k");
  request.body = "question";
  const auto reply = run(context, client->send(request));
  REQUIRE(reply);
  CHECK(reply->status == 201);
  CHECK(reply->body == "hello");
  CHECK(reply->headers.get("X-One") == "1");
  CHECK(reply->headers.size() == 3);
  CHECK(seen == concat("POST /v1/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:", server.port(),
                       "\r\nUser-Agent: test/1\r\nAuthorization: Bearer k\r\nContent-Length: 8\r\n\r\nquestion"));
}

TEST_CASE("a reply that came before the request was taken counts") {
  asio::io_context context;
  raw_server server(context, [](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    boost::system::error_code ignored;
    peer.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    co_await peer.end();
  });
  http_request request = get(server);
  request.method = "POST";
  request.body.assign(32u << 20, 'a');
  const auto reply = run(context, client_of(context)->send(request));
  REQUIRE(reply);
  CHECK(reply->status == 413);
  CHECK(reply->body == "big");
}

TEST_CASE("the limits end a request by name and close its socket") {
  asio::io_context context;
  boost::system::error_code ended;
  gate closed;
  raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
    const std::string request = co_await peer.message();
    if (request.starts_with("GET /half")) co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    ended = co_await peer.end();
    closed.open();
  });
  struct row {
    const char* path;
    duration total, idle;
    const char* message;
  };
  const row rows[] = {
      {"/silent", 600s, 20ms, "nothing was received within the idle limit of 20 ms"},
      {"/half", 600s, 20ms, "nothing was received within the idle limit of 20 ms"},
      {"/silent", 20ms, 600s, "not complete within the total limit of 20 ms"},
      {"/half", 20ms, 600s, "not complete within the total limit of 20 ms"},
  };
  const auto client = client_of(context);
  for (const auto& r : rows) {
    INFO(r.path << " " << r.message);
    http_request request = get(server, r.path);
    request.timeout = r.total;
    request.idle_timeout = r.idle;
    closed = gate();
    const auto reply = run(context, client->send(request));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().is(errc::timeout));
    CHECK(reply.error().message == server.base_url() + ": " + r.message);
    run(context, closed.pass());
    CHECK(!ended);
  }
}

TEST_CASE("a body that keeps coming is not idle") {
  testing::virtual_time_context time;
  raw_server server(time.context(), [](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    for (int i = 0; i < 3; ++i) co_await peer.send("a");
  });
  const auto client = client_of(time.context());
  bool slept = false;
  auto body = [&]() -> awaitable<result<http_response>> {
    scope others(time.executor());
    others.spawn([&]() -> awaitable<void> {
      co_await sleep_for(1h);
      slept = true;
    });
    auto reply = co_await client->send(get(server));
    CHECK_FALSE(slept);  // virtual time stood still for the sockets
    co_await others.join();
    co_return reply;
  };
  const auto reply = time.run(body());
  REQUIRE(reply);
  CHECK(reply->body == "aaa");
  CHECK(slept);
}

TEST_CASE("[L9] cancelling closes the socket at once, wherever the request is") {
  for (const std::string part : {"", "HTTP/1.1 200 OK\r\nConten", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}) {
    INFO(part);
    asio::io_context context;
    gate sent;
    boost::system::error_code ended = asio::error::would_block;
    raw_server server(context, [&](raw_peer& peer, int number) -> awaitable<void> {
      co_await peer.message();
      if (number > 1) {
        co_await peer.send(ok_reply);
        co_return;
      }
      co_await peer.send(part);
      sent.open();
      ended = co_await peer.end();
    });
    const auto client = client_of(context);
    bool aborted = false;
    auto body = [&]() -> awaitable<void> {
      scope request(context.get_executor());
      request.spawn([&]() -> awaitable<void> {
        try {
          co_await client->send(get(server));
        } catch (const boost::system::system_error& e) {
          aborted = e.code() == asio::error::operation_aborted;
        }
      });
      co_await sent.pass();
      request.cancel();
      co_await request.join();
      const auto next = co_await client->send(get(server));
      CHECK(next);
    };
    run(context, body());
    CHECK(aborted);
    CHECK(server.accepted() == 2);
    CHECK(!ended);
  }
}

TEST_CASE("a server that is not there is a failed connection") {
  asio::io_context context;
  std::uint16_t port = 0;
  {
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    port = acceptor.local_endpoint().port();
  }
  http_request request;
  request.target = url_at(concat("http://127.0.0.1:", port));
  const auto reply = run(context, client_of(context)->send(request));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().is(errc::connect_failed));
  CHECK(reply.error().message ==
        concat("http://127.0.0.1:", port, ": cannot connect to 127.0.0.1 port ", port, ": Connection refused"));
}

TEST_CASE("a bad request is refused before anything is sent") {
  asio::io_context context;
  raw_server server(context, always(ok_reply));
  http_request request = get(server);
  request.headers.add("Authorization", "Bearer secret\n");
  const auto reply = run(context, client_of(context)->send(request));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().is(errc::invalid_argument));
  CHECK(reply.error().message == "header 'Authorization': the value holds a control character");
  CHECK(server.accepted() == 0);
}

TEST_CASE("one client serves coroutines on several threads") {
  asio::io_context context;
  std::atomic<int> good = 0, ended = 0;
  constexpr int coroutines = 8, requests = 25;
  {
    auto server =
        http_server::listen(context.get_executor(), [](server_request request, server_reply& reply) -> awaitable<void> {
          co_await reply.send(200, {}, request.path);
        }).value();
    const auto client = client_of(context, {.max_connections_per_origin = 3});
    const auto ask = [&](int number) -> awaitable<void> {
      http_request request;
      request.target = url_at(concat("http://localhost:", server.port()), concat("/", number));
      for (int i = 0; i < requests; ++i) {
        const auto reply = co_await client->send(request);
        if (reply && reply->body == request.target.path) ++good;
      }
    };
    for (int i = 0; i < coroutines; ++i) {
      asio::co_spawn(asio::make_strand(context), ask(i), [&](std::exception_ptr) {
        if (++ended == coroutines) context.stop();
      });
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { context.run(); });
    for (auto& t : threads) t.join();
    CHECK(server.open_connections() <= 3);
  }
  CHECK(good == coroutines * requests);
}
