#include "net/proxy_tunnel.hpp"

#include <catch2/catch_test_macros.hpp>

#include <corchestra/net/http_server.hpp>

#include "net/client_fixture.hpp"
#include "net/connector.hpp"
#include "net/proxy_fixture.hpp"
#include "net/test_certificates.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

http_request request_to(std::string_view target) {
  http_request r;
  r.method = "POST";
  r.target = parse_url(target).value();
  r.headers.add("Authorization", "Bearer k");
  r.body = "question";
  return r;
}

awaitable<void> answer(server_request request, server_reply& reply) {
  co_await reply.send(200, {}, concat(request.headers.get("host"), " ", request.headers.get("proxy-authorization")));
}

}  // namespace

TEST_CASE("https goes through a tunnel of the proxy, which sees neither the request nor the key") {
  test_authority authority;
  const auto files = authority.issue("DNS:api.example");
  asio::io_context context;
  const auto server = http_server::listen(context.get_executor(), answer,
                                          {.certificate_file = files.certificate, .private_key_file = files.key})
                          .value();
  tunnelling_proxy proxy(context, server.port());
  const auto client = client_of(context, {.ca_file = authority.ca_file(), .proxy = proxied(proxy.port(), "user:pass")});
  for (int i = 0; i < 2; ++i) {
    const auto reply = run(context, client->send(request_to("https://api.example/v1")));
    REQUIRE(reply);
    CHECK(reply->body == "api.example ");
  }
  CHECK(proxy.accepted() == 1);
  CHECK(proxy.asked == std::vector<std::string>{"CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n"
                                                "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"});
  // The certificate is for the target, not for the proxy.
  const auto wrong = run(context, client->send(request_to("https://other.example/v1")));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().is(errc::tls_failed));
  CHECK(wrong.error().message ==
        "https://other.example:443: the server's certificate is for another host, not for 'other.example'");
}

TEST_CASE("a kept tunnel that turns out dead is replaced once by a fresh one") {
  test_authority authority;
  const auto files = authority.issue("DNS:api.example");
  asio::io_context context;
  int requests = 0;
  const auto gone_at_second = [&](server_request, server_reply& reply) -> awaitable<void> {
    if (++requests == 2) {
      reply.reset();
      co_return;
    }
    co_await reply.send(200, {}, "ok");
  };
  const auto server = http_server::listen(context.get_executor(), gone_at_second,
                                          {.certificate_file = files.certificate, .private_key_file = files.key})
                          .value();
  tunnelling_proxy proxy(context, server.port());
  const auto client = client_of(context, {.ca_file = authority.ca_file(), .proxy = proxied(proxy.port())});
  for (int i = 0; i < 3; ++i) {
    const auto reply = run(context, client->send(request_to("https://api.example/v1")));
    REQUIRE(reply);
    CHECK(reply->body == "ok");
  }
  CHECK(requests == 4);
  CHECK(proxy.asked.size() == 2);
}

TEST_CASE("http is sent to the proxy in absolute form, over kept connections") {
  asio::io_context context;
  std::vector<std::string> seen;
  raw_server proxy(context, [&](raw_peer& peer, int) -> awaitable<void> {
    for (;;) {
      const std::string request = co_await peer.message();
      if (request.empty()) co_return;
      seen.push_back(request);
      co_await peer.send(ok_reply);
    }
  });
  const auto client = client_of(context, {.user_agent = "t", .proxy = proxied(proxy.port(), "u:p")});
  for (int i = 0; i < 2; ++i) CHECK(run(context, client->send(request_to("http://api.example:8080/v1/x?a=b"))));
  CHECK(proxy.accepted() == 1);
  REQUIRE(seen.size() == 2);
  CHECK(seen[1] ==
        "POST http://api.example:8080/v1/x?a=b HTTP/1.1\r\nHost: api.example:8080\r\nUser-Agent: t\r\n"
        "Authorization: Bearer k\r\nProxy-Authorization: Basic dTpw\r\nContent-Length: 8\r\n\r\nquestion");
}

TEST_CASE("what is not for the proxy goes directly") {
  asio::io_context context;
  raw_server server(context, always(ok_reply)), proxy(context, once("HTTP/1.1 500 No\r\n\r\n"));
  proxy_settings settings = proxied(proxy.port());
  settings.bypass = proxy_bypass("127.0.0.1");
  CHECK(run(context, client_of(context, {.proxy = settings})->send(get(server))));
  CHECK(proxy.accepted() == 0);
}

TEST_CASE("every refusal of the proxy is one clear error that names it and not its password") {
  struct row {
    std::string reply;
    const char* credentials;
    errc code;
    std::string message;
    retry_class retry = retry_class::unspecified;
  };
  const std::string length = "Content-Length: 100000000\r\n\r\n";
  const row rows[] = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n" + length + "no", "",
       errc::connect_failed, " refused: HTTP 407: it wants a user and password (http://USER:PASSWORD@HOST:PORT)",
       retry_class::terminal},
      {"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", "user:password", errc::connect_failed,
       " refused: HTTP 407: it does not accept the user and password", retry_class::terminal},
      {"HTTP/1.1 403 Forbidden user:password\r\nTransfer-Encoding: chunked\r\n\r\n", "user:password",
       errc::connect_failed, " refused: HTTP 403", retry_class::terminal},
      {"HTTP/1.1 302 Found\r\nLocation: http://login\r\n\r\n", "", errc::connect_failed, " refused: HTTP 302",
       retry_class::terminal},
      {"HTTP/1.1 502 Bad Gateway\r\n" + length, "", errc::connect_failed,
       " refused: HTTP 502: it could not reach the target", retry_class::transient},
      {"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 504 Timeout\r\n\r\n", "", errc::connect_failed,
       " refused: HTTP 504: it could not reach the target", retry_class::transient},
      {"", "", errc::connection_lost, ": the server closed the connection before any byte of the reply"},
      {"HTTP/1.1 20", "", errc::connection_lost, ": the server closed the connection inside the reply's header"},
      {"SSH-2.0-x\r\n", "", errc::protocol_error, ": the reply is not valid HTTP: bad version"},
      {"HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'a'), "", errc::too_large,
       ": the reply's header is larger than 65536 bytes"},
      {"HTTP/1.1 200 OK\r\n\r\nhello", "", errc::protocol_error, " sent bytes of its own into the tunnel"},
  };
  for (const auto& r : rows) {
    INFO(r.reply.substr(0, 60));
    asio::io_context context;
    raw_server proxy(context, once(r.reply));
    const auto client = client_of(context, {.proxy = proxied(proxy.port(), r.credentials)});
    const auto reply = run(context, client->send(request_to("https://api.example/v1")));
    REQUIRE_FALSE(reply);
    CHECK(code_name(reply.error()) == to_string(r.code));
    CHECK(reply.error().message == concat("https://api.example:443: the proxy ", proxy.base_url(), r.message));
    CHECK(reply.error().retry == r.retry);
    CHECK(proxy.accepted() == 1);
    settle(context);
    CHECK(proxy.open() == 0);
  }
}

TEST_CASE("a proxy that wants a password says so for http as well") {
  asio::io_context context;
  raw_server proxy(context, always("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"));
  const auto reply =
      run(context, client_of(context, {.proxy = proxied(proxy.port())})->send(request_to("http://api.example/v1")));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().message ==
        concat("http://api.example:80: the proxy ", proxy.base_url(),
               " refused: HTTP 407: it wants a user and password (http://USER:PASSWORD@HOST:PORT)"));
}

TEST_CASE("a proxy that says nothing ends with the connect limit") {
  asio::io_context context;
  raw_server proxy(context, [](raw_peer& peer, int) -> awaitable<void> { co_await peer.end(); });
  const auto client = client_of(context, {.connect_timeout = 20ms, .proxy = proxied(proxy.port())});
  const auto reply = run(context, client->send(request_to("https://api.example/v1")));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().is(errc::connect_failed));
  CHECK(reply.error().message == concat("https://api.example:443: the proxy ", proxy.base_url(),
                                        ": no connection within the connect limit of 20 ms"));
  settle(context);
  CHECK(proxy.open() == 0);
}

TEST_CASE("a proxy that is not there is named") {
  asio::io_context context;
  std::uint16_t port = 0;
  {
    raw_server gone(context, always(ok_reply));
    port = gone.port();
  }
  const auto reply =
      run(context, client_of(context, {.proxy = proxied(port)})->send(request_to("https://api.example/v1")));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().is(errc::connect_failed));
  CHECK(reply.error().message == concat("https://api.example:443: the proxy http://127.0.0.1:", port,
                                        ": cannot connect to 127.0.0.1 port ", port, ": Connection refused"));
}

TEST_CASE("the proxy's name is looked up once, the targets' names never") {
  asio::io_context context;
  raw_server proxy(context, once("HTTP/1.1 200 OK\r\n\r\n"));
  std::vector<std::string> questions;
  const auto names = std::make_shared<name_resolver>(context.get_executor(), [&](std::string host, auto answered) {
    questions.push_back(host);
    asio::post(context, [answered] { answered({}, {asio::ip::make_address("127.0.0.1")}); });
  });
  const auto c = connector::make(context.get_executor(), {}, names).value();
  const proxy_server via = parse_proxy(concat("proxy.example:", proxy.port())).value();
  deadline limits(context.get_executor());
  for (const char* target : {"https://a.example", "https://b.example"}) {
    const auto opened = run(context, c->connect(url_at(target), limits, &via));
    REQUIRE_FALSE(opened);
    CHECK(opened.error().is(errc::tls_failed));  // through the tunnel: this proxy leads nowhere
  }
  CHECK(questions == std::vector<std::string>{"proxy.example"});
}

TEST_CASE("cancelling closes the connection to the proxy at once") {
  asio::io_context context;
  gate asked;
  raw_server proxy(context, [&](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.read_until("\r\n\r\n");
    asked.open();
    co_await peer.end();
  });
  const auto client = client_of(context, {.proxy = proxied(proxy.port())});
  auto body = [&]() -> awaitable<void> {
    scope request(context.get_executor());
    request.spawn([&]() -> awaitable<void> { co_await client->send(request_to("https://api.example/v1")); });
    co_await asked.pass();
    request.cancel();
    co_await request.join();
  };
  run(context, body());
  settle(context);
  CHECK(proxy.open() == 0);
}
