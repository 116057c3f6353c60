#include "llm/hostile_endpoint.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

behaviour streamed_answer(std::string name, std::string events, std::string says) {
  return {.name = std::move(name),
          .reply = stream_reply(std::move(events)),
          .message = std::move(says),
          .kept = true,
          .streamed = true};
}
behaviour failure(std::string name, std::string events, errc code, std::string message, std::string seen = {},
                  int requests = 1) {
  return {.name = std::move(name),
          .reply = stream_reply(std::move(events)),
          .code = code,
          .message = std::move(message),
          .requests = requests,
          .streamed = true,
          .seen = std::move(seen)};
}
behaviour kept(behaviour b) {
  b.kept = true;
  return b;
}
raw_server::script head_then(std::function<awaitable<void>(raw_peer&)> f) {
  return [f](raw_peer& peer, int) -> awaitable<void> {
    co_await peer.message();
    co_await peer.send(stream_head);
    co_await f(peer);
  };
}
std::string with(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

const std::string half = sse_text("Half");
const std::string had_half = "; it had come to 4 bytes of text, ending in 'Half'";
const std::string hi_chunk = sse_text("Hi.") + sse_end;

}  // namespace

TEST_CASE("hostile server: streams that are odd and still an answer") {
  check_each({
      streamed_answer("no [DONE]", sse_text("Hi.") + sse(delta(json::object(), "stop")), "Hi."),
      streamed_answer("no finish reason", sse_text("Hi.") + "data: [DONE]\n\n", "Hi."),
      streamed_answer("text after [DONE]", hi_chunk + sse_text("more"), "Hi."),
      streamed_answer("nonsense after [DONE]", hi_chunk + "data: {nonsense\n\n", "Hi."),
      streamed_answer("an error after [DONE]", hi_chunk + sse({{"error", "late"}}), "Hi."),
      streamed_answer("[DONE] with a tail", sse_text("Hi.") + "data: [DONE] bye\n\n", "Hi."),
      streamed_answer("lines that end in CR", with(hi_chunk, "\n", "\r"), "Hi."),
      streamed_answer("lines that end in CRLF", with(hi_chunk, "\n", "\r\n"), "Hi."),
      streamed_answer("no blank after the colon", with(hi_chunk, "data: ", "data:"), "Hi."),
      streamed_answer("a byte order mark", "\xEF\xBB\xBF" + hi_chunk, "Hi."),
      streamed_answer("comments, ids, retries and unknown fields between",
                      ": ping\n\nid: 7\nretry: 10\nx: y\nevent: message\n" + sse_text("Hi.") + ":\n\n" + sse_end,
                      "Hi."),
      streamed_answer("an event of two data lines",
                      "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Hi.\"}}]}\n\n" + sse_end, "Hi."),
      streamed_answer(
          "another choice beside the first",
          sse(json::parse(
              R"({"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"Hi."}}]})")) +
              sse_end,
          "Hi."),
      streamed_answer("chunks without choices",
                      "data: {}\n\ndata: {\"choices\":null}\n\ndata: {\"choices\":[]}\n\n" + hi_chunk, "Hi."),
      streamed_answer("empty data", "data:\n\ndata: \n\n" + hi_chunk, "Hi."),
      {.name = "an answer that did not stream",
       .reply = json_reply(reply_saying("Hi.").dump()),
       .message = "Hi.",
       .kept = true,
       .streamed = true},
      {.name = "a stream of the wrong content type",
       .reply = with(stream_reply(hi_chunk), "text/event-stream", "application/json"),
       .message = "Hi.",
       .kept = true,
       .streamed = true},
      {.name = "a byte a chunk, code points split",
       .reply = stream_head +
                [] {
                  std::string all;
                  for (const char c : sse_text("H\xC3\xBC\xF0\x9F\x98\x80.") + sse_end) all += chunk(std::string(1, c));
                  return all + "0\r\n\r\n";
                }(),
       .message = "H\xC3\xBC\xF0\x9F\x98\x80.",
       .kept = true,
       .streamed = true},
      {.name = "the end of the connection after [DONE], inside the body",
       .reply = stream_head + chunk(hi_chunk),
       .message = "Hi.",
       .after = then::close,
       .streamed = true},
      {.name = "a reset after [DONE], inside the body",
       .reply = stream_head + chunk(hi_chunk),
       .message = "Hi.",
       .after = then::reset,
       .streamed = true},
  });
}

TEST_CASE("hostile server: streams that are no answer") {
  const std::string early = "the stream ended without finish_reason and [DONE]";
  const std::string again = "; given up after 2 tries";
  const std::string in_reply = "the server reported an error inside its reply: ";
  check_each({
      kept(failure("nothing at all", "\n", errc::connection_lost, early + again, "", 2)),
      kept(failure("[DONE] first", "data: [DONE]\n\n", errc::invalid_reply, "the stream brought no choice")),
      kept(failure("[DONE] first, then text", "data: [DONE]\n\n" + hi_chunk, errc::invalid_reply,
                   "the stream brought no choice")),
      kept(failure("an end in the middle", half, errc::connection_lost, early + had_half, "Half")),
      kept(failure("a last event without its blank line", half + "data: [DONE]\n", errc::connection_lost,
                   early + had_half, "Half")),
      failure("an error in the middle", half + sse({{"error", {{"message", "GPU lost"}}}}), errc::server_error,
              in_reply + "GPU lost" + had_half, "Half"),
      failure("an error at once", sse({{"error", {{"message", "GPU lost"}}}}), errc::server_error,
              in_reply + "GPU lost" + again, "", 2),
      failure("nonsense", half + "data: {nonsense\n\n", errc::invalid_reply, "a chunk of the stream: *" + had_half,
              "Half"),
      failure("null", "data: null\n\n", errc::invalid_reply, "a chunk of the stream: expected an object, got null"),
      failure("an array", "data: []\n\n", errc::invalid_reply, "a chunk of the stream: expected an object, got array"),
      failure("choices of the wrong type", "data: {\"choices\":{}}\n\n", errc::invalid_reply,
              "choices: expected an array, got object"),
      failure("a choice of the wrong type", "data: {\"choices\":[7]}\n\n", errc::invalid_reply,
              "choices: expected an array of objects"),
      failure("a delta of the wrong type", "data: {\"choices\":[{\"delta\":[]}]}\n\n", errc::invalid_reply,
              "choices[0].delta: expected an object, got array"),
      failure("a tool call far out", sse(delta({{"tool_calls", {{{"index", 1'000'000'000}}}}})), errc::invalid_reply,
              "choices[0].delta.tool_calls: the index 1000000000 is out of range"),
      failure("a tool call at a negative index", sse(delta({{"tool_calls", {{{"index", -1}}}}})), errc::invalid_reply,
              "choices[0].delta.tool_calls: the index -1 is out of range"),
      failure("invalid UTF-8", "data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n", errc::invalid_reply,
              "a chunk of the stream: line 1, column *"),
      failure("nesting without end", "data: " + std::string(10'000, '[') + "\n\n", errc::invalid_reply,
              "a chunk of the stream: line 1, column 129: nested deeper than the limit of 128 levels"),
      kept(failure("text that is no event", "hello\nworld\n\n", errc::connection_lost, early + again, "", 2)),
      {.name = "HTML",
       .reply = http_reply("200 OK", "<html>Log in</html>", "Content-Type: text/html\r\n"),
       .code = errc::invalid_reply,
       .message = "expected application/json, got an HTML page; check base_url: it usually ends in /v1",
       .kept = true,
       .streamed = true},
      {.name = "plain text",
       .reply = http_reply("200 OK", "pong", "Content-Type: text/plain\r\n"),
       .code = errc::invalid_reply,
       .message = "expected text/event-stream, got text/plain; check base_url: it usually ends in /v1",
       .kept = true,
       .streamed = true},
      {.name = "a gzip stream that was not asked for",
       .reply = http_reply("200 OK", "\x1f\x8b\x08 compressed",
                           "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"),
       .code = errc::invalid_reply,
       .message = "expected application/json, got compressed bytes that were not asked for",
       .kept = true,
       .streamed = true},
      {.name = "a stream where none was asked for",
       .reply = stream_reply(hi_chunk),
       .code = errc::invalid_reply,
       .message = "expected application/json, got text/event-stream; check base_url: it usually ends in /v1",
       .kept = true},
      {.name = "the connection's end in the middle",
       .reply = stream_head + chunk(half),
       .code = errc::connection_lost,
       .message = "the server closed the connection inside the reply's body*" + had_half,
       .after = then::close,
       .streamed = true,
       .seen = "Half"},
      {.name = "a reset in the middle",
       .reply = stream_head + chunk(half),
       .code = errc::connection_lost,
       .message = "the connection was lost (Connection reset by peer) inside the reply's body*" + had_half,
       .after = then::reset,
       .streamed = true,
       .seen = "Half"},
      {.name = "the connection's end before any text",
       .reply = stream_head + chunk(": hello\n\n"),
       .code = errc::connection_lost,
       .message = "the server closed the connection inside the reply's body*" + again,
       .requests = 2,
       .after = then::close,
       .streamed = true},
      {.name = "an error status",
       .reply = http_reply("503 Busy", R"({"error":{"message":"Loading model"}})"),
       .code = errc::server_error,
       .message = "HTTP 503: Loading model" + again,
       .requests = 2,
       .kept = true,
       .streamed = true},
  });
}

TEST_CASE("hostile server: streams without end") {
  const auto impatient = [](openai_options& o, net::http_client_options&) {
    o.timeout = 5s;
    o.idle_timeout = 60ms;
    o.first_token_timeout = 60ms;
    o.retry.max_retries = 0;
  };
  const auto endless = [&](std::string name, std::string first, std::string rest, errc code, std::string message,
                           std::string seen = {}) {
    return behaviour{.name = std::move(name),
                     .code = code,
                     .message = std::move(message),
                     .streamed = true,
                     .seen = std::move(seen),
                     .script = head_then([first, rest](raw_peer& peer) -> awaitable<void> {
                       co_await peer.send(first);
                       co_await flood(peer, rest);
                     }),
                     .limits = [](openai_options& o, net::http_client_options& h) {
                       o.timeout = 25s;
                       h.max_body_bytes = 10u << 20;
                       o.retry.max_retries = 0;
                     }};
  };
  const std::string event = "a server-sent event is larger than 8388608 bytes";
  check_each({
      endless("one line", chunk("data: "), chunk(std::string(60'000, 'x')), errc::too_large, event),
      endless("one event of many lines", "", chunk("data: " + std::string(60'000, 'x') + "\n"), errc::too_large, event),
      endless("text", "", chunk(sse_text(std::string(60'000, 'x'))), errc::too_large,
              "the reply's body is larger than *", "*"),
      {.name = "silence",
       .code = errc::timeout,
       .message = "nothing was received within the idle limit of 60 ms" + had_half,
       .streamed = true,
       .seen = "Half",
       .script = head_then([](raw_peer& peer) -> awaitable<void> {
         co_await peer.send(chunk(half));
         co_await peer.end();
       }),
       .limits = impatient},
      {.name = "no first token",
       .code = errc::timeout,
       .message = "the first token took longer than 60 ms",
       .streamed = true,
       .script = head_then([](raw_peer& peer) -> awaitable<void> { co_await peer.end(); }),
       .limits =
           [impatient](openai_options& o, net::http_client_options& h) {
             impatient(o, h);
             o.idle_timeout = 5s;
           }},
  });
}

TEST_CASE("hostile server: comments keep a stream alive, but not beyond the limit of the first token or the call") {
  for (const bool first_token : {true, false}) {
    hostile_endpoint e(
        {.script = head_then([](raw_peer& peer) -> awaitable<void> { co_await flood(peer, chunk(": ping\n\n")); }),
         .limits = [first_token](openai_options& o, net::http_client_options& h) {
           o.idle_timeout = 50ms;
           o.timeout = first_token ? duration(20s) : duration(100ms);
           if (first_token) o.first_token_timeout = 100ms;
           o.retry.max_retries = 0;
           h.max_body_bytes = std::size_t(1) << 40;
         }});
    const auto reply = e.call(true);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().is(errc::timeout));
    CHECK(reply.error().message ==
          concat(e.server().base_url(), first_token ? ": the first token took longer than 100 ms"
                                                    : ": not complete within the total limit of 100 ms"));
    CHECK(e.open_connections() == 0);
  }
}
