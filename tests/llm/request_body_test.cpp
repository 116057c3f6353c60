#include "llm/request_body.hpp"

#include <catch2/catch_test_macros.hpp>

#include "llm/replies.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

namespace {
const request_format plain{"m", "max_tokens", false, false};

chat_message body_message(llm::role who, std::string text) {
  chat_message m;
  m.role = who;
  m.content = std::move(text);
  return m;
}
}  // namespace

TEST_CASE("the smallest request has a model and its messages") {
  CHECK(request_body(ask(), plain).value() == R"({"model":"m","messages":[{"role":"user","content":"hello"}]})");
}

TEST_CASE("what is set is sent, under the name of the cap that the endpoint knows") {
  chat_request r = ask();
  r.model = "other";
  r.messages.insert(r.messages.begin(), body_message(role::system, "be brief"));
  r.temperature = 0.2;
  r.max_tokens = 800;
  r.seed = 7;
  r.stop = {"END"};
  r.output = output_schema{"answer", {{"type", "object"}}, true};
  r.extra = {{"top_p", 0.9}, {"temperature", 0.5}};
  const json body = json::parse(request_body(r, {"m", "max_completion_tokens", false, false}).value());
  CHECK(body == json::parse(R"({"model":"other","messages":[{"role":"system","content":"be brief"},
    {"role":"user","content":"hello"}],"temperature":0.5,"max_completion_tokens":800,"seed":7,"stop":["END"],
    "response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object"}}},
    "top_p":0.9})"));
}

TEST_CASE("a conversation with tools is sent as the protocol has it") {
  chat_request r = ask();
  chat_message call = body_message(role::assistant, "");
  call.tool_calls = {{"c1", "add", R"({"a":1})"}};
  chat_message answer = body_message(role::tool, "3");
  answer.tool_call_id = "c1";
  r.messages.push_back(call);
  r.messages.push_back(answer);
  r.tools = {{"add", "adds", {{"type", "object"}}}};
  r.tool_choice = "required";
  const json body = json::parse(request_body(r, plain).value());
  CHECK(body["messages"][1] == json::parse(R"({"role":"assistant","content":null,
    "tool_calls":[{"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}}]})"));
  CHECK(body["messages"][2] == json::parse(R"({"role":"tool","content":"3","tool_call_id":"c1"})"));
  CHECK(body["tools"] ==
        json::parse(
            R"([{"type":"function","function":{"name":"add","description":"adds","parameters":{"type":"object"}}}])"));
  CHECK(body["tool_choice"] == "required");
}

TEST_CASE("a stream is asked for, with its usage unless the server rejects that") {
  const json with = json::parse(request_body(ask(), {"m", "max_tokens", true, true}).value());
  CHECK(with["stream"] == true);
  CHECK(with["stream_options"] == json{{"include_usage", true}});
  const json without = json::parse(request_body(ask(), {"m", "max_tokens", true, false}).value());
  CHECK(without["stream"] == true);
  CHECK_FALSE(without.contains("stream_options"));
}

TEST_CASE("text that is not UTF-8 is sent with replacement characters") {
  CHECK(request_body(ask("a\xff"), plain).value().find("a\xEF\xBF\xBD") != std::string::npos);
}

TEST_CASE("a request that cannot be right is refused by name") {
  struct row {
    std::string message;
    void (*spoil)(chat_request&);
  };
  const std::vector<row> rows = {
      {"chat request: no messages", [](chat_request& r) { r.messages.clear(); }},
      {"max_tokens: expected at least 1, got 0", [](chat_request& r) { r.max_tokens = 0; }},
      {"output schema: the name 'a b' is not [A-Za-z0-9_-]{1,64}",
       [](chat_request& r) { r.output = output_schema{"a b", json::object(), true}; }},
      {"extra: expected an object, got array", [](chat_request& r) { r.extra = json::array(); }},
      {"extra: 'stream' is set by the client", [](chat_request& r) { r.extra = {{"stream", true}}; }},
  };
  for (const auto& row : rows) {
    chat_request r = ask();
    row.spoil(r);
    const auto body = request_body(r, plain);
    REQUIRE_FALSE(body);
    CHECK(body.error().is(errc::invalid_argument));
    CHECK(body.error().message == row.message);
  }
  const auto nameless = request_body(ask(), {"", "max_tokens", false, false});
  CHECK(nameless.error().message == "chat request: no model is named");
}
