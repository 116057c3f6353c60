#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include <corchestra/net/sse.hpp>

#include "support/show.hpp"

using namespace corchestra;
using net::sse_event;
using net::sse_parser;

namespace {

std::string text_of(const sse_event& e) { return e.event + "|" + e.data + "|" + e.id; }

std::vector<std::string> events_of(sse_parser& parser, const std::vector<std::string>& pieces) {
  std::vector<std::string> events;
  for (const auto& piece : pieces) {
    const auto fed = parser.feed(piece, [&](const sse_event& e) {
      events.push_back(text_of(e));
      return result<void>();
    });
    if (!fed) events.push_back("error: " + fed.error().message);
  }
  return events;
}

std::vector<std::string> events_of(const std::string& text) {
  sse_parser parser;
  return events_of(parser, {text});
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("server-sent events are read as the HTML standard says") {
  struct row {
    std::string text;
    strings events;
  };
  const row rows[] = {
      {"", {}},
      {"data: a\n\n", {"|a|"}},
      {"data:a\n\n", {"|a|"}},
      {"data:  a\n\n", {"| a|"}},
      {"data: a\r\n\r\ndata: b\r\rdata: c\n\n", {"|a|", "|b|", "|c|"}},
      {"data: a\ndata: b\n\n", {"|a\nb|"}},
      {"data\n\n", {"||"}},
      {"data\ndata\n\n", {"|\n|"}},
      {"event: x\ndata: a\n\ndata: b\n\n", {"x|a|", "|b|"}},
      {"event: x\n\ndata: b\n\n", {"|b|"}},
      {"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", {"|a|7", "|b|7", "|c|"}},
      {std::string("id: a\0b\ndata: a\n\n", 17), {"|a|"}},
      {": a comment\n\n:\ndata: a\n\n", {"|a|"}},
      {"retry: 100\nunknown: x\nDATA: no\ndata: a\n\n", {"|a|"}},
      {"\xEF\xBB\xBF"
       "data: a\n\n",
       {"|a|"}},
      {"data: a\n\n\xEF\xBB\xBF"
       "data: b\n\n",
       {"|a|"}},
      {"data: {\"a\":1}\n\ndata: [DONE]\n\n", {"|{\"a\":1}|", "|[DONE]|"}},
      {"data: a\n", {}},
      {"\n\n\n", {}},
  };
  for (const auto& r : rows) {
    INFO(r.text);
    CHECK(events_of(r.text) == r.events);
  }
}

TEST_CASE("any split of the bytes gives the same events") {
  CHECK(rc::check([] {
    const auto lines = *rc::gen::container<strings>(
        rc::gen::element<std::string>("data: a", "data", "data:b: c", "event: x", "id: 1", ": comment", "", "", "",
                                      "\xEF\xBB\xBF"
                                      "data: z"));
    std::string text;
    for (const auto& line : lines) text += line + *rc::gen::element<std::string>("\n", "\r", "\r\n");
    strings pieces;
    for (std::size_t at = 0; at < text.size();) {
      const auto size = *rc::gen::inRange<std::size_t>(1, 6);
      pieces.push_back(text.substr(at, size));
      at += size;
    }
    sse_parser split;
    sse_parser whole;
    RC_ASSERT(events_of(split, pieces) == events_of(whole, {text}));
    RC_ASSERT(split.unfinished() == whole.unfinished());
  }));
}

TEST_CASE("an event above the limit is refused, whole or in pieces") {
  const std::string message = "error: a server-sent event is larger than 10 bytes";
  for (const strings& pieces : {strings{"data: 012345\n\n"}, strings{"data: 01", "23456"},
                                strings{"data: 0\n", "data: 12\n", "data: 3456\n"}}) {
    sse_parser parser(10);
    CHECK(events_of(parser, pieces) == strings{message});
  }
  sse_parser parser(10);
  CHECK(events_of(parser, {"data: 0123\n\ndata: 4567\n\n"}) == strings{"|0123|", "|4567|"});
}

TEST_CASE("a stream that ends inside an event is unfinished") {
  for (const char* text : {"d", "data: a", "data: a\n", "event: x\n"}) {
    INFO(text);
    sse_parser parser;
    events_of(parser, {text});
    CHECK(parser.unfinished());
  }
  for (const char* text : {"", "data: a\n\n", ": comment\n", "\n"}) {
    INFO(text);
    sse_parser parser;
    events_of(parser, {text});
    CHECK_FALSE(parser.unfinished());
  }
}

TEST_CASE("what the receiver returns ends the feed") {
  sse_parser parser;
  int seen = 0;
  const auto fed = parser.feed("data: a\n\ndata: b\n\n", [&](const sse_event&) -> result<void> {
    ++seen;
    return fail(errc::invalid_reply, "no");
  });
  REQUIRE_FALSE(fed);
  CHECK(fed.error().message == "no");
  CHECK(seen == 1);
}

TEST_CASE("an event in wire form reads back as itself") {
  CHECK(net::format_sse({"", "a", ""}) == "data: a\n\n");
  CHECK(net::format_sse({"x", "a\nb\r\nc\rd", "7"}) == "event: x\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  CHECK(net::format_sse({"x\ny", "", "1\r2"}) == "event: x y\nid: 1 2\ndata: \n\n");
  CHECK(rc::check([](const std::string& data) {
    std::string plain = data;
    std::erase(plain, '\r');
    RC_ASSERT(events_of(net::format_sse({"", plain, ""})) == strings{"|" + plain + "|"});
  }));
}
