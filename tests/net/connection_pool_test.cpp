#include "net/connection_pool.hpp"

#include <catch2/catch_test_macros.hpp>

#include "net/raw_server.hpp"
#include "support/run.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

constexpr duration for_ever = duration::max();
const std::string origin = "http://h:80";
time_point at(duration d) { return time_point(1h) + d; }

struct pool_fixture {
  asio::io_context context;
  raw_server server{context, [](raw_peer& peer, int) -> awaitable<void> { co_await peer.end(); }};

  std::unique_ptr<connection> open(duration created = 0s) {
    const auto peer = run(context, raw_connect(context, server.port()));
    return std::make_unique<connection>(std::move(peer->socket()), at(created));
  }
};

}  // namespace

TEST_CASE("the connection used last is taken first") {
  pool_fixture f;
  connection_pool pool({});
  auto a = f.open(), b = f.open();
  const auto* first = a.get();
  const auto* last = b.get();
  pool.give_back(origin, std::move(a), at(0s), for_ever);
  pool.give_back(origin, std::move(b), at(1s), for_ever);
  CHECK(pool.take("http://other:80", at(1s)) == nullptr);
  const auto x = pool.take(origin, at(1s));
  const auto y = pool.take(origin, at(1s));
  CHECK(x.get() == last);
  CHECK(y.get() == first);
  CHECK(pool.take(origin, at(1s)) == nullptr);
}

TEST_CASE("an idle connection is closed after the idle limit, its age and what its server promised") {
  struct row {
    duration created, keep_alive, usable_until;
  };
  for (const auto& r : {row{0s, for_ever, 4s}, row{-58s, for_ever, 2s}, row{0s, 1s, 1s}}) {
    pool_fixture f;
    connection_pool pool({.idle_timeout = 4s, .max_connection_age = 60s});
    pool.give_back(origin, f.open(r.created), at(0s), r.keep_alive);
    auto c = pool.take(origin, at(r.usable_until - 1ms));
    REQUIRE(c);
    pool.give_back(origin, std::move(c), at(0s), r.keep_alive);
    CHECK(pool.take(origin, at(r.usable_until)) == nullptr);
  }
}

TEST_CASE("no more than the idle limit are kept, the longest idle go first") {
  pool_fixture f;
  connection_pool pool({.max_idle_per_origin = 2});
  auto a = f.open(), b = f.open(), c = f.open();
  const auto* second = b.get();
  pool.give_back(origin, std::move(a), at(0s), for_ever);
  pool.give_back(origin, std::move(b), at(1s), for_ever);
  pool.give_back(origin, std::move(c), at(2s), for_ever);
  CHECK(pool.idle(origin) == 2);
  pool.take(origin, at(2s)).reset();
  CHECK(pool.take(origin, at(2s)).get() == second);

  connection_pool none({.max_idle_per_origin = 0});
  none.give_back(origin, f.open(), at(0s), for_ever);
  CHECK(none.idle(origin) == 0);
}

TEST_CASE("giving one back closes those that are outdated") {
  pool_fixture f;
  connection_pool pool({.idle_timeout = 4s});
  pool.give_back(origin, f.open(), at(0s), for_ever);
  pool.give_back(origin, f.open(), at(5s), for_ever);
  CHECK(pool.idle(origin) == 1);
  pool.give_back(origin, f.open(), at(5s), 0s);
  CHECK(pool.idle(origin) == 1);
}

TEST_CASE("a connection that its peer closed or wrote to is not handed out") {
  pool_fixture f;
  raw_server closing(f.context, [](raw_peer&, int number) -> awaitable<void> {
    if (number > 0) co_return;
  });
  raw_server talking(f.context, [](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.send("unasked");
    co_await peer.end();
  });
  for (auto* server : {&closing, &talking}) {
    connection_pool pool({});
    const auto peer = run(f.context, raw_connect(f.context, server->port()));
    auto wait = [](raw_peer& p) -> awaitable<void> {
      co_await p.socket().async_wait(asio::ip::tcp::socket::wait_read, asio::use_awaitable);
    };
    run(f.context, wait(*peer));
    pool.give_back(origin, std::make_unique<connection>(std::move(peer->socket()), at(0s)), at(0s), for_ever);
    CHECK(pool.idle(origin) == 1);
    CHECK(pool.take(origin, at(0s)) == nullptr);
  }
}

TEST_CASE("each origin has permits of its own") {
  connection_pool pool({.max_connections_per_origin = 1});
  const auto held = pool.permits(origin).try_acquire();
  CHECK(held);
  CHECK_FALSE(pool.permits(origin).try_acquire());
  CHECK(pool.permits("http://other:80").try_acquire());
}
