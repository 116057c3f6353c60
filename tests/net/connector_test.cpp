#include "net/connector.hpp"

#include <boost/asio/post.hpp>
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
  explicit silent_port(asio::io_context& context, tcp::endpoint at = {asio::ip::address_v4::loopback(), 0})
      : acceptor(context), waiting(context) {
    acceptor.open(at.protocol());
    acceptor.bind(at);
    acceptor.listen(0);
    waiting.connect(acceptor.local_endpoint());
  }
  std::uint16_t number() const { return acceptor.local_endpoint().port(); }
  tcp::acceptor acceptor;
  tcp::socket waiting;
};

// Finds these addresses for any name, and counts how often it was asked.
std::shared_ptr<name_resolver> names_of(asio::io_context& context, std::vector<std::string> found, int& questions) {
  addresses list;
  for (const auto& text : found) list.push_back(asio::ip::make_address(text));
  return std::make_shared<name_resolver>(context.get_executor(), [&context, &questions, list](auto, auto answered) {
    ++questions;
    asio::post(context, [list, answered] { answered({}, list); });
  });
}

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

TEST_CASE("an address without an answer gives way to the next and its socket is closed") {
  asio::io_context context;
  raw_server server(context, hold_open);
  const silent_port silent(context, {asio::ip::make_address("127.0.0.2"), server.port()});
  int questions = 0;
  const auto names = names_of(context, {"127.0.0.2", "127.0.0.1"}, questions);
  const auto c = connector::make(context.get_executor(), {}, names).value();
  deadline limits(context.get_executor());
  const std::size_t before = open_files();
  const auto opened = run(context, c->connect(url_at(concat("http://a.example:", server.port())), limits));
  REQUIRE(opened);
  CHECK((*opened)->stream.socket().remote_endpoint().address().to_string() == "127.0.0.1");
  settle(context);
  REQUIRE(server.accepted() == 1);
  CHECK(open_files() == before + 2);  // both ends
}

TEST_CASE("when no address answers the name is looked up again, also when it is only one") {
  asio::io_context context;
  tcp::acceptor closed(context, {asio::ip::address_v4::loopback(), 0});
  const auto target = url_at(concat("http://a.example:", closed.local_endpoint().port()));
  int questions = 0;
  const auto names = names_of(context, {"127.0.0.1"}, questions);
  const auto c = connector::make(context.get_executor(), {}, names).value();
  deadline limits(context.get_executor());
  CHECK(run(context, c->connect(target, limits)));
  CHECK(run(context, c->connect(target, limits)));
  CHECK(questions == 1);
  closed.close();
  CHECK_FALSE(run(context, c->connect(target, limits)));
  CHECK_FALSE(run(context, c->connect(target, limits)));
  CHECK(questions == 2);
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
