#include "llm/price_reader.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include <corchestra/llm/cost.hpp>

#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using kind = token_kind;
using tier = price_tier;

namespace {

const std::string sample = R"({
  "sample_spec": {"input_cost_per_token": "in dollars", "max_tokens": "LEGACY parameter", "supported_regions": ["global"]},
  "a": {"input_cost_per_token": 1.25e-05, "output_cost_per_token": "6e-05", "cache_read_input_token_cost": null,
        "litellm_provider": "x", "max_tokens": 8192, "supports_vision": true, "mode": "chat",
        "search_context_cost_per_query": {"input_cost_per_token": "nested", "low": [1, {"deep": null}]},
        "supported_endpoints": ["/v1/batch"], "input_cost_per_token_above_200k_tokens": 2.5e-05},
  "b": {"input_cost_per_token": 0, "output_cost_per_token": 0.0},
  "image": {"output_cost_per_image": 0.06, "tiered_pricing": [{"range": [0, 1], "input_cost_per_token": 1e-6}]}
})";

std::string problem(std::string_view text) {
  const auto r = read_prices(text, "p.json");
  REQUIRE_FALSE(r);
  return r.error().message;
}

}  // namespace

TEST_CASE("LiteLLM's table is read, and what prices no text token is passed over") {
  const auto table = read_prices(sample, "p.json");
  REQUIRE(table);
  CHECK(table->size() == 2);
  const model_price* a = table->find("a");
  REQUIRE(a);
  CHECK(a->of(kind::input, tier::standard, 1) == 12'500'000'000);
  CHECK(a->of(kind::input, tier::standard, 200'001) == 25'000'000'000);
  CHECK(a->of(kind::output, tier::standard, 1) == 60'000'000'000);
  CHECK(a->of(kind::cached, tier::standard, 1) == 12'500'000'000);
  REQUIRE(table->find("b"));
  CHECK(table->find("b")->of(kind::input, tier::standard, 1) == 0);
  CHECK_FALSE(table->find("image"));
  CHECK_FALSE(table->find("sample_spec"));
}

TEST_CASE("of a model that is there twice the later prices count") {
  const auto table =
      read_prices(R"({"a":{"input_cost_per_token":1,"output_cost_per_token":2},"a":{"input_cost_per_token":3}})", "p");
  REQUIRE(table);
  CHECK(table->find("a")->of(kind::input, tier::standard, 1) == 3'000'000'000'000'000);
  CHECK_FALSE(table->find("a")->of(kind::output, tier::standard, 1));
}

TEST_CASE("a file that is no price table gets one error that names the place") {
  CHECK(problem("") == "p.json: the text is empty: expected a JSON value");
  CHECK(problem("prices: none") ==
        "p.json: line 1, column 1: syntax error while parsing value - invalid literal; last read: 'p'");
  CHECK(problem("[]") == "p.json: expected an object of models, got an array");
  CHECK(problem("null") == "p.json: expected an object of models, got null");
  CHECK(problem("7") == "p.json: expected an object of models, got 7");
  CHECK(problem(R"({"gpt": 1.5})") == "p.json: gpt: expected an object of prices, got 1.5");
  CHECK(problem(R"({"gpt": [1]})") == "p.json: gpt: expected an object of prices, got an array");
  CHECK(problem(R"({"gpt": null})") == "p.json: gpt: expected an object of prices, got null");
  CHECK(
      problem(R"({"models": {"gpt": {"input": 1}}})") ==
      "p.json: no model has a price: expected input_cost_per_token and output_cost_per_token in US dollars, by model");
  CHECK(problem("{}").starts_with("p.json: no model has a price"));
  const auto of = [](const std::string& value) {
    return problem(R"({"gpt":{"output_cost_per_token_flex":)" + value + "}}");
  };
  const std::string place =
      "p.json: gpt.output_cost_per_token_flex: expected US dollars per token from 0 to 1000, got ";
  CHECK(of("-1e-06") == place + "-1e-06");
  CHECK(of("1001") == place + "1001");
  CHECK(of("\"free\"") == place + "'free'");
  CHECK(of("true") == place + "a boolean");
  CHECK(of("[1]") == place + "an array");
  CHECK(of("{}") == place + "an object");
  CHECK_FALSE(read_prices(R"({"gpt":{"input_cost_per_token":1e999}})", "p.json"));
  CHECK_FALSE(read_prices(std::string(100'000, '['), "p.json"));
  CHECK_FALSE(read_prices(R"({"gpt":{"x":)" + std::string(100'000, '[') + "}}", "p.json"));
}

TEST_CASE("no damaged table does more than give an error, or costs that are none or more") {
  const std::string pieces[] = {"null", "-1", "1e308", "\"",      "{",    "}",      "[",
                                "]",    ":",  ",",     "\\u0000", "\xff", "9e-999", "0"};
  std::mt19937 random(20260115);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  int read = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text = sample;
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      if (text.empty()) text = "{";
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text[at] = static_cast<char>(below(256));
          break;
        case 1:
          text.erase(at, 1 + below(20));
          break;
        case 2:
          text.insert(at, pieces[below(std::size(pieces))]);
          break;
        default:
          text.resize(at + 1);
          break;
      }
    }
    INFO(i << ": " << text);
    const auto table = read_prices(text, "p.json");
    if (!table) {
      CHECK(table.error().message.starts_with("p.json: "));
      continue;
    }
    ++read;
    for (const char* model : {"a", "b"})
      if (const auto cost = cost_of(*table, model, {1000, 100, 10, 10, 1}, "flex")) CHECK(*cost >= money());
  }
  CHECK(read > 100);
}
