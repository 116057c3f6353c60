#include <corchestra/llm/price_table.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "support/show.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::llm;

namespace {

price_table table_of(std::initializer_list<const char*> models) {
  price_table t;
  token_price price = 1;
  for (const char* m : models) {
    model_price p;
    p.set(token_kind::input, price++);
    t.set(m, p);
  }
  return t;
}

/// 1 for the first model of the table; 0: unknown.
token_price found(const price_table& t, std::string_view model) {
  const model_price* p = t.find(model);
  return p ? *p->of(token_kind::input, price_tier::standard, 1) : 0;
}

}  // namespace

TEST_CASE("a model is found by its name, then by its provider's, then without its date") {
  const auto t = table_of({"m", "openai/n", "d-2024-05-13", "d", "openai/e"});
  CHECK(found(t, "m") == 1);
  CHECK(found(t, "openai/m") == 1);
  CHECK(found(t, "n") == 2);
  CHECK(found(t, "openai/n") == 2);
  CHECK(found(t, "d-2024-05-13") == 3);
  CHECK(found(t, "openai/d-2024-05-13") == 3);
  CHECK(found(t, "d-2024-08-06") == 4);
  CHECK(found(t, "openai/d-2024-08-06") == 4);
  CHECK(found(t, "e-2025-01-31") == 5);
}

TEST_CASE("no other name is taken for a model that the table knows") {
  const auto t = table_of({"m", "openai/n"});
  for (const char* name : {"", "M", "m2", "m-mini", "azure/m", "m-0613", "m-2024-8-06", "m-2024-08-06x", "m-20240806",
                           "-2024-08-06", "2024-08-06", "m:latest", "ft:m:org"})
    CHECK(found(t, name) == 0);
  CHECK(found(price_table(), "m") == 0);
}

TEST_CASE("an overlay replaces the prices of a model as a whole, and adds models") {
  auto t = table_of({"a", "b"});
  auto stronger = table_of({"c", "x", "b"});
  t.overlay(stronger);
  CHECK(t.size() == 4);
  CHECK(found(t, "a") == 1);
  CHECK(found(t, "b") == 3);
  CHECK(found(t, "c") == 1);
}

TEST_CASE("the standard prices are OpenAI's, with the one dated model that has its own") {
  const price_table& t = price_table::standard();
  CHECK(t.size() == 15);
  CHECK(found(t, "gpt-4o") == 2'500'000'000);
  CHECK(found(t, "gpt-4o-2024-08-06") == 2'500'000'000);
  CHECK(found(t, "gpt-4o-2024-05-13") == 5'000'000'000);
  CHECK(found(t, "openai/gpt-5-nano") == 50'000'000);
  CHECK(found(t, "gpt-4.1-nano-2025-04-14") == 100'000'000);
  for (const char* model : {"llama-3.1-8b", "qwen2.5:7b", "gpt-4o-mini-simulated", "scripted", "gpt-99"})
    CHECK(found(t, model) == 0);
}

TEST_CASE("a table is read from a file, and a file that cannot be read is named") {
  tests::temp_dir folder;
  const auto file = folder.path() / "prices.json";
  std::ofstream(file) << R"({"local": {"input_cost_per_token": 1e-09}})";
  const auto t = price_table::load(file);
  REQUIRE(t);
  CHECK(found(*t, "local") == 1'000'000);
  const auto none = price_table::load(folder.path() / "none.json");
  REQUIRE_FALSE(none);
  CHECK(none.error().is(errc::file_error));
  CHECK(none.error().message.find("none.json': No such file or directory") != std::string::npos);
  CHECK(price_table::load(folder.path()).error().is(errc::file_error));
  CHECK(price_table::load("/dev/zero").error().is(errc::too_large));
  std::ofstream(file, std::ios::trunc);
  CHECK(price_table::load(file).error().is(errc::invalid_json));
}
