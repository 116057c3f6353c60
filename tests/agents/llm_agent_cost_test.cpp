#include <catch2/catch_test_macros.hpp>

#include "llm_run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using tests::llm_run;

namespace {

llm::chat_response reply(std::string model, token_usage usage, std::string tier = {}) {
  llm::chat_response r;
  r.message.content = "Done.";
  r.model = std::move(model);
  r.usage = usage;
  r.service_tier = std::move(tier);
  return r;
}

struct priced_run : llm_run {
  budget_options budget;
  priced_run() {
    options.prices = std::make_shared<const llm::price_table>(llm::price_table::standard());
    options.allow_unpriced = true;
  }

  void answer(llm::chat_response r, std::vector<llm::billed_call> failed = {}) {
    model->answer_with([r, failed](const llm::chat_request& request) {
      for (const auto& f : failed) request.on_failed_usage(f);
      return result<llm::chat_response>(r);
    });
  }
  /// Runs one task with the budget, and gives back what it had spent at the last alert: at first, and when used up.
  budget_amount spend() {
    v.o.agents().add("writer", make_llm_agent(model, options).value());
    auto p = tests::plan({task("a", "Do it")});
    p.options.budget = budget;
    run_callbacks callbacks;
    callbacks.on_event = [this](const event& e) { events.push_back(e); };
    v.run(std::move(p), std::move(callbacks));
    const auto alerts = of(event_type::budget_alert);
    if (alerts.empty()) return {};
    const json& spent = alerts.back().data["spent"];
    return {spent["tokens"].get<std::int64_t>(), spent["micro_dollars"].get<std::int64_t>()};
  }
};

budget_options dollars(std::int64_t micro) {
  budget_options b;
  b.run.micro_dollars = micro;
  b.alert_at = 0;
  return b;
}

}  // namespace

TEST_CASE("a model call is charged to the budgets in micro-dollars, and told exactly") {
  priced_run r;
  r.budget = dollars(1'000'000);
  r.answer(reply("gpt-4.1-nano-2025-04-14", {12'345, 7, 0, 0, 1}));
  CHECK(r.spend() == budget_amount{12'352, 1'237});
  const auto calls = r.of(event_type::model_call);
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].data["cost_usd"] == "0.0012373");
  CHECK_FALSE(calls[0].data.contains("service_tier"));
}

TEST_CASE("tries that failed are paid for as well, each at the tier that served it") {
  priced_run r;
  r.budget = dollars(1'400 + 2'800);
  r.answer(reply("o3", {1000, 100, 0, 0, 1}, "default"),
           {{{1000, 100, 0, 0, 1}, "o3", "flex"}, {{500, 0, 0, 0, 1}, "", ""}});
  CHECK(r.spend().micro_dollars == 1'400 + 2'800);  // used up
  const auto calls = r.of(event_type::model_call);
  REQUIRE(calls.size() == 3);
  CHECK(calls[0].data["finish"] == "failed");
  CHECK(calls[0].data["cost_usd"] == "0.0014");
  CHECK(calls[0].data["service_tier"] == "flex");
  CHECK(calls[1].data["model"] == "scripted");  // the one that was asked for, and has no price
  CHECK_FALSE(calls[1].data.contains("cost_usd"));
  CHECK(calls[2].data["cost_usd"] == "0.0028");
}

TEST_CASE("the model that answered is billed, or the one that was asked; without a price of either no cost is known") {
  priced_run r;
  r.options.model = "qwen2.5-7b";
  r.budget = dollars(1'000'000);
  r.answer(reply("qwen2.5-7b", {1000, 100, 0, 0, 1}));
  CHECK(r.spend().micro_dollars == 0);
  CHECK_FALSE(r.of(event_type::model_call).at(0).data.contains("cost_usd"));

  priced_run simulated;
  simulated.options.model = "gpt-4o";
  simulated.answer(reply("gpt-4o-simulated", {1000, 100, 0, 0, 1}));
  simulated.spend();
  CHECK(simulated.of(event_type::model_call).at(0).data["cost_usd"] == "0.0035");

  priced_run unnamed;
  unnamed.options.model = "gpt-4o";
  unnamed.answer(reply("", {1000, 100, 0, 0, 1}));
  unnamed.spend();
  CHECK(unnamed.of(event_type::model_call).at(0).data["cost_usd"] == "0.0035");

  priced_run without_usage;
  without_usage.answer(reply("gpt-4o", {}));
  without_usage.spend();
  CHECK_FALSE(without_usage.of(event_type::model_call).at(0).data.contains("cost_usd"));

  priced_run without_table;
  without_table.options.prices = nullptr;
  without_table.answer(reply("gpt-4o", {1000, 100, 0, 0, 1}));
  without_table.spend();
  CHECK_FALSE(without_table.of(event_type::model_call).at(0).data.contains("cost_usd"));
}

TEST_CASE("a call without a known cost leaves its reserve of dollars spent") {
  priced_run r;
  r.budget = dollars(50'000);
  r.answer(reply("qwen2.5-7b", {1000, 100, 0, 0, 1}));
  r.v.o.agents().add("writer", make_llm_agent(r.model, r.options).value());
  auto t = r.task("a", "Do it");
  t.rules.get_or_emplace().reserve = {0, 30'000};
  auto p = tests::plan({t});
  p.options.budget = r.budget;
  run_callbacks callbacks;
  callbacks.on_event = [&](const event& e) { r.events.push_back(e); };
  r.v.run(std::move(p), std::move(callbacks));
  const auto alerts = r.of(event_type::budget_alert);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].data["spent"]["micro_dollars"] == 30'000);
}

TEST_CASE("a model that keeps its requests cannot report usage after the call") {
  priced_run r;
  r.answer(reply("gpt-4o", {1000, 100, 0, 0, 1}));
  r.spend();
  const auto before = r.events.size();
  r.model->requests().at(0).on_failed_usage({{1, 1, 0, 0, 1}, "gpt-4o", ""});
  CHECK(r.events.size() == before);
}
