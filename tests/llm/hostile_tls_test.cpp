#include <boost/asio/ssl/stream.hpp>

#include "llm/hostile_endpoint.hpp"
#include "net/test_certificates.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

using tls_stream = asio::ssl::stream<asio::ip::tcp::socket&>;
using talk = std::function<awaitable<void>(tls_stream& stream)>;

const std::string good = json_reply(reply_saying("Hi.").dump());
constexpr auto token = asio::use_awaitable;

awaitable<void> write(tls_stream& stream, std::string text) {
  boost::system::error_code ignored;
  co_await asio::async_write(stream, asio::buffer(text), asio::redirect_error(token, ignored));
}
awaitable<std::string> read(tls_stream& stream) {
  std::string text(4096, '\0');
  boost::system::error_code ignored;
  const std::size_t n = co_await stream.async_read_some(asio::buffer(text), asio::redirect_error(token, ignored));
  co_return text.substr(0, n);
}

// A server that speaks TLS with this certificate, and then what `t` says.
raw_server::script tls(const certificate_files& files, talk t, int newest = TLS1_3_VERSION) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  context->use_certificate_chain_file(files.certificate);
  context->use_private_key_file(files.key, asio::ssl::context::pem);
  SSL_CTX_set_max_proto_version(context->native_handle(), newest);
  return [context, t](raw_peer& peer, int) -> awaitable<void> {
    tls_stream stream(peer.socket(), *context);
    boost::system::error_code failed;
    co_await stream.async_handshake(tls_stream::server, asio::redirect_error(token, failed));
    if (failed) co_return;
    co_await t(stream);
  };
}

awaitable<void> answer_once(tls_stream& stream) {
  const std::string request = co_await read(stream);
  co_await write(stream, good);
}

struct tls_outcome {
  std::string code, message;
  int connections = 0;
};

// One call to https://localhost, with a single retry.
tls_outcome call(raw_server::script script, std::string ca_file, std::string host = "localhost",
                 duration connect_limit = 20s) {
  hostile_endpoint e({.script = std::move(script)});
  const std::string place = concat("https://", host, ":", e.server().port());
  e.options.base_url = place + "/v1";
  e.http.ca_file = std::move(ca_file);
  e.http.connect_timeout = connect_limit;
  const auto reply = e.call(false);
  CHECK(e.open_connections() == 0);
  if (reply) return {"an answer", reply->message.content, e.server().accepted()};
  std::string said = reply.error().message;
  if (said.starts_with(place + ": ")) said.erase(0, place.size() + 2);
  return {code_name(reply.error()), said, e.server().accepted()};
}

}  // namespace

TEST_CASE("hostile server: certificates that must not be trusted, and the key is not sent") {
  test_authority authority, other;
  struct row {
    const char* name;
    certificate_files files;
    const char* message;
  };
  const row rows[] = {
      {"another host", authority.issue("DNS:other.example,IP:127.0.0.2"),
       "the server's certificate is for another host, not for 'localhost'"},
      {"expired", authority.issue("DNS:localhost", -10, -1), "the server's certificate has expired"},
      {"not valid yet", authority.issue("DNS:localhost", 1, 10), "the server's certificate is not valid yet"},
      {"self-signed", authority.self_signed("DNS:localhost"),
       "the server's certificate is self-signed and not among the trusted ones"},
      {"an unknown authority", other.issue("DNS:localhost"),
       "the server's certificate is signed by an unknown authority"},
      {"a wildcard too wide", authority.issue("DNS:*"),
       "the server's certificate is for another host, not for 'localhost'"},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.name) {
      std::string seen;
      const tls_outcome o = call(tls(r.files,
                                     [&](tls_stream& stream) -> awaitable<void> {
                                       seen += co_await read(stream);
                                       co_await write(stream, good);
                                     }),
                                 authority.ca_file());
      CHECK(o.code == "tls_failed");
      CHECK(o.message == r.message);
      CHECK(o.connections == 1);
      CHECK(seen.empty());
    }
  }
}

TEST_CASE("hostile server: handshakes that fail") {
  test_authority authority;
  const auto files = authority.issue("DNS:localhost");
  const std::string again = "; given up after 2 tries";
  struct row {
    const char* name;
    raw_server::script script;
    std::string code, message;
    int connections;
  };
  const row rows[] = {
      {"closes at once", [](raw_peer&, int) -> awaitable<void> { co_return; }, "tls_failed",
       "the TLS handshake failed: the server ended the connection" + again, 2},
      {"closes after the first message", [](raw_peer& peer, int) -> awaitable<void> { co_await peer.read(100); },
       "tls_failed", "the TLS handshake failed: the server ended the connection" + again, 2},
      {"half a message",
       [](raw_peer& peer, int) -> awaitable<void> {
         co_await peer.read(100);
         co_await peer.send(std::string("\x16\x03\x03\x00\x7a\x02\x00", 7));
         peer.socket().shutdown(asio::ip::tcp::socket::shutdown_send);
         co_await peer.end();
       },
       "tls_failed", "the TLS handshake failed: the server ended the connection" + again, 2},
      {"resets",
       [](raw_peer& peer, int) -> awaitable<void> {
         co_await peer.read(100);
         peer.reset();
       },
       "tls_failed", "the TLS handshake failed: the server ended the connection" + again, 2},
      {"an alert",
       [](raw_peer& peer, int) -> awaitable<void> {
         co_await peer.read(100);
         co_await peer.send(std::string("\x15\x03\x03\x00\x02\x02\x28", 7));
         co_await peer.end();
       },
       "tls_failed", "the TLS handshake failed: *", 1},
      {"plain HTTP on the TLS port",
       [](raw_peer& peer, int) -> awaitable<void> {
         co_await peer.read(100);
         co_await peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
         co_await peer.end();
       },
       "tls_failed", "the TLS handshake failed: the server does not speak TLS here (http:// instead of https://?)", 1},
      {"garbage",
       [](raw_peer& peer, int) -> awaitable<void> {
         co_await peer.read(100);
         co_await peer.send(std::string(200, '\xee'));
         co_await peer.end();
       },
       "tls_failed", "the TLS handshake failed: *", 1},
      {"an old version of TLS", tls(files, answer_once, TLS1_1_VERSION), "tls_failed", "the TLS handshake failed: *",
       1},
      {"an error in mid-handshake from a flood",
       [](raw_peer& peer, int) -> awaitable<void> {
         co_await peer.read(100);
         co_await flood(peer, std::string("\x16\x03\x03\x40\x00", 5) + std::string(1u << 14, '\x02'));
       },
       "tls_failed", "the TLS handshake failed: *", 1},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.name) {
      const tls_outcome o = call(r.script, authority.ca_file());
      CHECK(o.code == r.code);
      CAPTURE(o.message);
      CHECK(like(o.message, r.message));
      CHECK(o.connections == r.connections);
    }
  }
}

TEST_CASE("hostile server: a handshake that stalls ends with the connect limit") {
  test_authority authority;
  const tls_outcome o =
      call([](raw_peer& peer, int) -> awaitable<void> { co_await peer.end(); }, authority.ca_file(), "localhost", 30ms);
  CHECK(o.code == "connect_failed");
  CHECK(o.message == "no connection within the connect limit of 30 ms; given up after 2 tries");
  CHECK(o.connections == 2);
}

TEST_CASE("hostile server: TLS on a plain port is no HTTP") {
  test_authority authority;
  const auto files = authority.issue("DNS:localhost");
  hostile_endpoint e({.script = tls(files, answer_once)});
  const auto reply = e.call(false);
  REQUIRE_FALSE(reply);
  CHECK((reply.error().is(errc::protocol_error) || reply.error().is(errc::connection_lost)));
  CHECK(e.open_connections() == 0);
}

TEST_CASE("hostile server: what comes after the handshake") {
  test_authority authority;
  const auto files = authority.issue("DNS:localhost");
  const std::string again = "; given up after 2 tries";
  const std::string body = reply_saying("Hi.").dump();
  const auto sends = [](std::string bytes, bool orderly) {
    return [bytes, orderly](tls_stream& stream) -> awaitable<void> {
      const std::string request = co_await read(stream);
      co_await write(stream, bytes);
      boost::system::error_code ignored;
      if (orderly) co_await stream.async_shutdown(asio::redirect_error(token, ignored));
    };
  };
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  struct row {
    const char* name;
    talk script;
    std::string code, message;
    int connections;
  };
  const row rows[] = {
      {"no close_notify after a whole reply", sends(good, false), "an answer", "Hi.", 1},
      {"close_notify ends a body without a length", sends(head + "\r\n" + body, true), "an answer", "Hi.", 1},
      {"without it that body may be cut", sends(head + "\r\n" + body, false), "connection_lost",
       concat("the server closed the connection inside the reply's body, after ", body.size(), " bytes", again), 2},
      {"cut inside the body", sends(head + "Content-Length: 5000\r\n\r\n" + body, false), "connection_lost",
       concat("the server closed the connection inside the reply's body, after ", body.size(), " of 5000 bytes", again),
       2},
      {"closed before any byte", sends("", true), "connection_lost",
       "the server closed the connection before any byte of the reply" + again, 2},
      {"not HTTP", sends("SSH-2.0-x\r\n", true), "protocol_error", "the reply is not valid HTTP: bad version", 1},
      {"bytes in clear between",
       [](tls_stream& stream) -> awaitable<void> {
         const std::string request = co_await read(stream);
         co_await asio::async_write(stream.next_layer(), asio::buffer(good), token);
       },
       "connection_lost", "the connection was lost (*) before any byte of the reply" + again, 2},
  };
  for (const auto& r : rows) {
    DYNAMIC_SECTION(r.name) {
      const tls_outcome o = call(tls(files, r.script), authority.ca_file());
      CHECK(o.code == r.code);
      CAPTURE(o.message);
      CHECK(like(o.message, r.message));
      CHECK(o.connections == r.connections);
    }
  }
}

TEST_CASE("hostile server: a second reply over TLS that nobody asked for is not given to the next call") {
  test_authority authority;
  const auto files = authority.issue("DNS:localhost");
  const auto says = [](std::string text) { return json_reply(reply_saying(std::move(text)).dump()); };
  gate answered, smuggled;
  bool later = false;
  const auto script = tls(files, [&](tls_stream& stream) -> awaitable<void> {
    std::string request = co_await read(stream);
    co_await write(stream, says("mine"));
    if (later) co_await answered.pass();
    co_await write(stream, says("smuggled"));
    smuggled.open();
    while (!request.empty()) request = co_await read(stream);
  });
  for (const bool wait : {false, true}) {
    CAPTURE(wait);
    later = wait;
    answered = gate();
    smuggled = gate();
    hostile_endpoint e({.script = script});
    e.options.base_url = concat("https://localhost:", e.server().port(), "/v1");
    e.http.ca_file = authority.ca_file();
    CHECK(e.call(false)->message.content == "mine");
    answered.open();
    run(e.context, smuggled.pass());
    CHECK(e.call(false)->message.content == "mine");
    CHECK(e.server().accepted() == 2);
  }
}
