#include "net/tls_sessions.hpp"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <thread>
#include <vector>

#include <corchestra/base/text.hpp>
#include <corchestra/net/http_server.hpp>

#include "net/connector.hpp"
#include "net/raw_server.hpp"
#include "net/test_certificates.hpp"
#include "net/tls_context.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

using context_ptr = std::shared_ptr<asio::ssl::context>;

// The two ends of a connection in memory.
class tls_pair {
 public:
  tls_pair(const context_ptr& client, const context_ptr& server)
      : client_(SSL_new(client->native_handle()), SSL_free), server_(SSL_new(server->native_handle()), SSL_free) {
    BIO *near = nullptr, *far = nullptr;
    BIO_new_bio_pair(&near, 0, &far, 0);
    SSL_set_bio(client_.get(), near, near);
    SSL_set_bio(server_.get(), far, far);
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server_.get());
  }

  SSL* client() { return client_.get(); }

  // The handshake and one byte from the server, with which its tickets arrive.
  bool talk() {
    int done = 0;
    for (int i = 0; i < 10 && done != 1; ++i) {
      SSL_do_handshake(client_.get());
      done = SSL_do_handshake(server_.get());
    }
    char byte = 'x';
    return SSL_write(server_.get(), &byte, 1) == 1 && SSL_read(client_.get(), &byte, 1) == 1;
  }

 private:
  std::unique_ptr<SSL, decltype(&SSL_free)> client_, server_;
};

struct sessions_fixture {
  context_ptr make_server(const std::string& names = "DNS:a.example") {
    const auto files = authority.issue(names);
    return make_server_tls(files.certificate, files.key).value();
  }

  struct outcome {
    bool connected, resumed;
    long verdict;
  };
  outcome connect(const context_ptr& server, const std::string& host) {
    tls_pair pair(client, server);
    expect_host(pair.client(), host);
    sessions->prepare(pair.client(), host, now);
    const bool connected = pair.talk();
    return {connected, SSL_session_reused(pair.client()) == 1, SSL_get_verify_result(pair.client())};
  }

  test_authority authority;
  context_ptr client = make_client_tls(authority.ca_file(), true).value();
  time_point now;
  std::shared_ptr<tls_sessions> sessions = std::make_shared<tls_sessions>();
};

}  // namespace

TEST_CASE("the second connection resumes the first one's session, and so does every one after it") {
  for (const int protocol : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    INFO(protocol);
    sessions_fixture f;
    const auto server = f.make_server();
    SSL_CTX_set_max_proto_version(server->native_handle(), protocol);
    const auto first = f.connect(server, "a.example");
    CHECK(first.connected);
    CHECK_FALSE(first.resumed);
    const auto second = f.connect(server, "a.example");
    CHECK(second.connected);
    CHECK(second.resumed);
    CHECK(second.verdict == X509_V_OK);
    if (protocol == TLS1_2_VERSION) continue;  // a ticket once used is not renewed
    for (int i = 0; i < 10; ++i) CHECK(f.connect(server, "a.example").resumed);
  }
}

TEST_CASE("a session is used once") {
  sessions_fixture f;
  const auto server = f.make_server();
  SSL_CTX_set_num_tickets(server->native_handle(), 1);
  CHECK(f.connect(server, "a.example").connected);
  CHECK(f.sessions->kept("a.example") == 1);
  tls_pair one(f.client, server), two(f.client, server);
  f.sessions->prepare(one.client(), "a.example", f.now);
  f.sessions->prepare(two.client(), "a.example", f.now);
  CHECK(f.sessions->kept("a.example") == 0);
  CHECK(SSL_get0_session(one.client()) != nullptr);
  CHECK(SSL_get0_session(two.client()) == nullptr);
}

TEST_CASE("the certificate is checked again after an hour, however often the session was renewed") {
  sessions_fixture f;
  const auto server = f.make_server();
  CHECK(f.connect(server, "a.example").connected);
  for (int i = 0; i < 5; ++i) {
    f.now += 11min;
    CHECK(f.connect(server, "a.example").resumed);
  }
  f.now += 5min;
  CHECK_FALSE(f.connect(server, "a.example").resumed);
  f.now += 59min;
  CHECK(f.connect(server, "a.example").resumed);
}

TEST_CASE("a session that the server refuses still gives a full handshake") {
  sessions_fixture f;
  CHECK(f.connect(f.make_server(), "a.example").connected);
  const auto restarted = f.make_server();  // with other ticket keys
  const auto again = f.connect(restarted, "a.example");
  CHECK(again.connected);
  CHECK_FALSE(again.resumed);
  CHECK(f.connect(restarted, "a.example").resumed);
}

TEST_CASE("a refused session does not save a server the check of its certificate") {
  sessions_fixture f;
  CHECK(f.connect(f.make_server(), "a.example").connected);
  const auto impostor = f.connect(f.make_server("DNS:b.example"), "a.example");
  CHECK_FALSE(impostor.connected);
  CHECK_FALSE(impostor.resumed);
  CHECK(impostor.verdict == X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_CASE("a session is never used for another host, whose name is checked against the certificate") {
  sessions_fixture f;
  const auto server = f.make_server();
  CHECK(f.connect(server, "a.example").connected);
  const auto other = f.connect(server, "b.example");
  CHECK_FALSE(other.connected);
  CHECK_FALSE(other.resumed);
  CHECK(other.verdict == X509_V_ERR_HOSTNAME_MISMATCH);
  CHECK(f.sessions->kept("b.example") == 0);
}

TEST_CASE("the sessions that are kept are bounded, for each origin and in all") {
  sessions_fixture f;
  const auto server = f.make_server();
  SSL_CTX_set_num_tickets(server->native_handle(), 10);
  const auto connect = [&](const std::string& origin) {
    tls_pair pair(f.client, server);
    f.sessions->prepare(pair.client(), origin, f.now);
    CHECK(pair.talk());
  };
  connect("first");
  CHECK(f.sessions->kept("first") == tls_sessions::max_each);
  connect("second");
  for (std::size_t i = 2; i < tls_sessions::max_origins; ++i) connect(concat("origin ", i));
  connect("first");
  connect("one too many");
  CHECK(f.sessions->kept("first") == tls_sessions::max_each);
  CHECK(f.sessions->kept("second") == 0);
  CHECK(f.sessions->kept("one too many") == tls_sessions::max_each);
}

TEST_CASE("a connection may outlive the client's other parts and still be given sessions") {
  sessions_fixture f;
  tls_pair pair(f.client, f.make_server());
  f.sessions->prepare(pair.client(), "a.example", f.now);
  f.sessions.reset();
  f.client.reset();
  CHECK(pair.talk());
}

TEST_CASE("connections on several threads share the sessions") {
  sessions_fixture f;
  const auto server = f.make_server();
  CHECK(f.connect(server, "a.example").connected);
  std::atomic<int> connected = 0, resumed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 10; ++k) {
        const auto outcome = f.connect(server, "a.example");
        connected += outcome.connected;
        resumed += outcome.resumed;
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(connected == 40);
  CHECK(resumed >= 10);
}

TEST_CASE("connections of a connector resume the sessions of their origin") {
  test_authority authority;
  const auto files = authority.issue("DNS:localhost,IP:127.0.0.1");
  asio::io_context context;
  const auto answer = [](server_request, server_reply& reply) -> awaitable<void> {
    co_await reply.send(200, {}, "ok");
  };
  const auto server = http_server::listen(context.get_executor(), answer,
                                          {.certificate_file = files.certificate, .private_key_file = files.key})
                          .value();
  const auto c = connector::make(context.get_executor(), {.ca_file = authority.ca_file()}).value();
  const auto unused = make_client_tls("", false).value();
  const auto resumes = [&](const std::string& host) {
    auto body = [&]() -> awaitable<bool> {
      deadline limits(context.get_executor());
      auto opened = co_await c->connect(url_at(concat("https://", host, ":", server.port())), limits);
      if (!opened) throw error_exception(opened.error());
      auto& stream = (*opened)->stream;
      co_await stream.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "");
      char reply[1024];
      const auto read = co_await stream.read_some(asio::buffer(reply));
      if (read.ec) throw boost::system::system_error(read.ec);
      co_return SSL_session_reused(stream.start_tls(*unused).native_handle()) == 1;
    };
    return run(context, body());
  };
  CHECK_FALSE(resumes("localhost"));
  CHECK(resumes("localhost"));
  CHECK_FALSE(resumes("127.0.0.1"));
  CHECK(resumes("127.0.0.1"));
  CHECK(resumes("localhost"));
}
