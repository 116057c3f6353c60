#include "net/message_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;

namespace {
http_request request_of(std::string method, http_headers headers = {}, std::string body = {}) {
  http_request r;
  r.method = std::move(method);
  r.target = parse_url("http://h:8080/v1/x?a=b").value();
  r.headers = std::move(headers);
  r.body = std::move(body);
  return r;
}
}  // namespace

TEST_CASE("a request's head carries what the client owns") {
  CHECK(request_head(request_of("GET"), "c/1").value() ==
        "GET /v1/x?a=b HTTP/1.1\r\nHost: h:8080\r\nUser-Agent: c/1\r\n\r\n");
  CHECK(request_head(request_of("POST", {{"X-A", "1\t2"}}, "body"), "").value() ==
        "POST /v1/x?a=b HTTP/1.1\r\nHost: h:8080\r\nX-A: 1\t2\r\nContent-Length: 4\r\n\r\n");
  CHECK(request_head(request_of("POST", {{"user-agent", "mine"}}), "c/1").value() ==
        "POST /v1/x?a=b HTTP/1.1\r\nHost: h:8080\r\nuser-agent: mine\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("a request that would break the protocol is refused, and its values are not shown") {
  struct row {
    http_request request;
    const char* message;
  };
  http_request spaced = request_of("GET");
  spaced.target.path = "/a b";
  http_request relative = request_of("GET");
  relative.target.path = "a";
  const row rows[] = {
      {request_of("GET X"), "HTTP method 'GET X' is not a token"},
      {request_of(""), "HTTP method '' is not a token"},
      {request_of("GET", {{"Authorization", "Bearer secret\r\nX: y"}}),
       "header 'Authorization': the value holds a control character"},
      {request_of("GET", {{"A", std::string("secret\0", 7)}}), "header 'A': the value holds a control character"},
      {request_of("GET", {{"A b", "secret"}}), "header name 'A b' is not a token"},
      {request_of("GET", {{"A\r\nB", "secret"}}), "header name 'A\\r\\nB' is not a token"},
      {request_of("GET", {{"", "secret"}}), "header name '' is not a token"},
      {request_of("GET", {{"content-length", "3"}}), "header 'Content-Length' cannot be set from outside"},
      {request_of("GET", {{"Host", "x"}}), "header 'Host' cannot be set from outside"},
      {spaced, "the request's path must begin with / and be percent-encoded"},
      {relative, "the request's path must begin with / and be percent-encoded"},
  };
  for (const auto& r : rows) {
    INFO(r.message);
    const auto head = request_head(r.request, "c/1");
    REQUIRE_FALSE(head);
    CHECK(head.error().is(errc::invalid_argument));
    CHECK(head.error().message == r.message);
  }
}

TEST_CASE("a reply's head names the status") {
  CHECK(reply_head(200, {{"A", "b"}}).value() == "HTTP/1.1 200 OK\r\nA: b\r\n");
  CHECK(reply_head(429, {}).value() == "HTTP/1.1 429 Too Many Requests\r\n");
  CHECK(reply_head(99, {}).error().message == "HTTP status 99 is not within 200..599");
  CHECK(reply_head(200, {{"Transfer-Encoding", "x"}}).error().message ==
        "header 'Transfer-Encoding' cannot be set from outside");
}
