#include "llm/hostile_endpoint.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

const std::string hi = reply_saying("Hi.").dump();
const std::string ok_head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const std::string again = "; given up after 2 tries";

std::string chunks(std::string text) { return ok_head + "Transfer-Encoding: chunked\r\n\r\n" + text; }
void impatient_client(openai_options& o, net::http_client_options&) { o.timeout = 60ms; }
void small(openai_options&, net::http_client_options& h) { h.max_body_bytes = 10'000; }

raw_server::script after_request(std::function<awaitable<void>(raw_peer&)> f) {
  return [f](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    co_await f(peer);
  };
}

}  // namespace

TEST_CASE("hostile server: connections that end") {
  const std::string early = "the server closed the connection before any byte of the reply" + again;
  check_each({
      {.name = "closes when it has accepted",
       .code = errc::connection_lost,
       .message = "the * before any byte of the reply" + again,
       .script = [](raw_peer&, int) -> awaitable<void> { co_return; }},
      {.name = "closes after the request",
       .code = errc::connection_lost,
       .message = early,
       .requests = 2,
       .after = then::close},
      {.name = "resets after the request",
       .code = errc::connection_lost,
       .message = "the connection was lost (Connection reset by peer) before any byte of the reply" + again,
       .requests = 2,
       .after = then::reset},
      {.name = "half a status line",
       .reply = "HTTP/1.1 2",
       .code = errc::connection_lost,
       .message = "the server closed the connection inside the reply's header" + again,
       .requests = 2,
       .after = then::close},
      {.name = "half a header",
       .reply = "HTTP/1.1 200 OK\r\nContent-Type: appl",
       .code = errc::connection_lost,
       .message = "the server closed the connection inside the reply's header" + again,
       .requests = 2,
       .after = then::close},
      {.name = "a body shorter than its length",
       .reply = ok_head + "Content-Length: 5000\r\n\r\n" + hi,
       .code = errc::connection_lost,
       .message = concat("the server closed the connection inside the reply's body, after ", hi.size(),
                         " of 5000 bytes", again),
       .requests = 2,
       .after = then::close},
      {.name = "a chunk that is cut",
       .reply = chunks("500\r\n" + hi),
       .code = errc::connection_lost,
       .message =
           concat("the server closed the connection inside the reply's body, after ", hi.size(), " bytes", again),
       .requests = 2,
       .after = then::close},
      {.name = "chunks without an end",
       .reply = chunks(chunk(hi)),
       .code = errc::connection_lost,
       .message =
           concat("the server closed the connection inside the reply's body, after ", hi.size(), " bytes", again),
       .requests = 2,
       .after = then::close},
      {.name = "a body until the end of the connection",
       .reply = ok_head + "\r\n" + hi,
       .message = "Hi.",
       .after = then::close},
      {.name = "a body until a reset",
       .reply = ok_head + "\r\n" + hi,
       .code = errc::connection_lost,
       .message = "the connection was lost (Connection reset by peer) *" + again,
       .requests = 2,
       .after = then::reset},
  });
}

TEST_CASE("hostile server: what is not HTTP") {
  const std::string bad = "the reply is not valid HTTP: ";
  check_each({
      {.name = "another protocol",
       .reply = "SSH-2.0-OpenSSH_9.2\r\n\r\n",
       .code = errc::protocol_error,
       .message = bad + "bad version"},
      {.name = "random bytes",
       .reply = std::string("\x00\xff\x13\x37\x00garbage\r\n\r\n", 17),
       .code = errc::protocol_error,
       .message = bad + "bad version"},
      {.name = "HTTP/2 preface",
       .reply = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
       .code = errc::protocol_error,
       .message = bad + "bad version"},
      {.name = "HTTP/3.0",
       .reply = "HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n",
       .code = errc::protocol_error,
       .message = bad + "bad version"},
      {.name = "a status that is no number",
       .reply = "HTTP/1.1 OK\r\n\r\n",
       .code = errc::protocol_error,
       .message = bad + "bad status"},
      {.name = "a status beyond 999",
       .reply = "HTTP/1.1 2000 OK\r\n\r\n",
       .code = errc::protocol_error,
       .message = bad + "bad status"},
      {.name = "a field without a colon",
       .reply = ok_head + "no colon\r\n\r\n",
       .code = errc::protocol_error,
       .message = bad + "bad field"},
      {.name = "a field name with a blank",
       .reply = ok_head + "Content-Length : 5\r\n\r\n",
       .code = errc::protocol_error,
       .message = bad + "bad field"},
      {.name = "a field with a NUL",
       .reply = ok_head + std::string("A: \0\r\n\r\n", 8),
       .code = errc::protocol_error,
       .message = bad + "bad value"},
      {.name = "JSON without a header", .reply = hi, .code = errc::protocol_error, .message = bad + "bad version"},
      {.name = "another protocol's upgrade",
       .reply = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
       .code = errc::protocol_error,
       .message = "the reply switches to another protocol"},
  });
}

TEST_CASE("hostile server: lengths and chunks that lie") {
  const std::string bad = "the reply is not valid HTTP: ";
  const auto length = [](std::string_view n) { return concat(ok_head, "Content-Length: ", n, "\r\n\r\n", hi); };
  check_each({
      {.name = "a negative length",
       .reply = length("-1"),
       .code = errc::protocol_error,
       .message = bad + "bad Content-Length"},
      {.name = "a length that overflows",
       .reply = length("99999999999999999999999"),
       .code = errc::protocol_error,
       .message = bad + "bad Content-Length"},
      {.name = "a hexadecimal length",
       .reply = length("0x10"),
       .code = errc::protocol_error,
       .message = bad + "bad Content-Length"},
      {.name = "a list of lengths",
       .reply = length("5, 6"),
       .code = errc::protocol_error,
       .message = bad + "multiple Content-Length"},
      {.name = "a list of one length",
       .reply = length("5, 5"),
       .code = errc::invalid_reply,
       .message = "the reply is not JSON: *"},
      {.name = "two different lengths",
       .reply = ok_head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + hi,
       .code = errc::protocol_error,
       .message = bad + "multiple Content-Length"},
      {.name = "a length and chunks",
       .reply = ok_head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(hi) + "0\r\n\r\n",
       .code = errc::protocol_error,
       .message = bad + "bad Transfer-Encoding"},
      {.name = "a length that is too short",
       .reply = length("5"),
       .code = errc::invalid_reply,
       .message = "the reply is not JSON: *"},
      {.name = "a length that is too long",
       .reply = length("5000"),
       .code = errc::timeout,
       .message = "not complete within the total limit of 60 ms",
       .limits = impatient_client},
      {.name = "a length beyond the limit",
       .reply = length("10001"),
       .code = errc::too_large,
       .message = "the reply's body is larger than 10000 bytes",
       .limits = small},
      {.name = "a chunk size that is no number",
       .reply = chunks("xyz\r\n"),
       .code = errc::protocol_error,
       .message = bad + "bad chunk"},
      {.name = "a negative chunk size",
       .reply = chunks("-5\r\n"),
       .code = errc::protocol_error,
       .message = bad + "bad chunk"},
      {.name = "a chunk size that overflows",
       .reply = chunks("fffffffffffffffff\r\n" + hi),
       .code = errc::protocol_error,
       .message = bad + "bad chunk"},
      {.name = "the greatest chunk size",
       .reply = chunks("ffffffffffffffff\r\n" + hi),
       .code = errc::too_large,
       .message = "the reply's body is larger than 67108864 bytes"},
      {.name = "a chunk longer than its size",
       .reply = chunks("5\r\n" + hi + "\r\n0\r\n\r\n"),
       .code = errc::protocol_error,
       .message = bad + "bad chunk"},
      {.name = "chunks beyond the limit",
       .code = errc::too_large,
       .message = "the reply's body is larger than 10000 bytes",
       .script = after_request([](raw_peer& peer) -> awaitable<void> {
         co_await peer.send(chunks(""));
         co_await flood(peer, chunk(std::string(1000, ' ')));
       }),
       .limits = small},
      {.name = "an unknown transfer coding",
       .reply = ok_head + "Transfer-Encoding: gzip\r\n\r\n" + hi,
       .message = "Hi.",
       .after = then::close},
  });
}

TEST_CASE("hostile server: endless things end") {
  const auto floods = [](std::string first, std::string rest) {
    return after_request([first, rest](raw_peer& peer) -> awaitable<void> {
      co_await peer.send(first);
      co_await flood(peer, rest);
    });
  };
  const std::string header = "the reply's header is larger than 65536 bytes";
  check_each({
      {.name = "a huge field",
       .code = errc::too_large,
       .message = header,
       .script = floods(ok_head + "A: ", std::string(1000, 'a'))},
      {.name = "endless fields", .code = errc::too_large, .message = header, .script = floods(ok_head, "A: b\r\n")},
      {.name = "an endless status line",
       .code = errc::too_large,
       .message = header,
       .script = floods("HTTP/1.1 200 ", "OK")},
      {.name = "an endless body",
       .code = errc::too_large,
       .message = "the reply's body is larger than 10000 bytes",
       .script = floods(ok_head + "\r\n", std::string(1000, ' ')),
       .limits = small},
      {.name = "an endless chunk extension",
       .code = errc::too_large,
       .message = "a line of the reply is larger than 65536 bytes",
       .script = floods(chunks("1;"), "a")},
      {.name = "an endless trailer",
       .code = errc::too_large,
       .message = "a line of the reply is larger than 65536 bytes",
       .script = floods(chunks("0\r\n"), "A: b\r\n")},
      {.name = "interim replies without end",
       .code = errc::too_large,
       .message = header,
       .script = floods("", "HTTP/1.1 100 Continue\r\n\r\n")},
      {.name = "a slow drip",
       .code = errc::timeout,
       .message = "not complete within the total limit of 60 ms",
       .script = after_request([](raw_peer& peer) -> awaitable<void> {
         for (const char c : ok_head) co_await peer.send(std::string(1, c));
         co_await peer.end();
       }),
       .limits = impatient_client},
      {.name = "silence",
       .code = errc::timeout,
       .message = "not complete within the total limit of 60 ms",
       .limits = impatient_client},
  });
}

TEST_CASE("hostile server: what is odd and still an answer") {
  const std::string good = json_reply(hi);
  check_each({
      {.name = "interim replies before it",
       .reply = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + good,
       .message = "Hi.",
       .kept = true},
      {.name = "HTTP/1.0",
       .reply = "HTTP/1.0 200 OK\r\nContent-Length: " + concat(hi.size()) + "\r\n\r\n" + hi,
       .message = "Hi."},
      {.name = "no content type", .reply = http_reply("200 OK", hi, ""), .message = "Hi.", .kept = true},
      {.name = "the wrong content type",
       .reply = http_reply("200 OK", hi, "Content-Type: text/html\r\n"),
       .message = "Hi.",
       .kept = true},
      {.name = "another 2xx", .reply = http_reply("299 Strange", hi), .message = "Hi.", .kept = true},
      {.name = "a chunk a byte, with extensions and a trailer",
       .reply = chunks([] {
         std::string all;
         for (const char c : hi) all += concat("1;a=\"b\"\r\n", c, "\r\n");
         return all + "0\r\nX-Checksum: 1\r\n\r\n";
       }()),
       .message = "Hi.",
       .kept = true},
      {.name = "Connection: close beside keep-alive",
       .reply = http_reply("200 OK", hi, "Connection: close\r\nKeep-Alive: timeout=60\r\n"),
       .message = "Hi."},
      {.name = "Connection: keep-alive, close",
       .reply = http_reply("200 OK", hi, "Connection: keep-alive, close\r\n"),
       .message = "Hi."},
      {.name = "a folded field", .reply = http_reply("200 OK", hi, "A: b\r\n  c\r\n"), .message = "Hi.", .kept = true},
      {.name = "an answer, and then a reset", .reply = good, .message = "Hi.", .after = then::reset},
  });
}

TEST_CASE("hostile server: bodies where there is no answer") {
  const std::string nothing = "expected application/json, got an empty reply; check base_url: it usually ends in /v1";
  const auto gzip = std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00", 8) + "compressed";
  check_each({
      {.name = "204 with a body",
       .reply = http_reply("204 No Content", hi),
       .code = errc::invalid_reply,
       .message = nothing},
      {.name = "205 with a body", .reply = http_reply("205 Reset Content", hi), .message = "Hi.", .kept = true},
      {.name = "an empty body", .reply = json_reply(""), .code = errc::invalid_reply, .message = nothing, .kept = true},
      {.name = "a gzip body that was not asked for",
       .reply = http_reply("200 OK", gzip, "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"),
       .code = errc::invalid_reply,
       .message = "expected application/json, got compressed bytes that were not asked for",
       .kept = true},
      {.name = "HTML",
       .reply = http_reply("200 OK", "<html>Log in</html>", "Content-Type: text/html\r\n"),
       .code = errc::invalid_reply,
       .message = "expected application/json, got an HTML page; check base_url: it usually ends in /v1",
       .kept = true},
      {.name = "304",
       .reply = "HTTP/1.1 304 Not Modified\r\n\r\n",
       .code = errc::invalid_reply,
       .message = "HTTP 304: redirects are not followed; set base_url to ''",
       .kept = true},
  });
}

TEST_CASE("hostile server: a redirect is never followed, the key stays") {
  for (const char* status : {"301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent"}) {
    DYNAMIC_SECTION(status) {
      asio::io_context other;
      raw_server thief(other, always(ok_reply));
      const std::string to = thief.base_url() + "/v1";
      check({.name = status,
             .reply = http_reply(status, "", "Location: " + to + "?token=x\r\n"),
             .code = errc::invalid_reply,
             .message = concat("HTTP ", std::string_view(status).substr(0, 3),
                               ": redirects are not followed; set base_url to '", to, "'"),
             .kept = true});
      settle(other);
      CHECK(thief.accepted() == 0);
    }
  }
}

TEST_CASE("hostile server: a second reply that nobody asked for is not given to the next call") {
  const auto says = [](std::string text) { return json_reply(reply_saying(std::move(text)).dump()); };
  SECTION("in the same packet") {
    hostile_endpoint e({.reply = says("mine") + says("smuggled")});
    for (int i = 0; i < 3; ++i) CHECK(e.call(false)->message.content == "mine");
    CHECK(e.asked == 3);
    CHECK(e.server().accepted() == 3);
  }
  SECTION("later, on the idle connection") {
    gate answered, smuggled;
    hostile_endpoint e({.script = [&](raw_peer& peer, int) -> awaitable<void> {
      co_await peer.message();
      co_await peer.send(says("mine"));
      co_await answered.pass();
      co_await peer.send(says("smuggled"));
      smuggled.open();
      co_await peer.end();
    }});
    CHECK(e.call(false)->message.content == "mine");
    answered.open();
    run(e.context, smuggled.pass());
    CHECK(e.call(false)->message.content == "mine");
    CHECK(e.server().accepted() == 2);
  }
}

TEST_CASE("hostile server: a kept connection that dies under a request is replaced once, uncounted") {
  int requests = 0;
  const std::string good = json_reply(hi);
  hostile_endpoint e({.script = [&](raw_peer& peer, int number) -> awaitable<void> {
    for (int i = 1;; ++i) {
      const std::string request = co_await peer.message();
      if (request.empty()) co_return;
      ++requests;
      if (number == 1 && i == 2) co_return;
      co_await peer.send(good);
    }
  }});
  CHECK(e.call(false));
  const auto second = e.call(false);
  REQUIRE(second);
  CHECK(second->http_attempts == 1);
  CHECK(requests == 3);
  CHECK(e.server().accepted() == 2);
}
