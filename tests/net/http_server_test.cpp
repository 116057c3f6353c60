#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>

#include <corchestra/async/gather.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/net/http_client.hpp>
#include <corchestra/net/http_server.hpp>

#include "net/server_fixture.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("stopping cancels the handlers, closes every connection and waits for their end") {
  gate begun;
  bool cleaned = false;
  server_fixture f([&](server_request, server_reply&) -> awaitable<void> {
    struct cleaner {
      bool& flag;
      ~cleaner() { flag = true; }
    } const at_end{cleaned};
    begun.open();
    co_await sleep_for(24h);
  });
  auto talk = [&]() -> awaitable<void> {
    const auto idle = co_await raw_connect(f.context, f.server.port());
    const auto busy = co_await raw_connect(f.context, f.server.port());
    co_await busy->send("GET / HTTP/1.1\r\n\r\n");
    co_await begun.pass();
    CHECK(f.server.open_connections() == 2);
    co_await f.server.stop();
    CHECK(cleaned);
    CHECK(f.server.open_connections() == 0);
    const auto idle_end = co_await idle->end();
    const auto busy_end = co_await busy->end();
    CHECK(!idle_end);
    CHECK(!busy_end);
    co_await f.server.stop();
  };
  run(f.context, talk());
}

TEST_CASE("a server that is let go closes its connections") {
  asio::io_context context;
  auto talk = [&]() -> awaitable<void> {
    std::shared_ptr<raw_peer> peer;
    {
      http_server first = http_server::listen(context.get_executor(), send_ok).value();
      http_server server = std::move(first);
      peer = co_await raw_connect(context, server.port());
      co_await peer->send("GET / HTTP/1.1\r\n\r\n");
      const std::string reply = co_await peer->message();
      CHECK(reply.ends_with("ok"));
    }
    const auto end = co_await peer->end();
    CHECK(!end);
  };
  run(context, talk());
}

TEST_CASE("connections above the limit wait to be accepted") {
  server_fixture f(send_ok, {.max_connections = 1});
  auto talk = [&]() -> awaitable<void> {
    const auto first = co_await raw_connect(f.context, f.server.port());
    const auto second = co_await raw_connect(f.context, f.server.port());
    co_await second->send("GET / HTTP/1.1\r\n\r\n");
    co_await first->send("GET / HTTP/1.1\r\n\r\n");
    const std::string one = co_await first->message();
    CHECK(one.ends_with("ok"));
    CHECK(f.server.open_connections() == 1);
    first->close();
    const std::string two = co_await second->message();
    CHECK(two.ends_with("ok"));
  };
  run(f.context, talk());
}

TEST_CASE("an address that cannot be bound is one clear error") {
  server_fixture f(send_ok);
  CHECK(f.server.base_url() == concat("http://127.0.0.1:", f.server.port()));
  const auto taken = http_server::listen(f.context.get_executor(), send_ok, {.port = f.server.port()});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().is(errc::connect_failed));
  CHECK(taken.error().message ==
        concat("cannot listen on 127.0.0.1 port ", f.server.port(), ": Address already in use"));
  const auto bad = http_server::listen(f.context.get_executor(), send_ok, {.address = "nowhere"});
  CHECK(bad.error().message == "cannot listen on nowhere port 0: Invalid argument");
}

TEST_CASE("two thousand requests are under way at once") {
  constexpr std::size_t count = 2000;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlimit before = files;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 2 * count + 100) SKIP("the limit of open files is too low");
  std::size_t under_way = 0, peak = 0;
  {
    gate all_in;
    server_fixture f([&](server_request, server_reply& reply) -> awaitable<void> {
      peak = std::max(peak, ++under_way);
      if (under_way == count) all_in.open();
      co_await all_in.pass();
      --under_way;
      co_await reply.send(200, {}, "ok");
    });
    const auto client = make_http_client(f.context.get_executor()).value();
    http_request request;
    request.target = url_at(f.server.base_url());
    std::vector<std::function<awaitable<result<http_response>>()>> work(count, [&] { return client->send(request); });
    const auto replies = run(f.context, gather(std::move(work)));
    std::size_t good = 0;
    for (const auto& r : replies) good += r && r->body == "ok";
    CHECK(good == count);
    run(f.context, f.server.stop());
  }
  CHECK(peak == count);
  setrlimit(RLIMIT_NOFILE, &before);
}
