#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/gather.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/net/http_client.hpp>
#include <corchestra/net/http_server.hpp>

#include "net/raw_server.hpp"
#include "support/gate.hpp"
#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

struct fixture {
  explicit fixture(request_handler handler, http_server_options options = {})
      : server(http_server::listen(context.get_executor(), std::move(handler), std::move(options)).value()) {}

  // What a client gets for these bytes until the server closes.
  std::string answer_to(std::string bytes) {
    auto talk = [&]() -> awaitable<std::string> {
      const auto peer = co_await raw_connect(context, server.port());
      co_await peer->send(bytes);
      std::string all = co_await peer->rest();
      co_return all;
    };
    return run(context, talk());
  }

  asio::io_context context;
  http_server server;
};

awaitable<void> send_ok(server_request, server_reply& reply) {
  const auto sent = co_await reply.send(200, {}, "ok");
  CHECK(sent);
}

awaitable<void> echo(server_request request, server_reply& reply) {
  std::string text =
      concat(request.method, " ", request.path, " ", request.query, " ", request.headers.get("x-a"), " ", request.body);
  co_await reply.send(200, {{"Content-Type", "text/plain"}}, std::move(text));
}

}  // namespace

TEST_CASE("a request arrives whole and its reply goes back") {
  fixture f(echo);
  CHECK(f.answer_to("POST /a%20b?c=d HTTP/1.1\r\nX-A: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody") ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\nConnection: close\r\n\r\nPOST /a b c=d 1 "
        "body");
  CHECK(f.answer_to(
            "PUT http://h/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\nConnection: close\r\n\r\nPUT /x   ab");
}

TEST_CASE("a connection carries many requests, pipelined ones in order") {
  fixture f(echo);
  const std::string all =
      f.answer_to("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto first = all.find("GET /1"), second = all.find("GET /2"), third = all.find("GET /3");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != all.npos);
}

TEST_CASE("older clients and HEAD get what they understand") {
  fixture f(send_ok);
  CHECK(f.answer_to("GET / HTTP/1.0\r\n\r\n") == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  CHECK(f.answer_to("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  CHECK(f.answer_to("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
}

TEST_CASE("a bad request is refused with its status and the connection closed") {
  fixture f(send_ok, {.max_body_bytes = 10});
  struct row {
    const char* name;
    std::string request;
    const char *status, *text;
  };
  const row rows[] = {
      {"garbage", "hello there\r\n\r\n", "400 Bad Request", "the request is not valid HTTP"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and more of it", 29), "400 Bad Request",
       "the request is not valid HTTP"},
      {"relative path", "GET x HTTP/1.1\r\n\r\n", "400 Bad Request", "the request's path is not valid"},
      {"bad escape", "GET /%zz HTTP/1.1\r\n\r\n", "400 Bad Request", "the request's path is not valid"},
      {"long body", "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\nhello world", "413 Payload Too Large",
       "the request's body is too large"},
      {"long chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
       "413 Payload Too Large", "the request's body is too large"},
      {"long header", "GET / HTTP/1.1\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n",
       "431 Request Header Fields Too Large", "the request's header is too large"},
      {"endless chunk line", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(80'000, 'a'),
       "431 Request Header Fields Too Large", "a line of the request is too large"},
  };
  for (const auto& r : rows) {
    INFO(r.name);
    CHECK(f.answer_to(r.request) == concat("HTTP/1.1 ", r.status, "\r\nContent-Type: text/plain\r\nContent-Length: ",
                                           std::string_view(r.text).size() + 1, "\r\nConnection: close\r\n\r\n", r.text,
                                           '\n'));
  }
}

TEST_CASE("a client that waits for permission to send its body gets it") {
  fixture f(echo);
  auto talk = [&]() -> awaitable<std::string> {
    const auto peer = co_await raw_connect(f.context, f.server.port());
    co_await peer->send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
    const std::string interim = co_await peer->read_until("\r\n\r\n");
    CHECK(interim == "HTTP/1.1 100 Continue\r\n\r\n");
    co_await peer->send("body");
    std::string all = co_await peer->rest();
    co_return all;
  };
  CHECK(run(f.context, talk()).ends_with("POST /   body"));
}

TEST_CASE("query values are decoded") {
  server_request r;
  r.query = "a=1%202&b=x+y&c&%64=e&a=3";
  CHECK(r.query_value("a") == "1 2");
  CHECK(r.query_value("b") == "x y");
  CHECK(r.query_value("c").empty());
  CHECK(r.query_value("d") == "e");
  CHECK(r.query_value("z").empty());
  r.query = "%zz";
  CHECK(r.query_value("a").empty());
}

TEST_CASE("a reply can be written in chunks") {
  fixture f([](server_request, server_reply& reply) -> awaitable<void> {
    co_await reply.start(200, {{"X", "y"}});
    co_await reply.write("hello");
    co_await reply.write("");
    co_await reply.write(std::string(16, 'a'));
  });
  CHECK(f.answer_to("GET / HTTP/1.1\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "5\r\nhello\r\n10\r\naaaaaaaaaaaaaaaa\r\n0\r\n\r\n");
  CHECK(f.answer_to("GET / HTTP/1.0\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nhelloaaaaaaaaaaaaaaaa");
}

TEST_CASE("a reply out of order or with a bad field is refused and nothing is sent of it") {
  fixture f([](server_request, server_reply& reply) -> awaitable<void> {
    const auto early = co_await reply.write("x");
    CHECK(early.error().message ==
          "a reply is either sent whole, or started, written and finished: it has not been started");
    const auto finished = co_await reply.finish();
    CHECK(finished.error().is(errc::invalid_argument));
    const auto split = co_await reply.send(200, {{"A", "b\r\nC: d"}}, "");
    CHECK(split.error().message == "header 'A': the value holds a control character");
    const auto sent = co_await reply.send(200, {}, "ok");
    CHECK(sent);
    const auto again = co_await reply.send(200, {}, "ok");
    CHECK(again.error().message ==
          "a reply is either sent whole, or started, written and finished: it has begun already");
    const auto started = co_await reply.start(200, {});
    CHECK_FALSE(started);
  });
  CHECK(f.answer_to("GET / HTTP/1.1\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

TEST_CASE("a handler that throws or says nothing is a 500, and the connection goes on") {
  fixture f([](server_request request, server_reply& reply) -> awaitable<void> {
    if (request.path == "/throw") throw std::runtime_error("secret");
    if (request.path == "/cut") {
      co_await reply.start(200, {});
      throw std::runtime_error("secret");
    }
  });
  CHECK(f.answer_to("GET /throw HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\n\r\nGET /cut HTTP/1.1\r\n\r\n") ==
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 29\r\n\r\nthe request's "
        "handler failed\n"
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 36\r\n\r\n"
        "the request's handler gave no reply\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("[L9] a handler is cancelled when its client goes away") {
  for (const bool reset : {false, true}) {
    INFO(reset);
    gate ended;
    bool aborted = false;
    fixture f([&](server_request, server_reply& reply) -> awaitable<void> {
      co_await reply.start(200, {});
      co_await reply.write("begun");
      try {
        co_await sleep_for(24h);
      } catch (const boost::system::system_error& e) {
        aborted = e.code() == asio::error::operation_aborted;
      }
      ended.open();
    });
    auto talk = [&]() -> awaitable<void> {
      const auto peer = co_await raw_connect(f.context, f.server.port());
      co_await peer->send("GET / HTTP/1.1\r\n\r\n");
      co_await peer->read_until("begun");
      if (reset) {
        peer->reset();
      } else {
        peer->close();
      }
      co_await ended.pass();
    };
    run(f.context, talk());
    CHECK(aborted);
  }
}

TEST_CASE("stopping cancels the handlers, closes every connection and waits for their end") {
  gate begun;
  bool cleaned = false;
  fixture f([&](server_request, server_reply&) -> awaitable<void> {
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

TEST_CASE("raw bytes and resets let a test misbehave") {
  fixture f([](server_request request, server_reply& reply) -> awaitable<void> {
    if (request.path == "/reset") {
      reply.reset();
      const auto late = co_await reply.write_raw("x");
      CHECK(late.error().is(errc::connection_lost));
      co_return;
    }
    co_await reply.write_raw("not ");
    co_await reply.write_raw("HTTP");
  });
  CHECK(f.answer_to("GET / HTTP/1.1\r\n\r\n") == "not HTTP");
  auto talk = [&]() -> awaitable<boost::system::error_code> {
    const auto peer = co_await raw_connect(f.context, f.server.port());
    co_await peer->send("GET /reset HTTP/1.1\r\n\r\n");
    const auto end = co_await peer->end();
    co_return end;
  };
  CHECK(run(f.context, talk()) == asio::error::connection_reset);
}

TEST_CASE("an idle connection is closed in silence") {
  fixture f(send_ok, {.idle_timeout = 20ms});
  CHECK(f.answer_to("") == "");
  CHECK(f.answer_to("GET / HTT") == "");
  CHECK(f.answer_to("GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

TEST_CASE("connections above the limit wait to be accepted") {
  fixture f(send_ok, {.max_connections = 1});
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
  fixture f(send_ok);
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
    fixture f([&](server_request, server_reply& reply) -> awaitable<void> {
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
