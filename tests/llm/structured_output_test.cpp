#include <catch2/catch_test_macros.hpp>

#include "llm/structured_call.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using tests::rungs;
using tests::structured_call;

TEST_CASE("a schema that obeys the strict rules is asked for strictly, and described in the prompt") {
  structured_call c;
  c.says(R"({"stars": 4})");
  const auto a = c.ask();
  REQUIRE(a);
  CHECK(a->value["stars"] == 4);
  CHECK(a->rung == output_rung::strict_schema);
  CHECK_FALSE(a->corrected);
  CHECK(a->usage.calls == 1);
  const json body = c.sent(0);
  CHECK(body["response_format"]["json_schema"]["name"] == "output");
  CHECK(body["response_format"]["json_schema"]["schema"] == c.schema);
  CHECK(body["messages"][0]["content"].get<std::string>().find("matches this JSON Schema:\n```json\n") !=
        std::string::npos);
}

TEST_CASE("any other schema begins on the second rung") {
  structured_call c;
  c.schema.erase("additionalProperties");
  c.says(R"({"stars": 4})");
  REQUIRE(c.ask());
  CHECK(c.asked() == rungs{"schema"});
}

TEST_CASE("an answer that breaks the schema is asked for once more with the validator's message, all tokens counted") {
  structured_call c;
  c.says(R"({"stars": "many"})").says(R"(Sorry: ```json
{"stars": 5}
```)");
  const auto a = c.ask();
  REQUIRE(a);
  CHECK(a->value["stars"] == 5);
  CHECK(a->corrected);
  CHECK(a->usage.prompt_tokens == 14);
  CHECK(a->usage.calls == 2);
  CHECK(c.corrections == 1);
  const json messages = c.sent(1)["messages"];
  REQUIRE(messages.size() == 3);
  CHECK(messages[1]["role"] == "assistant");
  CHECK(messages[1]["content"] == R"({"stars": "many"})");
  CHECK(messages[2]["content"].get<std::string>().find("expected integer, found \"many\"") != std::string::npos);
}

TEST_CASE("an answer that is wrong twice is an error") {
  structured_call c;
  c.says("no").says("never");
  const auto a = c.ask();
  REQUIRE(a.has_error());
  CHECK(a.error().is(errc::schema_mismatch));
  CHECK(a.error().message == "after one correction: the answer holds no JSON: 'never'");
}

TEST_CASE("the caller's own check is told to the model like the schema's") {
  structured_call c;
  c.options.check = [](const json& v) -> result<void> {
    if (v["stars"] > 5) return fail(errc::schema_mismatch, "there are five stars at most");
    return {};
  };
  c.says(R"({"stars": 9})").says(R"({"stars": 5})");
  REQUIRE(c.ask());
  CHECK(c.sent(1)["messages"][2]["content"].get<std::string>().starts_with(
      "Your answer cannot be used: there are five stars at most\n"));
}

TEST_CASE("refused, filtered and cut answers are outcomes of their own and are not asked for again") {
  structured_call refused;
  refused.http->replies(200, tests::reply_with({{"content", nullptr}, {"refusal", "I will not rate that."}}).dump());
  CHECK(refused.ask().error().is(errc::refused));
  CHECK(refused.http->log().size() == 1);

  structured_call filtered;
  filtered.http->replies(200, tests::reply_with({{"content", "{"}}, "content_filter").dump());
  CHECK(filtered.ask().error().is(errc::content_filtered));
  CHECK(filtered.http->log().size() == 1);

  structured_call cut;
  cut.http->replies(200, tests::reply_with({{"content", "{\"stars\""}}, "length").dump());
  auto request = tests::ask();
  request.max_tokens = 3;
  const auto a = cut.ask(request);
  CHECK(a.error().is(errc::truncated));
  CHECK(a.error().message == "the answer was cut before its JSON was complete: raise max_tokens (3)");
  CHECK(cut.http->log().size() == 1);
}

TEST_CASE("a rung is never left for a failure that does not name it") {
  const std::pair<int, std::string> failures[] = {
      {500, R"({"error":{"message":"response_format: the engine crashed"}})"},
      {429, R"({"error":{"message":"rate limit of json_schema requests","code":"rate_limit_exceeded"}})"},
      {429, R"({"error":{"message":"no money","code":"insufficient_quota"}})"},
      {401, R"({"error":{"message":"bad key for response_format"}})"},
      {400, R"({"error":{"message":"temperature is out of range","param":"temperature"}})"},
      {400,
       R"({"error":{"message":"maximum context length is 10 tokens; 8 in the response_format schemas","code":"context_length_exceeded"}})"},
      {400,
       R"({"error":{"message":"Failed to generate JSON. Please adjust your prompt.","code":"json_validate_failed"}})"},
      {404, R"({"error":{"message":"The model 'json_schema-7b' does not exist","code":"model_not_found"}})"},
      {400, R"({"error":{"message":"The response was filtered; response_format","code":"content_filter"}})"},
  };
  for (const auto& [status, body] : failures) {
    CAPTURE(body);
    structured_call c;
    c.rejects(status, body);
    CHECK(c.ask().has_error());
    CHECK(c.http->log().size() == 1);
    CHECK(c.left.empty());
    CHECK(c.capabilities->size() == 0);
  }
}

TEST_CASE("what a try that failed cost is counted and passed on") {
  structured_call c;
  json broken = tests::reply_with({{"refusal", "no"}});
  c.http->replies(200, broken.dump());
  std::int64_t billed = 0;
  auto request = tests::ask();
  request.on_failed_usage = [&](const billed_call& b) { billed += b.usage.total_tokens(); };
  CHECK(c.ask(request).has_error());
  CHECK(billed == 10);
}

TEST_CASE("the first question of a conversation with tools goes without a format, its correction with one") {
  structured_call c;
  c.says("four stars").says(R"({"stars": 4})");
  c.options.free_first = true;
  auto request = tests::ask();
  request.tools = {{"look", "Looks it up", json::parse(R"({"type":"object"})")}};
  const auto a = c.ask(request);
  REQUIRE(a);
  CHECK(a->value["stars"] == 4);
  CHECK(c.asked() == rungs{"prompt", "strict_schema"});
  CHECK(c.sent(0)["tools"].size() == 1);
  CHECK_FALSE(c.sent(1).contains("tools"));
}
