#include "testing/simulated_reply.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "testing/words.hpp"

using namespace corchestra;
using namespace corchestra::testing;

namespace {

json request(std::string prompt) {
  return {{"model", "m"}, {"messages", json::array({{{"role", "user"}, {"content", std::move(prompt)}}})}};
}
simulated_reply plan(const json& r, simulated_model_options options = {}) {
  const auto planned = plan_reply(r, options);
  REQUIRE(planned.has_value());
  return *planned;
}
const std::string report = "Write a section on battery storage in Spain, its prices and its suppliers";

}  // namespace

TEST_CASE("a simulated answer is a short text about the prompt's subject that says what it is") {
  const auto r = plan(request(report));
  CHECK(r.content.find("simulated") != std::string::npos);
  CHECK(r.content.find("battery") != std::string::npos);
  CHECK(r.content.find("\n\n") != std::string::npos);
  CHECK(r.content.ends_with('.'));
  CHECK(r.model == "m-simulated");
  CHECK(r.finish_reason == "stop");
  CHECK(r.completion_tokens == static_cast<std::int64_t>(count_words(r.content)));
  CHECK((r.completion_tokens > 60 && r.completion_tokens <= 120));
  CHECK(r.prompt_tokens == 13);
}

TEST_CASE("an answer inside the next prompt does not become its subject") {
  const std::string first = plan(request(report)).content;
  CHECK(plan(request("Edit this: " + first)).content.find("battery") != std::string::npos);
}

TEST_CASE("same seed and same request give the same reply and timing, streamed or not") {
  json streamed = request(report);
  streamed["stream"] = true;
  streamed["stream_options"] = {{"include_usage", true}};
  const auto a = plan(request(report)), b = plan(streamed);
  CHECK(a.body() == b.body());
  CHECK(a.first_token == b.first_token);
  CHECK(a.per_token == b.per_token);
  CHECK((b.streamed && b.include_usage && !a.streamed));
  simulated_model_options other;
  other.seed = 2;
  CHECK(plan(request(report), other).content != a.content);
  CHECK(plan(request(report + ".")).id != a.id);
}

TEST_CASE("times follow their distributions and the speed") {
  simulated_model_options fast;
  fast.speed = 10;
  std::vector<double> first, rate;
  for (int i = 0; i < 400; ++i) {
    const json q = request("question " + std::to_string(i));
    const auto r = plan(q);
    CHECK(std::abs(to_seconds(r.first_token) - 10 * to_seconds(plan(q, fast).first_token)) < 1e-6);
    first.push_back(to_seconds(r.first_token));
    rate.push_back(1 / to_seconds(r.per_token));
  }
  std::ranges::sort(first);
  std::ranges::sort(rate);
  CHECK((first[200] > 0.3 && first[200] < 0.4));
  CHECK((rate[200] > 75 && rate[200] < 85));
  CHECK(first.back() > 2 * first.front());
}

TEST_CASE("max_tokens cuts an answer, and the reply says so") {
  json q = request(report);
  q["max_completion_tokens"] = 4;
  const auto r = plan(q);
  CHECK(r.finish_reason == "length");
  CHECK(r.completion_tokens == 4);
  CHECK(count_words(r.content) == 4);
  q["max_completion_tokens"] = 40;
  CHECK(plan(q).finish_reason == "stop");
}

TEST_CASE("the pieces of a stream join to the answer") {
  const auto r = plan(request(report));
  std::string joined;
  for (const auto& p : r.pieces()) joined += p;
  CHECK(joined == r.content);
  CHECK(r.pieces().size() > 5);
}

TEST_CASE("structured replies follow the schema") {
  json q = request(report);
  q["response_format"] = json::parse(R"({"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object",
    "properties":{"title":{"type":"string"},"score":{"type":"number","minimum":0,"maximum":1}},"required":["title","score"]}}})");
  const json answer = json::parse(plan(q).content);
  CHECK(answer["title"].is_string());
  CHECK((answer["score"] >= 0 && answer["score"] <= 1));
  q["response_format"] = {{"type", "json_object"}};
  CHECK(json::parse(plan(q).content).is_object());
}

TEST_CASE("the dependency analyzer gets the heuristic's answer, after a repair too") {
  json q = request(
      "Tasks:\n```json\n[{\"id\":\"a\",\"description\":\"Collect figures\"},{\"id\":\"b\",\"description\":\"Plot the "
      "figures\"}]\n```");
  q["response_format"] = {{"type", "json_schema"},
                          {"json_schema", {{"name", "task_dependencies"}, {"schema", json::object()}}}};
  const json answer = json::parse(plan(q).content);
  REQUIRE(answer["dependencies"].size() == 1);
  CHECK(answer["dependencies"][0]["task"] == "b");
  CHECK(answer["dependencies"][0]["needs"] == "a");
  q["messages"].push_back({{"role", "user"}, {"content", "That was wrong, again please."}});
  CHECK(json::parse(plan(q).content) == answer);
}

TEST_CASE("a tool that must be called is called") {
  json q = request("What is the weather?");
  q["tools"] = json::parse(R"([{"type":"function","function":{"name":"weather","parameters":{"type":"object",
    "properties":{"city":{"type":"string"}},"required":["city"]}}}])");
  q["tool_choice"] = "none";
  CHECK(plan(q).tool_calls.empty());
  for (const json& choice : {json("required"), json::parse(R"({"type":"function","function":{"name":"weather"}})")}) {
    q["tool_choice"] = choice;
    const auto r = plan(q);
    REQUIRE(r.tool_calls.size() == 1);
    CHECK(r.tool_calls[0].name == "weather");
    CHECK(json::parse(r.tool_calls[0].arguments)["city"].is_string());
    CHECK(r.finish_reason == "tool_calls");
    const json call = r.body()["choices"][0]["message"]["tool_calls"][0];
    CHECK(call["function"]["arguments"] == r.tool_calls[0].arguments);
  }
}

TEST_CASE("offered tools are each called once, and then there is an answer") {
  json q = request("Compare the weather");
  q["tools"] = json::parse(R"([
    {"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}},
    {"type":"function","function":{"name":"clock"}}])");
  const auto r = plan(q);
  REQUIRE(r.tool_calls.size() == 2);
  CHECK(r.tool_calls[0].name == "weather");
  CHECK(r.tool_calls[1].name == "clock");
  CHECK(r.tool_calls[0].id != r.tool_calls[1].id);
  CHECK(r.content.empty());
  CHECK(r.finish_reason == "tool_calls");
  q["parallel_tool_calls"] = false;
  CHECK(plan(q).tool_calls.size() == 1);
  q["messages"].push_back(r.body()["choices"][0]["message"]);
  q["messages"].push_back({{"role", "tool"}, {"tool_call_id", r.tool_calls[0].id}, {"content", "rain"}});
  const auto answer = plan(q);
  CHECK(answer.tool_calls.empty());
  CHECK(answer.finish_reason == "stop");
  CHECK_FALSE(answer.content.empty());
  q["messages"].push_back({{"role", "user"}, {"content", "And tomorrow?"}});
  CHECK_FALSE(plan(q).tool_calls.empty());
}

TEST_CASE("a limit cuts the arguments of a tool call") {
  json q = request("What is the weather?");
  q["max_tokens"] = 1;
  q["tools"] = json::parse(R"([{"type":"function","function":{"name":"weather","parameters":{"type":"object",
    "properties":{"city":{"type":"string"},"day":{"type":"string"}},"required":["city","day"]}}}])");
  const auto r = plan(q);
  CHECK(r.finish_reason == "length");
  CHECK(r.completion_tokens == 1);
}

TEST_CASE("wrong requests get OpenAI's kind of error, naming the parameter") {
  const auto fault = [](const json& q) { return plan_reply(q, {}).error(); };
  const auto e = fault({{"model", "m"}});
  CHECK(e.body() == json::parse(R"({"error":{"message":"Missing required parameter: 'messages'.",
    "type":"invalid_request_error","param":"messages","code":null}})"));
  CHECK(e.status == 400);
  CHECK(fault(json::array()).message == "The request body must be a JSON object.");
  CHECK(fault({{"messages", json::array()}}).param == "model");
  CHECK(fault({{"model", "m"}, {"messages", json::array()}}).message ==
        "Invalid 'messages': expected a non-empty array.");
  CHECK(fault({{"model", "m"}, {"messages", {{{"content", "x"}}}}}).param == "messages[0].role");
  json q = request("x");
  q["tool_choice"] = "required";
  CHECK(fault(q).param == "tool_choice");
  q = request("x");
  q["max_tokens"] = 0;
  CHECK(fault(q).param == "max_tokens");
}
