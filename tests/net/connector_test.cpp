#include "net/connector.hpp"

#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>

#include "net/raw_server.hpp"
#include "support/open_files.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {
awaitable<void> hold_open(raw_peer& peer, int) { co_await peer.end(); }

// A port whose queue of connections is full: further ones get no answer.
struct silent_port {
  explicit silent_port(asio::io_context& context) : acceptor(context), waiting(context) {
    acceptor.open(tcp::v4());
    acceptor.bind({asio::ip::address_v4::loopback(), 0});
    acceptor.listen(0);
    waiting.connect(acceptor.local_endpoint());
  }
  std::uint16_t number() const { return acceptor.local_endpoint().port(); }
  tcp::acceptor acceptor;
  tcp::socket waiting;
};
}  // namespace

TEST_CASE("a connection is opened by name or address, ready for small writes") {
  asio::io_context context;
  raw_server server(context, hold_open);
  const auto c = connector::make(context.get_executor(), {}).value();
  for (const char* host : {"127.0.0.1", "localhost"}) {
    INFO(host);
    deadline limits(context.get_executor());
    limits.arm(deadline::total, 60s);
    const auto opened = run(context, c->connect(url_at(concat("http://", host, ":", server.port())), limits));
    REQUIRE(opened);
    asio::ip::tcp::no_delay no_delay;
    (*opened)->stream.socket().get_option(no_delay);
    CHECK(no_delay.value());
    CHECK_FALSE((*opened)->stream.tls());
    CHECK(limits.remaining(deadline::connect) > 24h);
  }
}

TEST_CASE("of a name's addresses the one that answers is connected, and a failure names them all") {
  asio::io_context context;
  raw_server server(context, hold_open);  // on 127.0.0.1 only
  const auto c = connector::make(context.get_executor(), {}).value();
  deadline limits(context.get_executor());
  limits.arm(deadline::total, 60s);
  const auto opened = run(context, c->connect(url_at(concat("http://localhost:", server.port())), limits));
  REQUIRE(opened);
  CHECK((*opened)->stream.socket().remote_endpoint().address().to_string() == "127.0.0.1");

  tcp::acceptor closed(context, {asio::ip::address_v4::loopback(), 0});
  const auto port = closed.local_endpoint().port();
  closed.close();
  const auto failed = run(context, c->connect(url_at(concat("http://localhost:", port)), limits));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().is(errc::connect_failed));
  CHECK(failed.error().message.starts_with(concat("http://localhost:", port, ": cannot connect to ")));
  CHECK(failed.error().message.find(concat("127.0.0.1 port ", port, ": Connection refused")) != std::string::npos);
}

TEST_CASE("an address that does not answer ends with the connect limit and its socket is closed") {
  asio::io_context context;
  silent_port port(context);
  http_client_options options;
  options.connect_timeout = 20ms;
  const auto c = connector::make(context.get_executor(), options).value();
  deadline limits(context.get_executor());
  limits.arm(deadline::total, 60s);
  const std::string origin = concat("http://127.0.0.1:", port.number());
  const std::size_t before = open_files();
  const auto opened = run(context, c->connect(url_at(origin), limits));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().is(errc::connect_failed));
  CHECK(opened.error().message == concat(origin, ": no connection within the connect limit of 20 ms: 127.0.0.1 port ",
                                         port.number(), ": no answer"));
  CHECK(open_files() == before);
}

TEST_CASE("cancelling ends an attempt to connect at once and closes its socket") {
  asio::io_context context;
  silent_port port(context);
  http_client_options options;
  options.connect_timeout = 1h;
  const auto c = connector::make(context.get_executor(), options).value();
  deadline limits(context.get_executor());
  const std::size_t before = open_files();
  bool returned = false;
  auto body = [&]() -> awaitable<void> {
    scope child(context.get_executor());
    child.spawn([&]() -> awaitable<void> {
      co_await c->connect(url_at(concat("http://127.0.0.1:", port.number())), limits);
      returned = true;
    });
    while (open_files() == before) co_await sleep_for(0s);
    child.cancel();
    co_await child.join();
  };
  run(context, body());
  CHECK_FALSE(returned);
  CHECK(open_files() == before);
}

TEST_CASE("only so many connections are opened at once, and waiting for a turn counts towards the total limit") {
  asio::io_context context;
  raw_server server(context, hold_open);
  http_client_options options;
  options.max_concurrent_handshakes = 1;
  options.connect_timeout = 1h;
  options.verify_peer = false;
  const auto c = connector::make(context.get_executor(), options).value();
  // The first never gets an answer to its TLS hello, so it keeps the only turn.
  deadline first_limits(context.get_executor());
  first_limits.arm(deadline::total, 1h);
  deadline second_limits(context.get_executor());
  second_limits.arm(deadline::total, 5ms);
  auto body = [&]() -> awaitable<result<std::unique_ptr<connection>>> {
    scope first(context.get_executor());
    first.spawn([&]() -> awaitable<void> {
      co_await c->connect(url_at(concat("https://127.0.0.1:", server.port())), first_limits);
    });
    co_await sleep_for(0s);  // lets the first begin
    auto opened = co_await c->connect(url_at(concat("http://127.0.0.1:", server.port())), second_limits);
    first.cancel();
    co_await first.join();
    co_return opened;
  };
  const auto second = run(context, body());
  REQUIRE_FALSE(second);
  CHECK(second.error().is(errc::timeout));
  CHECK(second.error().message == concat("http://127.0.0.1:", server.port(),
                                         ": waiting for a turn to connect took longer than the total limit of 5 ms"));
}

TEST_CASE("a name that is not found is an error that names the origin") {
  asio::io_context context;
  const auto c = connector::make(context.get_executor(), {}).value();
  deadline limits(context.get_executor());
  limits.arm(deadline::total, 60s);
  const std::string name(300, 'a');
  const auto opened = run(context, c->connect(url_at("http://" + name), limits));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().is(errc::resolve_failed));
  CHECK(opened.error().message.starts_with(concat("http://", name, ":80: host name 'aaa")));
}
