#include "llm/stream_assembler.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <corchestra/net/sse.hpp>

#include "llm/replies.hpp"
#include "llm/reply_parser.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

namespace {

result<chat_response> assemble(const std::vector<std::string>& data) {
  stream_assembler a;
  for (const auto& d : data)
    if (auto ok = a.feed(d); !ok) return ok.error();
  return std::move(a).finish();
}

std::string text(std::string t) { return delta({{"content", std::move(t)}}).dump(); }
const std::string stop = delta(json::object(), "stop").dump();

bool same(const chat_response& a, const chat_response& b) {
  return a.message.content == b.message.content && a.message.tool_calls == b.message.tool_calls &&
         a.finish == b.finish && a.reasoning == b.reasoning && a.usage == b.usage && a.model == b.model &&
         a.request_id == b.request_id;
}

// Cuts a text into code points' groups of random length.
std::vector<std::string> random_pieces(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t n = *rc::gen::inRange<std::size_t>(1, 6);
    std::size_t end = i;
    while (n-- > 0 && end < text.size()) {
      ++end;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    }
    out.push_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

std::string random_text() {
  const auto letters = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("a", " ", "\n", "\"", "\\", "ü", "€", "😀", "[DONE]", "data: ", "\r", "}"));
  std::string out;
  for (const auto& l : letters) out += l;
  return out;
}

}  // namespace

TEST_CASE("a streamed answer equals the one not streamed, however it is split") {
  const bool held = rc::check([] {
    const std::string content = random_text(), reasoning = random_text();
    std::vector<tool_call> calls;
    for (int i = 0, n = *rc::gen::inRange(0, 3); i < n; ++i)
      calls.push_back({"id" + std::to_string(i), "tool" + std::to_string(i), random_text()});
    if (content.empty() && calls.empty()) RC_DISCARD("no answer");

    json whole_calls = json::array();
    for (const auto& c : calls)
      whole_calls.push_back({{"id", c.id}, {"function", {{"name", c.name}, {"arguments", c.arguments}}}});
    json message = {{"role", "assistant"}, {"content", content}, {"reasoning_content", reasoning}};
    if (!calls.empty()) message["tool_calls"] = whole_calls;
    const json whole = reply_with(std::move(message), calls.empty() ? "stop" : "tool_calls");

    std::string wire = sse(delta({{"role", "assistant"}, {"content", nullptr}}));
    for (const auto& p : random_pieces(reasoning)) wire += sse(delta({{"reasoning_content", p}}));
    for (const auto& p : random_pieces(content)) wire += ": ping\n" + sse_text(p);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      wire += sse(delta({{"tool_calls", json::array({{{"index", i},
                                                      {"id", calls[i].id},
                                                      {"function", {{"name", calls[i].name}, {"arguments", ""}}}}})}}));
    }
    for (std::size_t i = calls.size(); i-- > 0;)
      for (const auto& p : random_pieces(calls[i].arguments))
        wire += sse(delta({{"tool_calls", json::array({{{"index", i}, {"function", {{"arguments", p}}}}})}}));
    json end = delta(json::object(), calls.empty() ? "stop" : "tool_calls");
    if (*rc::gen::arbitrary<bool>()) {
      end["usage"] = whole["usage"];  // beside the last choice
      wire += sse(end);
    } else {
      wire += sse(end);
      json usage = delta(json::object());
      usage["choices"] = json::array();
      usage["usage"] = whole["usage"];
      wire += sse(usage);
    }
    wire += "data: [DONE]\n\n";

    std::string seen;
    stream_assembler assembler([&](const chat_delta& d) { seen += d.text; });
    net::sse_parser parser;
    for (std::size_t i = 0; i < wire.size();) {
      const std::size_t n = *rc::gen::inRange<std::size_t>(1, 400);
      const auto fed = parser.feed(std::string_view(wire).substr(i, n),
                                   [&](const net::sse_event& e) { return assembler.feed(e.data); });
      RC_ASSERT(fed.has_value());
      i += n;
    }
    RC_ASSERT(assembler.done());
    const auto streamed = std::move(assembler).finish();
    const auto direct = parse_reply(whole.dump(), "application/json");
    RC_ASSERT(streamed.has_value());
    RC_ASSERT(direct.has_value());
    RC_ASSERT(same(*streamed, *direct));
    RC_ASSERT(seen == content);
  });
  CHECK(held);
}

TEST_CASE("[L16] the last usage that is not null counts, whatever the choices") {
  const auto with_usage = [](json chunk, int tokens) {
    chunk["usage"] = {{"prompt_tokens", 5}, {"completion_tokens", tokens}};
    return chunk.dump();
  };
  json no_choice = delta(json::object());
  no_choice["choices"] = json::array();
  const auto on_every_chunk =
      assemble({with_usage(delta({{"content", "a"}}), 1), with_usage(delta({{"content", "b"}}), 2), stop});
  CHECK(on_every_chunk->usage.completion_tokens == 2);
  const auto alone = assemble({text("a"), stop, with_usage(no_choice, 9), "[DONE]"});
  CHECK(alone->usage.completion_tokens == 9);
  json empty = no_choice;
  empty["usage"] = json::object();
  CHECK(assemble({text("a"), with_usage(delta(json::object(), "stop"), 9), empty.dump(), "[DONE]"})
            ->usage.completion_tokens == 9);
  CHECK_FALSE(assemble({text("a"), stop, "[DONE]"})->usage.known());
}

TEST_CASE("the last service tier that is not null counts, and what was billed is known of a broken stream too") {
  const auto with_tier = [](json chunk, json tier) {
    chunk["service_tier"] = std::move(tier);
    return chunk;
  };
  json last = with_tier(delta(json::object(), "stop"), "flex");
  last["usage"] = {{"prompt_tokens", 5}, {"completion_tokens", 2}};
  const json first = with_tier(delta({{"content", "a"}}), "default");
  const auto r = assemble({first.dump(), last.dump(), with_tier(delta(json::object()), nullptr).dump()});
  REQUIRE(r);
  CHECK(r->service_tier == "flex");
  stream_assembler broken;
  last["error"] = {{"message", "out of memory"}};
  REQUIRE(broken.feed(first.dump()));
  REQUIRE_FALSE(broken.feed(last.dump()));
  CHECK(broken.billed().usage == token_usage{5, 2, 0, 0, 1});
  CHECK(broken.billed().model == "m-2026");
  CHECK(broken.billed().service_tier == "flex");
}

TEST_CASE("[DONE] is known by its beginning, and what follows it is ignored") {
  const auto r = assemble({text("a"), stop, "[DONE] bye", "{broken"});
  REQUIRE(r);
  CHECK(r->message.content == "a");
}

TEST_CASE("[DONE] alone ends a stream, and so does a finish reason") {
  CHECK(assemble({text("a"), "[DONE]"})->finish == finish_reason::stop);
  CHECK(assemble({text("a"), stop})->finish == finish_reason::stop);
}

TEST_CASE("a stream that ends without either is cut, and says how far it came") {
  const auto r = assemble({text("The first part of the answer, "), text("as far as it came")});
  REQUIRE_FALSE(r);
  CHECK(r.error().is(errc::connection_lost));
  CHECK(r.error().retry == retry_class::transient);
  CHECK(r.error().message ==
        "the stream ended without finish_reason and [DONE]; it had come to 47 bytes of text, ending in "
        "'st part of the answer, as far as it came'");
  CHECK(assemble({}).error().message == "the stream ended without finish_reason and [DONE]");
}

TEST_CASE("an error inside the stream is the call's error") {
  const auto r = assemble({text("Hel"), R"({"error":{"code":500,"message":"out of memory","type":"server_error"}})"});
  REQUIRE_FALSE(r);
  CHECK(r.error().is(errc::server_error));
  CHECK(r.error().retry == retry_class::transient);
  CHECK(r.error().message ==
        "the server reported an error inside its reply: out of memory (server_error); it had come to 3 bytes of text, "
        "ending in 'Hel'");
}

TEST_CASE("chunks of the wrong shape are refused by name") {
  CHECK(assemble({"[1]"}).error().message == "a chunk of the stream: expected an object, got array");
  CHECK(assemble({R"({"choices":7})"}).error().message == "choices: expected an array, got number");
  CHECK(assemble({R"({"choices":[7]})"}).error().message == "choices: expected an array of objects");
  CHECK(assemble({delta({{"content", 7}}).dump()}).error().message ==
        "choices[0].delta.content: expected text, got number");
  CHECK(assemble({delta({{"tool_calls", json::array({{{"index", 5000}}})}}).dump()}).error().message ==
        "choices[0].delta.tool_calls: the index 5000 is out of range");
  const auto broken = assemble({"{\"choices\":"});
  CHECK(broken.error().is(errc::invalid_reply));
  CHECK(broken.error().message.starts_with("a chunk of the stream: "));
  CHECK(assemble({"[DONE]"}).error().message == "the stream brought no choice");
}

TEST_CASE("only the first choice counts") {
  json second = delta({{"content", "B"}});
  second["choices"][0]["index"] = 1;
  CHECK(assemble({text("a"), second.dump(), stop})->message.content == "a");
}

TEST_CASE("tool calls without an index are told apart by id") {
  const auto call = [](json c) { return delta({{"tool_calls", json::array({std::move(c)})}}).dump(); };
  const auto r = assemble({call({{"id", "a"}, {"function", {{"name", "f"}, {"arguments", "{"}}}}),
                           call({{"function", {{"arguments", "}"}}}}),
                           call({{"id", "b"}, {"function", {{"name", "g"}, {"arguments", "[]"}}}}), stop});
  REQUIRE(r);
  CHECK(r->message.tool_calls == std::vector<tool_call>{{"a", "f", "{}"}, {"b", "g", "[]"}});
}

TEST_CASE("a refusal that was streamed is a refusal") {
  const auto r = assemble({delta({{"refusal", "I "}}).dump(), delta({{"refusal", "won't."}}).dump(), stop});
  CHECK(r.error().is(errc::refused));
  CHECK(r.error().message == "the model declined: I won't.");
}

TEST_CASE("partial output is cut at a code point") {
  const std::string text = std::string(10, 'x') + "ü" + std::string(39, 'y');
  stream_assembler a;
  REQUIRE(a.feed(delta({{"content", text}}).dump()));
  CHECK(a.partial_output() == "; it had come to 51 bytes of text, ending in '" + std::string(39, 'y') + "'");
}
