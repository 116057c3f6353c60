#include <catch2/catch_test_macros.hpp>

#include "session/cost_tally.hpp"
#include "session/prices.hpp"
#include "stage.hpp"

using namespace corchestra;
using tests::stage;

namespace {

constexpr std::string_view one_task = R"(
agents: {writer: {kind: llm, model: m, stream: false}}
tasks:
  - {id: a, agent: writer, description: One, depends_on: []}
  - {id: b, agent: writer, description: Two, depends_on: []}
)";

event call(json data) {
  event e;
  e.type = event_type::model_call;
  e.data = std::move(data);
  return e;
}

}  // namespace

TEST_CASE("the cost of a run is in its summary, by model, from the prices of a file") {
  stage s;
  const std::string url = s.serve(tests::say_done);
  s.folder.write("prices.json", R"({"m": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2.5e-7}})");
  const auto r = s.run(s.options(one_task, {{"endpoint.base_url", url}, {"prices", s.folder.file("prices.json")}}));
  REQUIRE(r);
  const json summary = s.read_json("summary.json");
  CHECK(summary["cost"] == json::parse(R"({"usd":"0.000007","calls":2,"unpriced_calls":0,
    "models":{"m":{"usd":"0.000007","calls":2,"unpriced_calls":0}}})"));
  for (const auto& e : s.read_lines("events.jsonl"))
    if (e["type"] == "model_call") CHECK(e["data"]["cost_usd"] == "0.0000035");
}

TEST_CASE("a simulated run costs what the models that it asks cost, so that its budget can be rehearsed") {
  stage s;
  const std::string url = s.simulate();
  s.folder.write("prices.json", R"({"m": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2.5e-7}})");
  auto o = s.options(one_task, {{"endpoint.base_url", url}, {"prices", s.folder.file("prices.json")}});
  o.simulated = true;
  REQUIRE(s.run(std::move(o)));
  const json cost = s.read_json("summary.json")["cost"];
  CHECK(cost["calls"] == 2);
  CHECK(cost["unpriced_calls"] == 0);
  CHECK(cost["models"]["m-simulated"]["usd"].is_string());
}

TEST_CASE("without prices the cost of a run is null, which is not zero") {
  stage s;
  const std::string url = s.serve(tests::say_done);
  REQUIRE(s.run(s.options(one_task, {{"endpoint.base_url", url}})));
  const json cost = s.read_json("summary.json")["cost"];
  CHECK(cost["usd"].is_null());
  CHECK(cost["unpriced_calls"] == 2);
}

TEST_CASE("a file of prices that cannot be used stops a session before anything is spent") {
  stage s;
  s.folder.write("prices.json", R"({"m": {"input_cost_per_token": "free"}})");
  const auto r = s.run(
      s.options(one_task, {{"endpoint.base_url", "http://127.0.0.1:9/v1"}, {"prices", s.folder.file("prices.json")}}));
  REQUIRE_FALSE(r);
  CHECK(r.error().is(errc::invalid_config));
  CHECK(r.error().message == "--prices: " + s.folder.file("prices.json") +
                                 ": m.input_cost_per_token: expected US dollars per token from 0 to 1000, got 'free'");
}

TEST_CASE("the standard prices hold at OpenAI's own endpoint only") {
  stage s;
  const auto knows = [&](std::string url) {
    const auto prices = prices_of(s.settings({{"endpoint.base_url", std::move(url)}}));
    REQUIRE(prices);
    return (*prices)->find("gpt-4o") != nullptr;
  };
  CHECK(knows("https://api.openai.com/v1"));
  CHECK_FALSE(knows("http://127.0.0.1:8080/v1"));
  CHECK_FALSE(knows("https://api.openai.com.example/v1"));
  s.folder.write("prices.json", R"({"gpt-4o": {"input_cost_per_token": 1}, "m": {"input_cost_per_token": 1}})");
  const auto both = prices_of(
      s.settings({{"endpoint.base_url", "https://api.openai.com/v1"}, {"prices", s.folder.file("prices.json")}}));
  REQUIRE(both);
  CHECK((*both)->find("gpt-4o")->of(llm::token_kind::input, llm::price_tier::standard, 1) == 1'000'000'000'000'000);
  CHECK((*both)->find("m"));
  CHECK((*both)->find("gpt-4o-mini"));
}

TEST_CASE("calls with and without a known cost are told apart") {
  cost_tally t;
  CHECK(t.to_json_value().is_null());
  t(call({{"model", "a"}, {"cost_usd", "0.1"}}));
  t(call({{"model", "a"}, {"cost_usd", "0.200000000000001"}}));
  t(call({{"model", "b"}}));
  t(call(nullptr));
  t(event{});
  CHECK(json(t.to_json_value()) == json::parse(R"({"usd":"0.300000000000001","calls":4,"unpriced_calls":2,"models":{
    "":{"usd":null,"calls":1,"unpriced_calls":1},"a":{"usd":"0.300000000000001","calls":2,"unpriced_calls":0},
    "b":{"usd":null,"calls":1,"unpriced_calls":1}}})"));
}
