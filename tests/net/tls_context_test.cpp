#include "net/tls_context.hpp"

#include <cstdlib>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/net/http_client.hpp>
#include <corchestra/net/http_server.hpp>

#include "net/raw_server.hpp"
#include "net/test_certificates.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

struct context_fixture {
  explicit context_fixture(const certificate_files& files)
      : server(http_server::listen(context.get_executor(), answer,
                                   {.certificate_file = files.certificate, .private_key_file = files.key})
                   .value()) {}

  static awaitable<void> answer(server_request request, server_reply& reply) {
    co_await reply.send(200, {}, request.path + request.body);
  }

  result<http_response> ask(const std::string& host, http_client_options options, std::string body = {}) {
    return ask_with(make_http_client(context.get_executor(), std::move(options)).value(), host, std::move(body));
  }
  result<http_response> ask_with(std::shared_ptr<http_client> client, const std::string& host, std::string body = {}) {
    http_request request;
    request.method = "POST";
    request.target = url_at(concat("https://", host, ":", server.port()), "/x");
    request.body = std::move(body);
    return run(context, client->send(std::move(request)));
  }

  asio::io_context context;
  http_server server;
};

}  // namespace

TEST_CASE("HTTPS works against a certificate of a trusted authority, by name and by address") {
  test_authority authority;
  context_fixture f(authority.issue("DNS:localhost,IP:127.0.0.1"));
  CHECK(f.server.base_url() == concat("https://127.0.0.1:", f.server.port()));
  for (const char* host : {"localhost", "127.0.0.1"}) {
    INFO(host);
    for (const std::size_t size : {0u, 100u, 100'000u}) {
      const std::string body(size, 'a');
      const auto reply = f.ask(host, {.ca_file = authority.ca_file()}, body);
      REQUIRE(reply);
      CHECK(reply->body == "/x" + body);
    }
  }
}

TEST_CASE("a TLS connection is kept for the next request") {
  test_authority authority;
  context_fixture f(authority.issue("IP:127.0.0.1"));
  const auto client = make_http_client(f.context.get_executor(), {.ca_file = authority.ca_file()}).value();
  for (int i = 0; i < 3; ++i) REQUIRE(f.ask_with(client, "127.0.0.1"));
  CHECK(f.server.open_connections() == 1);
}

TEST_CASE("a certificate that cannot be trusted is refused with the reason") {
  test_authority authority, stranger;
  struct row {
    certificate_files files;
    const char* message;
  };
  const row rows[] = {
      {authority.issue("DNS:other.example,IP:127.0.0.2"),
       "the server's certificate is for another host, not for '127.0.0.1'"},
      {authority.issue("DNS:127.0.0.1"), "the server's certificate is for another host, not for '127.0.0.1'"},
      {authority.issue("IP:127.0.0.1", -2, -1), "the server's certificate has expired"},
      {authority.issue("IP:127.0.0.1", 1, 2), "the server's certificate is not valid yet"},
      {authority.self_signed("IP:127.0.0.1"), "the server's certificate is self-signed and not among the trusted ones"},
      {stranger.issue("IP:127.0.0.1"), "the server's certificate is signed by an unknown authority"},
  };
  for (const auto& r : rows) {
    INFO(r.message);
    context_fixture f(r.files);
    const auto reply = f.ask("127.0.0.1", {.ca_file = authority.ca_file()});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().is(errc::tls_failed));
    CHECK(reply.error().message == concat("https://127.0.0.1:", f.server.port(), ": ", r.message));
  }
}

TEST_CASE("a name is checked against the certificate's names") {
  test_authority authority;
  context_fixture f(authority.issue("DNS:other.example"));
  const auto reply = f.ask("localhost", {.ca_file = authority.ca_file()});
  REQUIRE_FALSE(reply);
  CHECK(reply.error().message == concat("https://localhost:", f.server.port(),
                                        ": the server's certificate is for another host, not for 'localhost'"));
}

TEST_CASE("SSL_CERT_FILE names the trusted authorities when no file is given") {
  test_authority authority;
  context_fixture f(authority.issue("IP:127.0.0.1"));
  setenv("SSL_CERT_FILE", authority.ca_file().c_str(), 1);
  const auto trusted = f.ask("127.0.0.1", {});
  setenv("SSL_CERT_FILE", "/nonexistent", 1);
  const auto untrusted = f.ask("127.0.0.1", {});
  unsetenv("SSL_CERT_FILE");
  CHECK(trusted);
  REQUIRE_FALSE(untrusted);
  CHECK(untrusted.error().is(errc::tls_failed));
}

TEST_CASE("verification can be switched off, which is logged") {
  test_authority authority;
  context_fixture f(authority.self_signed("DNS:other.example"));
  std::string logged;
  const logger log(log_level::warn, [&](log_level, std::string_view, std::string_view message) { logged += message; });
  CHECK(f.ask("127.0.0.1", {.verify_peer = false, .logger = log}));
  CHECK(logged == "TLS certificates are not verified: for tests only");
}

TEST_CASE("a server that does not speak TLS is one clear error") {
  asio::io_context context;
  raw_server server(context, [](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.read(1);
    co_await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  http_request request;
  request.target = url_at(concat("https://127.0.0.1:", server.port()));
  const auto client = make_http_client(context.get_executor(), {.verify_peer = false}).value();
  const auto reply = run(context, client->send(request));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().is(errc::tls_failed));
  CHECK(reply.error().message.starts_with(concat("https://127.0.0.1:", server.port(), ": the TLS handshake failed: ")));
}

TEST_CASE("a handshake that stalls ends with the connect limit") {
  asio::io_context context;
  raw_server server(context, [](raw_peer& peer, int) -> awaitable<void> { co_await peer.end(); });
  http_request request;
  request.target = url_at(concat("https://127.0.0.1:", server.port()));
  const auto client = make_http_client(context.get_executor(), {.connect_timeout = 20ms, .verify_peer = false}).value();
  const auto reply = run(context, client->send(request));
  REQUIRE_FALSE(reply);
  CHECK(reply.error().is(errc::connect_failed));
  CHECK(reply.error().message ==
        concat("https://127.0.0.1:", server.port(), ": no connection within the connect limit of 20 ms"));
}

TEST_CASE("files that are no certificates are refused by name") {
  const temp_dir folder;
  test_authority authority;
  const auto files = authority.issue("DNS:h");
  asio::io_context context;
  const std::string text = folder.write("text.pem", "no certificate");
  for (const std::string& path : {text, folder.file("missing.pem")}) {
    INFO(path);
    const auto client = make_http_client(context.get_executor(), {.ca_file = path});
    REQUIRE_FALSE(client);
    CHECK(client.error().is(errc::invalid_argument));
    CHECK(client.error().message.starts_with(
        concat("ca_file '", path, "': expected a readable PEM file of certificates: ")));
    const auto chain = make_server_tls(path, files.key);
    REQUIRE_FALSE(chain);
    CHECK(chain.error().message.starts_with(
        concat("certificate_file '", path, "': expected a readable PEM certificate: ")));
    const auto key = make_server_tls(files.certificate, path);
    REQUIRE_FALSE(key);
    CHECK(
        key.error().message.starts_with(concat("private_key_file '", path, "': expected the certificate's PEM key: ")));
  }
  const auto half =
      http_server::listen(context.get_executor(), context_fixture::answer, {.certificate_file = files.certificate});
  REQUIRE_FALSE(half);
  CHECK(half.error().message == "TLS needs both certificate_file and private_key_file");
}

TEST_CASE("nothing below TLS 1.2 is spoken") {
  test_authority authority;
  const auto files = authority.issue("DNS:h");
  CHECK(SSL_CTX_get_min_proto_version(make_client_tls("", true).value()->native_handle()) == TLS1_2_VERSION);
  CHECK(SSL_CTX_get_min_proto_version(make_server_tls(files.certificate, files.key).value()->native_handle()) ==
        TLS1_2_VERSION);
}

TEST_CASE("names are sent in the handshake, addresses are not") {
  const auto context = make_client_tls("", true).value();
  asio::io_context io;
  for (const auto& [host, sent] :
       {std::pair{"api.example", "api.example"}, std::pair{"127.0.0.1", ""}, std::pair{"::1", ""}}) {
    asio::ssl::stream<asio::ip::tcp::socket> stream(io, *context);
    expect_host(stream.native_handle(), host);
    const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    CHECK(std::string(name ? name : "") == sent);
  }
}
