#include "llm/stream_reader.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>

#include <corchestra/base/text.hpp>

#include "llm/replies.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

TEST_CASE("a server that ignores `stream` and sends one object is understood") {
  std::string seen;
  stream_reader reader([&](const chat_delta& d) { seen += d.text; });
  const std::string body = "\n " + reply_saying("whole").dump();
  REQUIRE(reader.feed(body.substr(0, 1)));
  REQUIRE(reader.feed(body.substr(1, 20)));
  REQUIRE(reader.feed(body.substr(21)));
  const auto r = reader.finish("application/json");
  REQUIRE(r);
  CHECK(r->message.content == "whole");
  CHECK(seen == "whole");
}

TEST_CASE("what is wrong in a document is at the same place, however the blanks before it are cut") {
  const auto message = [](std::string_view body, std::size_t piece) {
    stream_reader reader(nullptr);
    for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) REQUIRE(reader.feed(body.substr(0, piece)));
    return reader.finish("text/event-stream").error().message;
  };
  const std::string body = "\t\t\t {\"id\": \x01";
  const std::string whole = message(body, body.size());
  CHECK(whole.find("not JSON") != std::string::npos);
  for (std::size_t piece = 1; piece < body.size(); ++piece) CHECK(message(body, piece) == whole);
}

TEST_CASE("blanks before the first event mean nothing, however they are cut") {
  for (std::size_t piece : {1, 2, 100}) {
    std::string seen;
    stream_reader reader([&](const chat_delta& d) { seen += d.text; });
    std::string_view body =
        "  data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) REQUIRE(reader.feed(body.substr(0, piece)));
    CHECK(reader.finish("text/event-stream"));
    CHECK(seen == "hi");
  }
}

TEST_CASE("a body that is no event stream is named") {
  const auto message = [](std::string_view body, std::string_view type) {
    stream_reader reader(nullptr);
    REQUIRE(reader.feed(body));
    return reader.finish(type).error().message;
  };
  CHECK(message("<!doctype html>", "text/html") ==
        "expected application/json, got an HTML page; check base_url: it usually ends in /v1");
  CHECK(message("pong", "text/plain") ==
        "expected text/event-stream, got text/plain; check base_url: it usually ends in /v1");
  CHECK(message("", "application/json") ==
        "expected text/event-stream, got an empty reply; check base_url: it usually ends in /v1");
  CHECK(message("", "text/event-stream") == "the stream ended without finish_reason and [DONE]");
}

TEST_CASE("what the delta callback throws comes out of the call and ends the stream") {
  stream_reader reader([](const chat_delta&) { throw std::runtime_error("display is gone"); });
  CHECK_FALSE(reader.feed(sse_text("a")));
  CHECK(reader.decided());
  CHECK_THROWS_AS(reader.finish("text/event-stream"), std::runtime_error);
}

TEST_CASE("an event beyond all bounds ends the stream") {
  stream_reader reader(nullptr);
  const auto fed = reader.feed("data: " + std::string(9u << 20, 'x'));
  REQUIRE_FALSE(fed);
  CHECK(fed.error().is(errc::too_large));
  CHECK(reader.finish("text/event-stream").error().retry == retry_class::terminal);
}

TEST_CASE("what is shown of a stream waits where a secret may have begun") {
  redactor hide;
  hide.add(secret("sk-0123"));
  std::vector<std::string> seen;
  stream_reader reader([&](const chat_delta& d) { seen.push_back(concat(d.text, "|", d.reasoning)); }, &hide);
  for (const char* text : {"a", "b s", "k-01", "23 s", "k-9", "s"}) REQUIRE(reader.feed(sse_text(text)));
  REQUIRE(reader.feed(sse(delta({{"reasoning_content", "sk-"}}))));
  REQUIRE(reader.feed(sse_end));
  CHECK(seen == std::vector<std::string>{"a|", "b |", "[redacted] |", "sk-9|"});
  CHECK(reader.finish("text/event-stream")->message.content == "ab sk-0123 sk-9s");
  CHECK(seen.back() == "s|sk-");
}

TEST_CASE("a stream that breaks off within a secret shows nothing of it") {
  redactor hide;
  hide.add(secret("sk-0123"));
  std::string seen;
  stream_reader reader([&](const chat_delta& d) { seen += d.text; }, &hide);
  REQUIRE(reader.feed(sse_text("a sk-012")));
  SECTION("when it is a longer part") {
    CHECK(reader.partial_output() == "; it had come to 8 bytes of text, ending in 'a '");
    CHECK_FALSE(reader.finish("text/event-stream"));
    CHECK(seen == "a ");
  }
  SECTION("but text that only happens to end so is kept") {
    REQUIRE(reader.feed(sse_text(" thes")));
    CHECK(reader.partial_output() == "; it had come to 13 bytes of text, ending in 'a sk-012 thes'");
    reader.close();
    CHECK(seen == "a sk-012 thes");
  }
}
