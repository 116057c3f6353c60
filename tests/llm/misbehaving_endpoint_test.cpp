#include "llm/hostile_endpoint.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

const std::string good_reply = http_reply("200 OK", reply_saying("Hi.").dump());

/// The real clients against a server that sends `replies`, one a request, and then closes; retries come without delay.
struct misbehaving {
  asio::io_context context;
  std::vector<std::string> replies;
  bool reset = false, stall = false;
  int asked = 0;
  raw_server server{context, [this](raw_peer& peer, int) -> awaitable<void> {
                      for (;;) {
                        const std::string request = co_await peer.message();
                        if (request.empty()) co_return;
                        const auto i = static_cast<std::size_t>(asked++);
                        if (i < replies.size()) co_await peer.send(replies[i]);
                        if (stall) co_await peer.rest();
                        if (reset) peer.reset();
                        if (i + 1 >= replies.size()) co_return;
                      }
                    }};
  openai_options options;
  net::http_client_options http_options;

  explicit misbehaving(std::vector<std::string> r) : replies(std::move(r)) {
    options.base_url = server.base_url() + "/v1";
    options.api_key = secret("sk-0123456789");
    options.model = "m";
    options.retry.first_delay = 0s;
  }
  result<chat_response> complete(bool streamed = false) {
    const auto client = make_openai_client(client_of(context, http_options), options).value();
    auto r = run(context, streamed ? client->stream(ask(), nullptr) : client->complete(ask()));
    return r;
  }
  // The message without the origin before it.
  std::string said(const error& e) const {
    const std::string place = server.base_url() + ": ";
    return e.message.starts_with(place) ? e.message.substr(place.size()) : "no place: " + e.message;
  }
};

}  // namespace

TEST_CASE("misbehaving endpoints: each reply gets its code and its message") {
  struct row {
    std::string what;
    std::vector<std::string> replies;
    errc code;
    std::string message;
    int requests = 1;
    bool streamed = false;
  };
  const std::string html = "<html><head><title>Sign in</title></head></html>";
  const std::vector<row> rows = {
      {"wrong JSON", {http_reply("200 OK", "{\"choices\": nope}")}, errc::invalid_reply, "the reply is not JSON: *"},
      {"wrong content type",
       {http_reply("200 OK", "pong", "Content-Type: text/plain\r\n")},
       errc::invalid_reply,
       "expected application/json, got text/plain; check base_url: it usually ends in /v1"},
      {"HTML",
       {http_reply("200 OK", html, "Content-Type: text/html\r\n")},
       errc::invalid_reply,
       "expected application/json, got an HTML page; check base_url: it usually ends in /v1"},
      {"HTML instead of a stream",
       {http_reply("200 OK", html, "Content-Type: text/html\r\n")},
       errc::invalid_reply,
       "expected application/json, got an HTML page; check base_url: it usually ends in /v1",
       1,
       true},
      {"401",
       {http_reply("401 Unauthorized",
                   R"({"error":{"message":"Incorrect API key provided: sk-0123456789","code":"invalid_api_key"}})")},
       errc::authentication_failed,
       "HTTP 401: Incorrect API key provided: [redacted] (invalid_api_key)"},
      {"404", {http_reply("404 Not Found", R"({"detail":"Not Found"})")}, errc::not_found, "HTTP 404: Not Found"},
      {"404 streamed",
       {http_reply("404 Not Found", R"({"detail":"Not Found"})")},
       errc::not_found,
       "HTTP 404: Not Found",
       1,
       true},
      {"insufficient_quota",
       {http_reply(
           "429 Too Many Requests",
           R"({"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}})")},
       errc::quota_exhausted,
       "HTTP 429: You exceeded your quota (insufficient_quota)"},
      {"Retry-After 3600",
       {http_reply("429 Too Many Requests", R"({"error":{"message":"slow down"}})", "Retry-After: 3600\r\n")},
       errc::rate_limited,
       "HTTP 429: slow down; the server asks to wait 1 h 00 m, more than the 2 m 00 s that are waited at most"},
      {"500 for ever",
       {http_reply("500 Oops", "{}"), http_reply("502 Bad Gateway", html), http_reply("500 Oops", "")},
       errc::server_error,
       "HTTP 500: no explanation; given up after 3 tries",
       3},
      {"error inside 200",
       {http_reply("200 OK", R"({"error":{"message":"no such model","type":"invalid_request_error"}})")},
       errc::bad_request,
       "the server reported an error inside its reply: no such model (invalid_request_error)"},
      {"empty choices",
       {http_reply("200 OK", R"({"choices":[]})")},
       errc::invalid_reply,
       "the reply's 'choices' are empty"},
      {"refusal",
       {http_reply("200 OK", reply_with({{"content", nullptr}, {"refusal", "I can't."}}).dump())},
       errc::refused,
       "the model declined: I can't."},
      {"content filter",
       {http_reply("200 OK", reply_with({{"content", "ha"}}, "content_filter").dump())},
       errc::content_filtered,
       "the provider's filter removed the output"},
      {"stream cut in the middle",
       {stream_head + chunk(sse_text("Half"))},
       errc::connection_lost,
       "the server closed the connection inside the reply's body*; it had come to 4 bytes of text, ending in 'Half'",
       1,
       true},
      {"stream ended early but orderly",
       {stream_head + chunk(sse_text("Half")) + "0\r\n\r\n"},
       errc::connection_lost,
       "the stream ended without finish_reason and [DONE]; it had come to 4 bytes of text, ending in 'Half'",
       1,
       true},
      {"error in mid-stream",
       {stream_head + chunk(sse_text("Half") + sse({{"error", {{"code", 500}, {"message", "GPU lost"}}}})) +
        "0\r\n\r\n"},
       errc::server_error,
       "the server reported an error inside its reply: GPU lost; it had come to 4 bytes of text, ending in 'Half'",
       1,
       true},
      {"stream of nonsense",
       {stream_head + chunk("data: {nonsense\n\n") + "0\r\n\r\n"},
       errc::invalid_reply,
       "a chunk of the stream: *",
       1,
       true},
      {"not HTTP at all", {"SSH-2.0-OpenSSH_9.2\r\n\r\n"}, errc::protocol_error, "the reply is not valid HTTP: *"},
      {"redirect",
       {http_reply("307 Temporary Redirect", "", "Location: https://h/v1/chat/completions\r\n")},
       errc::invalid_reply,
       "HTTP 307: redirects are not followed; set base_url to 'https://h/v1/chat/completions'"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    misbehaving m(row.replies);
    const auto r = m.complete(row.streamed);
    REQUIRE_FALSE(r);
    CHECK(code_name(r.error()) == to_string(row.code));
    const std::string said = m.said(r.error());
    const auto star = row.message.find('*');
    CAPTURE(said);
    if (star == std::string::npos) {
      CHECK(said == row.message);
    } else {
      CHECK(said.starts_with(row.message.substr(0, star)));
      CHECK(said.ends_with(row.message.substr(star + 1)));
    }
    CHECK(m.asked == row.requests);
  }
}

TEST_CASE("misbehaving endpoints: a truncated reply is tried again, then given up") {
  const std::string cut = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"choices\"";
  misbehaving m({});
  m.replies = {cut};
  m.options.retry.max_retries = 0;
  const auto r = m.complete();
  CHECK(r.error().is(errc::connection_lost));
}

TEST_CASE("misbehaving endpoints: an oversized reply is refused") {
  misbehaving m({http_reply("200 OK", reply_saying(std::string(100'000, 'x')).dump())});
  m.http_options.max_body_bytes = 10'000;
  const auto r = m.complete();
  CHECK(r.error().is(errc::too_large));
  CHECK(m.said(r.error()) == "the reply's body is larger than 10000 bytes");
  CHECK(m.asked == 1);
}

TEST_CASE("misbehaving endpoints: a reset is tried again") {
  misbehaving m({});
  m.reset = true;
  m.options.retry.max_retries = 2;
  const auto r = m.complete();
  CHECK(r.error().is(errc::connection_lost));
  CHECK(m.said(r.error()).ends_with("; given up after 3 tries"));
  CHECK(m.asked == 3);
}

TEST_CASE("misbehaving endpoints: a stalled one ends at the time limit") {
  misbehaving m({stream_head});
  m.stall = true;
  m.options.timeout = 50ms;
  const auto r = m.complete(true);
  CHECK(r.error().is(errc::timeout));
  CHECK(m.asked == 1);
}

TEST_CASE("misbehaving endpoints: silence inside a stream ends it after the idle limit") {
  misbehaving m({stream_head + chunk(sse_text("Half"))});
  m.stall = true;
  m.options.idle_timeout = 50ms;
  const auto r = m.complete(true);
  CHECK(r.error().is(errc::timeout));
  CHECK(m.said(r.error()).ends_with("; it had come to 4 bytes of text, ending in 'Half'"));
}

TEST_CASE("misbehaving endpoints: 500, then fine") {
  misbehaving m({http_reply("500 Oops", "<html>oops</html>", "Content-Type: text/html\r\n"), good_reply, good_reply});
  const auto r = m.complete();
  REQUIRE(r);
  CHECK(r->message.content == "Hi.");
  CHECK(r->http_attempts == 2);
}

TEST_CASE("misbehaving endpoints: 429 with Retry-After, then fine") {
  misbehaving m({http_reply("429 Too Many Requests", "{}", "Retry-After-Ms: 1\r\n"), good_reply, good_reply});
  const auto r = m.complete();
  REQUIRE(r);
  CHECK(r->http_attempts == 2);
}

TEST_CASE("misbehaving endpoints: nobody listens") {
  std::string url;
  asio::io_context context;
  {
    raw_server gone(context, always(good_reply));
    url = gone.base_url();
  }
  openai_options options;
  options.base_url = url + "/v1";
  options.model = "m";
  options.retry.max_retries = 0;
  const auto client = make_openai_client(client_of(context), options).value();
  const auto r = run(context, client->complete(ask()));
  CHECK(r.error().is(errc::connect_failed));
}
