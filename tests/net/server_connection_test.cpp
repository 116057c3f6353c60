#include "net/server_connection.hpp"

#include <catch2/catch_test_macros.hpp>

#include "net/server_fixture.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("a connection carries many requests, pipelined ones in order") {
  server_fixture f(echo);
  const std::string all =
      f.answer_to("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto first = all.find("GET /1"), second = all.find("GET /2"), third = all.find("GET /3");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != all.npos);
}

TEST_CASE("a handler that throws or says nothing is a 500, and the connection goes on") {
  server_fixture f([](server_request request, server_reply& reply) -> awaitable<void> {
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

TEST_CASE("an idle connection is closed in silence") {
  server_fixture f(send_ok, {.idle_timeout = 20ms});
  CHECK(f.answer_to("") == "");
  CHECK(f.answer_to("GET / HTT") == "");
  CHECK(f.answer_to("GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}
