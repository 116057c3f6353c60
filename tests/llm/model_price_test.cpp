#include <corchestra/llm/model_price.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace corchestra::llm;
using kind = token_kind;
using tier = price_tier;

TEST_CASE("a threshold counts from the first token above it, the highest that is exceeded wins") {
  model_price p;
  p.set(kind::input, 10);
  p.set(kind::input, 30, tier::standard, 272'000);
  p.set(kind::input, 20, tier::standard, 128'000);
  CHECK(p.of(kind::input, tier::standard, 0) == 10);
  CHECK(p.of(kind::input, tier::standard, 127'999) == 10);
  CHECK(p.of(kind::input, tier::standard, 128'000) == 10);
  CHECK(p.of(kind::input, tier::standard, 128'001) == 20);
  CHECK(p.of(kind::input, tier::standard, 272'000) == 20);
  CHECK(p.of(kind::input, tier::standard, 272'001) == 30);
}

TEST_CASE("a missing price has its stand-in, and without one there is none") {
  model_price p;
  CHECK(p.empty());
  CHECK_FALSE(p.of(kind::input, tier::standard, 1));
  p.set(kind::input, 10);
  CHECK(p.of(kind::cached, tier::standard, 1) == 10);
  CHECK(p.of(kind::cache_write, tier::standard, 1) == 10);
  CHECK(p.of(kind::cache_write_1h, tier::standard, 1) == 10);
  CHECK_FALSE(p.of(kind::output, tier::standard, 1));
  CHECK_FALSE(p.of(kind::reasoning, tier::standard, 1));
  p.set(kind::output, 40);
  p.set(kind::cache_write, 12);
  CHECK(p.of(kind::reasoning, tier::standard, 1) == 40);
  CHECK(p.of(kind::cache_write_1h, tier::standard, 1) == 12);
  p.set(kind::cached, 0);
  CHECK(p.of(kind::cached, tier::standard, 1) == 0);  // free is a price
}

TEST_CASE("a missing price of a tier is never replaced by a cheaper one") {
  model_price p;
  p.set(kind::input, 10);
  p.set(kind::cached, 1);
  CHECK(p.of(kind::input, tier::flex, 1) == 10);
  CHECK(p.of(kind::input, tier::batch, 1) == 10);
  CHECK_FALSE(p.of(kind::input, tier::priority, 1));
  p.set(kind::input, 5, tier::flex);
  p.set(kind::input, 18, tier::priority);
  CHECK(p.of(kind::input, tier::flex, 1) == 5);
  CHECK(p.of(kind::cached, tier::flex, 1) == 1);
  CHECK(p.of(kind::cached, tier::priority, 1) == 18);
  p.set(kind::input, 20, tier::standard, 200'000);
  CHECK(p.of(kind::input, tier::flex, 200'001) == 20);
  CHECK(p.of(kind::input, tier::priority, 200'001) == 20);
  p.set(kind::input, 36, tier::priority, 200'000);
  CHECK(p.of(kind::input, tier::priority, 200'001) == 36);
}

TEST_CASE("a price that is set again replaces the earlier") {
  model_price p;
  p.set(kind::input, 10);
  p.set(kind::input, 11);
  CHECK(p.of(kind::input, tier::standard, 1) == 11);
}

TEST_CASE("service tiers that have no prices of their own are the standard one") {
  CHECK(price_tier_of("flex") == tier::flex);
  CHECK(price_tier_of("priority") == tier::priority);
  CHECK(price_tier_of("batch") == tier::batch);
  for (const char* name : {"", "default", "auto", "scale", "standard", "FLEX", "on_demand"})
    CHECK(price_tier_of(name) == tier::standard);
}
