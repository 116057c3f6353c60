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

TEST_CASE("connections are kept and reused, unless the reply says otherwise") {
  struct row {
    const char* reply;
    int connections;
  };
  const row rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1},
      {"HTTP/1.1 204 No\r\n\r\n", 1},
      {"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 1},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 1},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 1},
      {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 2\r\n\r\nok", 1},
      {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok", 3},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 3},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 3},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", 3},
  };
  for (const auto& r : rows) {
    INFO(r.reply);
    asio::io_context context;
    raw_server server(context, always(r.reply));
    const auto client = client_of(context);
    for (int i = 0; i < 3; ++i) {
      const auto reply = run(context, client->send(get(server)));
      REQUIRE(reply);
    }
    CHECK(server.accepted() == r.connections);
  }
}

TEST_CASE("a pooled connection that turns out dead is replaced once by a fresh one (hazard 3)") {
  asio::io_context context;
  int requests = 0;
  bool second_too = false;
  raw_server server(context, [&](raw_peer& peer, int number) -> awaitable<void> {
    for (int i = 1;; ++i) {
      const std::string request = co_await peer.message();
      if (request.empty()) co_return;
      ++requests;
      // The first connection takes its second request and is gone without a byte.
      if (number == 1 && i == 2) co_return;
      if (number == 2 && second_too) co_return;
      co_await peer.send(ok_reply);
    }
  });
  const auto client = client_of(context);
  REQUIRE(run(context, client->send(get(server))));

  SECTION("and the request succeeds") {
    const auto reply = run(context, client->send(get(server)));
    REQUIRE(reply);
    CHECK(reply->body == "ok");
    CHECK(requests == 3);
    CHECK(server.accepted() == 2);
  }
  SECTION("but not a second time") {
    second_too = true;
    const auto reply = run(context, client->send(get(server)));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().is(errc::connection_lost));
    CHECK(requests == 3);
    CHECK(server.accepted() == 2);
  }
}

TEST_CASE("a request is not repeated once a byte of its reply has come, nor after a limit") {
  struct row {
    const char* part;
    errc code;
  };
  for (const auto& r : {row{"H", errc::connection_lost}, row{"", errc::timeout}}) {
    INFO(r.part);
    asio::io_context context;
    raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
      co_await peer.message();
      co_await peer.send(ok_reply);
      co_await peer.message();
      co_await peer.send(r.part);
      if (r.code == errc::timeout) co_await peer.end();
    });
    const auto client = client_of(context);
    REQUIRE(run(context, client->send(get(server))));
    http_request request = get(server);
    if (r.code == errc::timeout) request.timeout = 20ms;
    const auto reply = run(context, client->send(request));
    REQUIRE_FALSE(reply);
    CHECK(code_name(reply.error()) == to_string(r.code));
    CHECK(server.accepted() == 1);
  }
}

TEST_CASE("an idle connection that its server has closed is not used at all") {
  asio::io_context context;
  int requests = 0;
  raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    ++requests;
    co_await peer.send(ok_reply);
  });
  const auto client = client_of(context);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(run(context, client->send(get(server))));
    settle(context);
  }
  CHECK(requests == 3);
  CHECK(server.accepted() == 3);
}

TEST_CASE("requests above the connection limit wait, first come first served") {
  asio::io_context context;
  std::string order;
  int at_once = 0, peak = 0;
  raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
    for (;;) {
      const std::string request = co_await peer.message();
      if (request.empty()) co_return;
      peak = std::max(peak, ++at_once);
      order += request[5];
      co_await sleep_for(1ms);
      --at_once;
      co_await peer.send(ok_reply);
    }
  });
  const auto client = client_of(context, {.max_connections_per_origin = 1});
  std::vector<std::function<awaitable<result<http_response>>()>> work;
  for (const char* path : {"/a", "/b", "/c", "/d", "/e"}) {
    work.push_back([&, path] { return client->send(get(server, path)); });
  }
  const auto replies = run(context, gather(std::move(work)));
  for (const auto& r : replies) CHECK(r);
  CHECK(order == "abcde");
  CHECK(peak == 1);
  CHECK(server.accepted() == 1);
}

TEST_CASE("waiting for a free connection counts towards the total limit") {
  asio::io_context context;
  gate taken, finish;
  raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    taken.open();
    co_await finish.pass();
    co_await peer.send(ok_reply);
  });
  const auto client = client_of(context, {.max_connections_per_origin = 1});
  auto body = [&]() -> awaitable<void> {
    scope others(context.get_executor());
    others.spawn([&]() -> awaitable<void> {
      const auto first = co_await client->send(get(server));
      CHECK(first);
    });
    co_await taken.pass();
    http_request request = get(server);
    request.timeout = 20ms;
    const auto second = co_await client->send(request);
    CHECK_FALSE(second);
    CHECK(second.error().is(errc::timeout));
    CHECK(second.error().message ==
          server.base_url() + ": waiting for a free connection took longer than the total limit of 20 ms");
    finish.open();
    co_await others.join();
  };
  run(context, body());
  CHECK(server.accepted() == 1);
}

TEST_CASE("[L9] cancelling ends the wait for a connection, and the others go on") {
  asio::io_context context;
  gate taken, finish;
  raw_server server(context, [&](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    taken.open();
    co_await finish.pass();
    co_await peer.send(ok_reply);
  });
  const auto client = client_of(context, {.max_connections_per_origin = 1});
  auto body = [&]() -> awaitable<void> {
    scope first(context.get_executor());
    scope waiting(context.get_executor());
    first.spawn([&]() -> awaitable<void> {
      const auto reply = co_await client->send(get(server));
      CHECK(reply);
    });
    co_await taken.pass();
    bool returned = false;
    waiting.spawn([&]() -> awaitable<void> {
      co_await client->send(get(server));
      returned = true;
    });
    waiting.cancel();
    co_await waiting.join();
    CHECK_FALSE(returned);
    finish.open();
    co_await first.join();
  };
  run(context, body());
}
