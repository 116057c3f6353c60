#include "llm/reply_parser.hpp"

#include <catch2/catch_test_macros.hpp>

#include "llm/replies.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

namespace {
result<chat_response> parse(const json& reply) { return parse_reply(reply.dump(), "application/json"); }
}  // namespace

TEST_CASE("a plain reply is read") {
  const auto r = parse(reply_saying("Hello."));
  REQUIRE(r);
  CHECK(r->message.role == role::assistant);
  CHECK(r->message.content == "Hello.");
  CHECK(r->finish == finish_reason::stop);
  CHECK(r->model == "m-2026");
  CHECK(r->request_id == "chatcmpl-1");
  CHECK(r->usage == token_usage{7, 3, 0, 0, 1});
}

TEST_CASE("missing, null and unknown members do no harm") {
  const auto r = parse_reply(R"({"timings":{"x":1},"choices":[{"message":{"content":"a","annotations":[],"audio":null,
    "refusal":null,"tool_calls":null},"logprobs":null}],"usage":null,"model":null})",
                             "");
  REQUIRE(r);
  CHECK(r->message.content == "a");
  CHECK(r->finish == finish_reason::stop);
  CHECK_FALSE(r->usage.known());
}

TEST_CASE("[L23] usage may be partial, and its details null") {
  json reply = reply_saying("a");
  reply["usage"] = {{"prompt_tokens", 5}, {"completion_tokens", nullptr}, {"prompt_tokens_details", nullptr}};
  CHECK(parse(reply)->usage == token_usage{5, 0, 0, 0, 1});
  reply["usage"] = {{"prompt_tokens", 9.0},
                    {"completion_tokens", 4},
                    {"prompt_tokens_details", {{"cached_tokens", 8}}},
                    {"completion_tokens_details", {{"reasoning_tokens", 2}, {"audio_tokens", nullptr}}}};
  CHECK(parse(reply)->usage == token_usage{9, 4, 8, 2, 1});
}

TEST_CASE("what a reply was billed for is known also when it is no answer") {
  json reply = reply_with({{"content", nullptr}, {"refusal", "no"}});
  reply["service_tier"] = "priority";
  billed_call billed;
  CHECK_FALSE(parse_reply(reply.dump(), "", &billed));
  CHECK(billed.usage == token_usage{7, 3, 0, 0, 1});
  CHECK(billed.model == "m-2026");
  CHECK(billed.service_tier == "priority");
  reply["choices"] = json::array();
  CHECK_FALSE(parse_reply(reply.dump(), "", &billed));
  CHECK(billed.usage.known());
  CHECK(parse(reply_saying("a"))->service_tier.empty());
}

TEST_CASE("tool calls keep the model's text, and get an id where the server gives none") {
  const auto r = parse(reply_with(json::parse(R"({"content":null,"tool_calls":[
    {"id":"x","type":"function","function":{"name":"add","arguments":"{\"a\":"}},
    {"function":{"name":"now","arguments":{"zone":"UTC"}}}]})"),
                                  "stop"));
  REQUIRE(r);
  CHECK(r->message.tool_calls ==
        std::vector<tool_call>{{"x", "add", R"({"a":)"}, {"call_1", "now", R"({"zone":"UTC"})"}});
  CHECK(r->finish == finish_reason::stop);
}

TEST_CASE("content parts are joined, and reasoning is kept apart") {
  const auto r =
      parse(reply_with(json::parse(R"({"content":[{"type":"text","text":"a"},{"type":"image_url"},{"text":"b"}],
    "reasoning_content":"hm"})")));
  REQUIRE(r);
  CHECK(r->message.content == "ab");
  CHECK(r->reasoning == "hm");
}

TEST_CASE("every finish reason has its name") {
  for (const char* name : {"stop", "length", "tool_calls"})
    CHECK(to_string(parse(reply_with({{"content", "a"}}, name))->finish) == name);
  CHECK(parse(reply_with({{"content", "a"}}, "function_call"))->finish == finish_reason::tool_calls);
  CHECK(parse(reply_with({{"content", "a"}}, "eos"))->finish == finish_reason::other);
}

TEST_CASE("an answer cut before its first word is a response, not an error") {
  const auto r = parse(reply_with({{"content", ""}, {"reasoning_content", "long thoughts"}}, "length"));
  REQUIRE(r);
  CHECK(r->finish == finish_reason::length);
  CHECK(r->message.content.empty());
}

TEST_CASE("replies that are no answer get one clear error") {
  struct row {
    std::string body;
    errc code;
    std::string message;
    retry_class retry = retry_class::unspecified;
  };
  const std::vector<row> rows = {
      {R"({"choices":[{"message":{"content":null,"refusal":"I can't help."}}]})", errc::refused,
       "the model declined: I can't help.", retry_class::terminal},
      {R"({"choices":[{"message":{"content":"half"},"finish_reason":"content_filter"}]})", errc::content_filtered,
       "the provider's filter removed the output", retry_class::terminal},
      {R"({"choices":[]})", errc::invalid_reply, "the reply's 'choices' are empty"},
      {R"({"object":"chat.completion"})", errc::invalid_reply, "the reply has no array 'choices'"},
      {R"({"choices":{"0":1}})", errc::invalid_reply, "the reply has no array 'choices'"},
      {R"({"choices":[{"text":"old API"}]})", errc::invalid_reply, "choices[0]: expected an object with a message"},
      {R"({"choices":[{"message":"hi"}]})", errc::invalid_reply, "choices[0].message: expected an object, got string"},
      {R"({"choices":[{"message":{"content":7}}]})", errc::invalid_reply,
       "choices[0].message.content: expected text, got number"},
      {R"({"choices":[{"message":{"tool_calls":{}}}]})", errc::invalid_reply,
       "choices[0].message.tool_calls: expected an array, got object"},
      {R"({"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]})", errc::invalid_reply,
       "tool call 0 of the reply names no function"},
      {R"({"choices":[{"message":{"content":""}}]})", errc::invalid_reply, "the reply has neither text nor tool calls"},
      {R"({"choices":[{"message":{"content":"","reasoning_content":"hm"}}]})", errc::invalid_reply,
       "the reply has reasoning but neither text nor tool calls"},
      {R"([1,2])", errc::invalid_reply, "the reply: expected an object, got array"},
      {"", errc::invalid_reply, "expected application/json, got an empty reply; check base_url: it usually ends in /v1",
       retry_class::terminal},
      {R"({"error":{"message":"boom","type":"server_error","code":null}})", errc::server_error,
       "the server reported an error inside its reply: boom (server_error)", retry_class::transient},
      {R"({"error":"model not loaded"})", errc::server_error,
       "the server reported an error inside its reply: model not loaded", retry_class::transient},
      {R"({"error":{"message":"slow down","code":429}})", errc::rate_limited,
       "the server reported an error inside its reply: slow down", retry_class::transient},
      {R"({"error":{"message":"no such field","type":"invalid_request_error"}})", errc::bad_request,
       "the server reported an error inside its reply: no such field (invalid_request_error)", retry_class::terminal},
  };
  for (const auto& row : rows) {
    CAPTURE(row.body);
    const auto r = parse_reply(row.body, "application/json");
    REQUIRE_FALSE(r);
    CHECK(code_name(r.error()) == to_string(row.code));
    CHECK(r.error().message == row.message);
    CHECK(r.error().retry == row.retry);
  }
}

TEST_CASE("a false, null or empty error member is no error") {
  for (const json& none : {json(nullptr), json(false), json(""), json::object()}) {
    json reply = reply_saying("fine");
    reply["error"] = none;
    CHECK(parse(reply).has_value());
  }
}

TEST_CASE("text that is no JSON is told apart by what it is") {
  CHECK(parse_reply("<html><title>Hi</title></html>", "text/html; charset=utf-8").error().message ==
        "expected application/json, got an HTML page; check base_url: it usually ends in /v1");
  CHECK(parse_reply("pong", "text/plain").error().message ==
        "expected application/json, got text/plain; check base_url: it usually ends in /v1");
  const auto cut = parse_reply(R"({"choices":[{"mess)", "application/json");
  CHECK(cut.error().is(errc::invalid_reply));
  CHECK(cut.error().message.starts_with("the reply is not JSON: "));
  CHECK(cut.error().retry == retry_class::unspecified);
  const auto deep = parse_reply(std::string(500, '['), "application/json");
  CHECK(deep.error().is(errc::invalid_reply));
  CHECK(deep.error().retry == retry_class::terminal);
}

TEST_CASE("JSON under a wrong content type is taken as it is") {
  CHECK(parse_reply(reply_saying("hi").dump(), "text/plain")->message.content == "hi");
}
