#include <corchestra/llm/cost.hpp>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include "llm/replies.hpp"
#include "llm/reply_parser.hpp"
#include "llm/stream_assembler.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

namespace {

const price_table& prices() {
  static const price_table table = [] {
    auto read = price_table::parse(R"({
      "writes": {"input_cost_per_token": 3e-06, "cache_read_input_token_cost": 3e-07, "output_cost_per_token": 1.5e-05,
        "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06,
        "input_cost_per_token_above_200k_tokens": 6e-06, "output_cost_per_token_above_200k_tokens": 2.25e-05,
        "cache_read_input_token_cost_above_200k_tokens": 6e-07},
      "thinks": {"input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07,
        "output_cost_per_reasoning_token": 3.5e-06},
      "embeds": {"input_cost_per_token": 2e-08}, "free": {"input_cost_per_token": 0, "output_cost_per_token": 0}})",
                                   "test");
    price_table all = price_table::standard();
    all.overlay(read.value());
    return all;
  }();
  return table;
}

/// Dollars, or `unknown`.
std::string bill(std::string_view model, const token_usage& usage, std::string_view tier = {}) {
  const auto cost = cost_of(prices(), model, usage, tier);
  return cost ? cost->to_text() : "unknown";
}
std::string bill(const result<chat_response>& r) {
  REQUIRE(r);
  return bill(r->model, r->usage, r->service_tier);
}

json reply(std::string model, json usage, json tier = nullptr) {
  json r = reply_saying("hi");
  r["model"] = std::move(model);
  r["usage"] = std::move(usage);
  r["service_tier"] = std::move(tier);
  return r;
}
std::string whole(const json& r) { return bill(parse_reply(r.dump(), "application/json")); }
/// The same reply as a stream, with its usage beside the last choice, and a chunk without usage after it.
std::string streamed(const json& r) {
  stream_assembler assembler;
  json text = delta({{"content", "hi"}}), end = delta(json::object(), "stop"), after = delta(json::object());
  for (json* chunk : {&text, &end, &after}) (*chunk)["model"] = r["model"];
  end["usage"] = r["usage"];
  end["service_tier"] = r["service_tier"];
  after["choices"] = json::array();
  for (const json* chunk : {&text, &end, &after}) REQUIRE(assembler.feed(chunk->dump()));
  return bill(std::move(assembler).finish());
}

json usage(int prompt, int completion, int cached = 0, int reasoning = 0) {
  return {{"prompt_tokens", prompt},
          {"completion_tokens", completion},
          {"total_tokens", prompt + completion},
          {"prompt_tokens_details", {{"cached_tokens", cached}}},
          {"completion_tokens_details", {{"reasoning_tokens", reasoning}}}};
}

token_usage any_usage() {
  const auto n = [] { return *rc::gen::inRange<std::int64_t>(0, 1'000'000); };
  token_usage u{.prompt_tokens = n(), .completion_tokens = n(), .calls = 1};
  u.cached_tokens = *rc::gen::inRange<std::int64_t>(0, u.prompt_tokens + 1);
  u.cache_write_tokens = *rc::gen::inRange<std::int64_t>(0, u.prompt_tokens - u.cached_tokens + 1);
  u.cache_write_1h_tokens = *rc::gen::inRange<std::int64_t>(0, u.cache_write_tokens + 1);
  u.reasoning_tokens = *rc::gen::inRange<std::int64_t>(0, u.completion_tokens + 1);
  return u;
}

}  // namespace

TEST_CASE("a call costs what the model that served it costs, else what the one costs that was asked") {
  const token_usage usage{.prompt_tokens = 10, .completion_tokens = 1, .calls = 1};
  const model_price *thinks = prices().find("thinks"), *free = prices().find("free"), *embeds = prices().find("embeds");
  REQUIRE(embeds);
  CHECK(cost_of(free, thinks, usage) == money());
  CHECK(cost_of(nullptr, thinks, usage) == cost_of(*thinks, usage));
  CHECK(cost_of(embeds, thinks, usage) == cost_of(*thinks, usage));  // embeds has no price of answers
  CHECK(cost_of(nullptr, nullptr, usage) == std::nullopt);
  CHECK(cost_of(thinks, free, {}) == std::nullopt);
}

TEST_CASE("wrong bill 1: usage beside a choice of the stream keeps its cached tokens") {
  const json r = reply("gpt-5-2025-08-07", usage(100'000, 500, 90'000));
  CHECK(streamed(r) == "0.02875");  // four times as much with the cached tokens lost
  CHECK(whole(r) == streamed(r));
}

TEST_CASE("wrong bill 2: the text is billed beside the reasoning") {
  CHECK(whole(reply("o3", usage(300, 1200, 0, 1000))) == "0.0102");
  CHECK(whole(reply("thinks", usage(1000, 1200, 0, 1000))) == "0.00377");
  json on_top = usage(1000, 200, 0, 1000);
  on_top["total_tokens"] = 2200;
  CHECK(whole(reply("thinks", on_top)) == "0.00377");
  CHECK(bill("thinks", {1000, 200, 0, 1000, 1}) == "0.00377");
}

TEST_CASE("wrong bill 3: a breakdown of cache writes below the total does not lessen the bill") {
  json u = usage(10'000, 100);
  u["cache_creation_input_tokens"] = 8000;
  u["cache_creation"] = {{"ephemeral_5m_input_tokens", 3000}, {"ephemeral_1h_input_tokens", 1000}};
  CHECK(whole(reply("writes", u)) == "0.03975");
  CHECK(bill("writes", {10'000, 100, 0, 0, 1, 8000, 1000}) == "0.03975");
  CHECK(bill("writes", {10'000, 100, 2000, 0, 1, 8000, 8000}) == "0.0501");
}

TEST_CASE("wrong bill 4: a stream pays for cache reads what a whole reply does") {
  const json r = reply("gpt-4o-mini-2024-07-18", usage(2006, 300, 1920));
  CHECK(streamed(r) == "0.0003369");
  CHECK(whole(r) == "0.0003369");
}

TEST_CASE("wrong bill 5: the provider's usage counts, and nothing is estimated in its place") {
  CHECK(whole(reply("gpt-4.1", usage(12'345, 1))) == "0.024698");
  CHECK(whole(reply("gpt-4.1", nullptr)) == "unknown");
  CHECK(streamed(reply("gpt-4.1", json::object())) == "unknown");
}

TEST_CASE("wrong bill 6: a count of tokens is no amount of money") {
  const auto cost = cost_of(prices(), "gpt-4.1-nano", {1'000'000, 0, 0, 0, 1});
  REQUIRE(cost);
  CHECK(cost->to_text() == "0.1");
  CHECK(cost->micro_dollars() == 100'000);
}

TEST_CASE("wrong bill 7: the tier that served the call decides, not the one that was asked for") {
  const json u = usage(1000, 100, 400);
  CHECK(whole(reply("o3", u, "default")) == "0.0022");
  CHECK(whole(reply("o3", u, "flex")) == "0.0011");
  CHECK(streamed(reply("o3", u, "flex")) == "0.0011");
  CHECK(whole(reply("o3", u, "priority")) == "0.00385");
  CHECK(whole(reply("o3", u)) == "0.0022");
  CHECK(whole(reply("o3-mini", u, "flex")) == "0.00132");
  CHECK(whole(reply("o3-mini", u, "priority")) == "unknown");
}

TEST_CASE("wrong bill 8: a batch costs half") {
  CHECK(bill("gpt-4o", {1'000'000, 100'000, 0, 0, 1}) == "3.5");
  CHECK(bill("gpt-4o", {1'000'000, 100'000, 0, 0, 1}, "batch") == "1.75");
}

TEST_CASE("a long prompt makes the whole call dearer, from the first token above the threshold") {
  CHECK(bill("writes", {199'999, 10, 0, 0, 1}) == "0.600147");
  CHECK(bill("writes", {200'000, 10, 0, 0, 1}) == "0.60015");
  CHECK(bill("writes", {200'001, 10, 0, 0, 1}) == "1.200231");
  CHECK(bill("writes", {200'001, 0, 200'001, 0, 1}) == "0.1200006");
  CHECK(bill("writes", {100'000, 0, 150'000, 0, 1}) == "0.69");  // a count beside the prompt's makes it long too
}

TEST_CASE("unknown stays unknown") {
  CHECK(bill("llama-3", {10, 10, 0, 0, 1}) == "unknown");
  CHECK(bill("", {10, 10, 0, 0, 1}) == "unknown");
  CHECK(bill("gpt-4o", {}) == "unknown");
  CHECK(bill("gpt-4o", {10, 10, 0, 0, 0}) == "unknown");
  CHECK(bill("embeds", {10, 0, 0, 0, 1}) == "0.0000002");
  CHECK(bill("embeds", {10, 1, 0, 0, 1}) == "unknown");
  CHECK(bill("free", {10, 10, 0, 0, 1}) == "0");
  CHECK(bill("gpt-4o", {0, 0, 0, 0, 1}) == "0");
}

TEST_CASE("the cost of calls is the sum of their costs") {
  CHECK(rc::check([] {
    const token_usage a = any_usage(), b = any_usage();
    token_usage both = a;
    both += b;
    for (const char* tier : {"", "flex", "priority", "batch"}) {
      const auto one = cost_of(prices(), "gpt-5", a, tier), two = cost_of(prices(), "gpt-5", b, tier);
      RC_ASSERT(one && two);
      RC_ASSERT(*one + *two == *two + *one);
      RC_ASSERT(*one + *two == *cost_of(prices(), "gpt-5", both, tier));
    }
  }));
}

TEST_CASE("a cost is what whole numbers of femto-dollars say, rounded once") {
  CHECK(rc::check([] {
    const token_usage u = any_usage();
    const auto price = [] { return *rc::gen::inRange<token_price>(0, 100'000'000'000); };
    const token_price in = price(), cached = price(), written = price(), hour = price(), out = price(),
                      thought = price();
    model_price p;
    p.set(token_kind::input, in);
    p.set(token_kind::cached, cached);
    p.set(token_kind::cache_write, written);
    p.set(token_kind::cache_write_1h, hour);
    p.set(token_kind::output, out);
    p.set(token_kind::reasoning, thought);
    const std::int64_t femto = (u.prompt_tokens - u.cached_tokens - u.cache_write_tokens) * in +
                               u.cached_tokens * cached + (u.cache_write_tokens - u.cache_write_1h_tokens) * written +
                               u.cache_write_1h_tokens * hour + (u.completion_tokens - u.reasoning_tokens) * out +
                               u.reasoning_tokens * thought;
    const auto cost = cost_of(p, u);
    RC_ASSERT(cost.has_value());
    RC_ASSERT(*cost == money::of(1, femto));
    RC_ASSERT(cost->micro_dollars() == (femto + 500'000'000) / 1'000'000'000);
  }));
}

TEST_CASE("no usage, however absurd, costs less than nothing") {
  CHECK(rc::check([](std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d, std::int64_t e, std::int64_t f) {
    for (const char* model : {"writes", "thinks", "gpt-4o"}) {
      const auto cost = cost_of(prices(), model, {a, b, c, d, 1, e, f});
      RC_ASSERT(cost.has_value());
      RC_ASSERT(*cost >= money());
      RC_ASSERT(cost->micro_dollars() >= 0);
    }
  }));
}
