#include "net/request_reader.hpp"

#include <catch2/catch_test_macros.hpp>

#include "net/server_fixture.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using namespace std::string_literals;

TEST_CASE("a request arrives whole and its reply goes back") {
  server_fixture f(echo);
  CHECK(f.answer_to("POST /a%20b?c=d HTTP/1.1\r\nX-A: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody") ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\nConnection: close\r\n\r\nPOST /a b c=d 1 "
        "body");
  CHECK(f.answer_to(
            "PUT http://h/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\nConnection: close\r\n\r\nPUT /x   ab");
}

TEST_CASE("a bad request is refused with its status and the connection closed") {
  server_fixture f(send_ok, {.max_body_bytes = 10});
  struct row {
    const char* name;
    std::string request;
    const char *status, *text;
  };
  const row rows[] = {
      {"garbage", "hello there\r\n\r\n", "400 Bad Request", "the request is not valid HTTP"},
      {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and more of it"s, "400 Bad Request",
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
  server_fixture f(echo);
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
