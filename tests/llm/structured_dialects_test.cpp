#include <catch2/catch_test_macros.hpp>

#include "llm/structured_call.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace std::chrono_literals;
using tests::rungs;
using tests::structured_call;

namespace {

json openai_error(std::string message, std::string param = "response_format") {
  return {{"error",
           {{"message", std::move(message)}, {"type", "invalid_request_error"}, {"param", param}, {"code", nullptr}}}};
}

json calling(std::string name, std::string arguments, json content = nullptr) {
  json call = {{"id", "call_1"}, {"type", "function"}, {"function", {{"name", name}, {"arguments", arguments}}}};
  return tests::reply_with({{"role", "assistant"}, {"content", content}, {"tool_calls", json::array({call})}});
}

}  // namespace

TEST_CASE("OpenAI: a model without json_schema is asked by a forced tool call, and that is remembered") {
  structured_call c;
  const std::string no =
      openai_error("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.")
          .dump();
  c.rejects(400, no).rejects(400, no);
  c.http->replies(200, calling("output", R"({"stars": 3})").dump());
  const auto a = c.ask();
  REQUIRE(a);
  CHECK(a->value["stars"] == 3);
  CHECK(a->rung == output_rung::tool_call);
  CHECK(a->usage.calls == 1);
  CHECK(c.asked() == rungs{"strict_schema", "schema", "tool_call"});
  CHECK(c.left == rungs{"strict_schema", "schema"});
  const json body = c.sent(2);
  CHECK(body["tools"][0]["function"]["name"] == "output");
  CHECK(body["tools"][0]["function"]["parameters"] == c.schema);
  CHECK(body["tool_choice"] == json::parse(R"({"type":"function","function":{"name":"output"}})"));

  c.http->replies(200, calling("output", R"({"stars": 1})").dump());
  REQUIRE(c.ask());
  CHECK(c.asked(3) == "tool_call");
}

TEST_CASE("OpenAI: a complaint about one schema leaves the rung for this call only") {
  structured_call c;
  c.rejects(
      400,
      openai_error("Invalid schema for response_format 'output': In context=(), 'oneOf' is not permitted.").dump());
  c.says(R"({"stars": 3})");
  REQUIRE(c.ask());
  CHECK(c.asked() == rungs{"strict_schema", "schema"});
  CHECK(c.capabilities->size() == 0);
}

TEST_CASE("arguments of the forced tool that break the schema are asked for again as the tool's answer") {
  structured_call c;
  c.capabilities->learn("http://h", "m", output_rung::tool_call, c.time.now());
  c.http->replies(200, calling("output", R"({"stars": "x"})").dump());
  c.http->replies(200, calling("output", R"({"stars": 2})").dump());
  REQUIRE(c.ask());
  const json messages = c.sent(1)["messages"];
  REQUIRE(messages.size() == 3);
  CHECK(messages[1]["tool_calls"][0]["id"] == "call_1");
  CHECK(messages[2]["role"] == "tool");
  CHECK(messages[2]["tool_call_id"] == "call_1");
  CHECK(c.asked(1) == "tool_call");
}

TEST_CASE("vLLM: FastAPI's detail names the field, and a grammar that is not supported concerns the schema") {
  structured_call c;
  c.rejects(
      422, R"({"detail":[{"loc":["body","response_format","type"],"msg":"Input should be 'text' or 'json_object'"}]})");
  c.rejects(
      422, R"({"detail":[{"loc":["body","response_format","type"],"msg":"Input should be 'text' or 'json_object'"}]})");
  c.rejects(
      400,
      R"({"object":"error","message":"\"auto\" tool choice requires --enable-auto-tool-choice","type":"BadRequestError","param":null,"code":400})");
  c.says(R"({"stars": 3})");
  REQUIRE(c.ask());
  CHECK(c.asked() == rungs{"strict_schema", "schema", "tool_call", "json_object"});

  structured_call grammar;
  const std::string no =
      R"({"object":"error","message":"The provided JSON schema contains features not supported by xgrammar.","type":"BadRequestError","code":400})";
  grammar.rejects(400, no).rejects(400, no);
  grammar.http->replies(200, calling("output", R"({"stars": 3})").dump());
  REQUIRE(grammar.ask());
  CHECK(grammar.asked().back() == "tool_call");
  CHECK(grammar.capabilities->size() == 0);
}

TEST_CASE("llama.cpp: an old server knows json_object only, with integer codes in its errors") {
  structured_call c;
  const std::string no =
      R"({"error":{"code":400,"message":"response_format type must be one of \"text\" or \"json_object\", but got: json_schema","type":"invalid_request_error"}})";
  c.rejects(400, no).rejects(400, no);
  c.rejects(501,
            R"({"error":{"code":501,"message":"tools param requires --jinja flag","type":"not_supported_error"}})");
  c.says(R"({"stars": 3})");
  REQUIRE(c.ask());
  CHECK(c.asked().back() == "json_object");

  structured_call loading;
  loading.rejects(503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})");
  CHECK(loading.ask().has_error());
  CHECK(loading.left.empty());
}

TEST_CASE("Ollama: a format that is ignored is caught here, and a model without tools says so") {
  structured_call c;
  c.says("I would give it four stars.").says(R"({"stars": 4})");
  REQUIRE(c.ask());
  CHECK(c.asked() == rungs{"strict_schema", "strict_schema"});

  structured_call no_tools;
  no_tools.capabilities->learn("http://h", "m", output_rung::tool_call, no_tools.time.now());
  no_tools.rejects(
      400, R"({"error":{"message":"registry.ollama.ai/library/gemma does not support tools","type":"api_error"}})");
  no_tools.says(R"({"stars": 4})");
  REQUIRE(no_tools.ask());
  CHECK(no_tools.asked() == rungs{"tool_call", "json_object"});

  structured_call choice_ignored;
  choice_ignored.capabilities->learn("http://h", "m", output_rung::tool_call, choice_ignored.time.now());
  choice_ignored.says(R"(Here: {"stars": 4})");
  REQUIRE(choice_ignored.ask());
}

TEST_CASE("LM Studio: its bare string says that json_object is not there, and the prompt is what is left") {
  structured_call c;
  c.capabilities->learn("http://h", "m", output_rung::json_object, c.time.now());
  c.rejects(400, R"({"error":"'response_format.type' must be 'json_schema' or 'text'"})");
  c.says(R"({"stars": 4})");
  const auto a = c.ask();
  REQUIRE(a);
  CHECK(a->rung == output_rung::prompt);
  CHECK(c.asked() == rungs{"json_object", "prompt"});
  c.says(R"({"stars": 4})");
  REQUIRE(c.ask());
  CHECK(c.asked(2) == "prompt");
}

TEST_CASE("Azure: an old api-version leaves the rung, a filtered prompt and a refusal do not") {
  structured_call old;
  const std::string no =
      R"({"error":{"code":"BadRequest","message":"response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later","param":null,"type":null}})";
  old.rejects(400, no).rejects(400, no);
  old.http->replies(200, calling("output", R"({"stars": 3})").dump());
  REQUIRE(old.ask());
  CHECK(old.asked().back() == "tool_call");

  structured_call filtered;
  filtered.rejects(
      400,
      R"({"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}})");
  CHECK(filtered.ask().error().is(errc::content_filtered));
  CHECK(filtered.left.empty());

  structured_call refused;
  refused.http->replies(
      200, tests::reply_with({{"role", "assistant"}, {"content", nullptr}, {"refusal", "I'm sorry."}}).dump());
  CHECK(refused.ask().error().is(errc::refused));
  CHECK(refused.http->log().size() == 1);
}

TEST_CASE("what is no object is never asked for as a tool's arguments or a JSON object") {
  structured_call c;
  c.schema = {{"type", "array"}, {"items", {{"type", "integer"}}}};
  c.rejects(400, openai_error("'response_format' is not supported").dump());
  c.says("[1, 2]");
  REQUIRE(c.ask());
  CHECK(c.asked() == rungs{"schema", "prompt"});
}

TEST_CASE("what was learnt is forgotten in time, and the oldest first when there is no room") {
  output_capabilities known(2, 10min);
  const time_point t{};
  known.learn("e", "a", output_rung::tool_call, t);
  known.learn("e", "b", output_rung::prompt, t + 1min);
  CHECK(known.first("e", "a", t + 9min) == output_rung::tool_call);
  CHECK(known.first("e", "a", t + 10min) == output_rung::strict_schema);
  CHECK(known.first("f", "a", t) == output_rung::strict_schema);
  known.learn("f", "a", output_rung::schema, t + 2min);
  CHECK(known.size() == 2);
  CHECK(known.first("e", "a", t + 3min) == output_rung::strict_schema);
  CHECK(known.first("e", "b", t + 3min) == output_rung::prompt);
  known.learn("e", "b", output_rung::json_object, t + 4min);
  CHECK(known.size() == 2);
}
