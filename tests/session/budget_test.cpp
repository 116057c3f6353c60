#include <catch2/catch_test_macros.hpp>

#include "stage.hpp"

using namespace corchestra;
using tests::stage;

namespace {

std::string plan_of(std::string budget, std::string agent = "kind: llm, model: m, stream: false, max_tokens: 20",
                    std::string task = {}) {
  return "budget: " + budget + "\nagents: {writer: {" + agent +
         "}}\ntasks:\n  - {id: a, agent: writer, description: One, depends_on: []" + task +
         "}\n  - {id: b, agent: writer, description: Two, depends_on: []}\n";
}

/// A session whose endpoint must not be asked.
std::string refused(stage& s, const std::string& plan, std::map<std::string, std::string> flags = {}) {
  flags["endpoint.base_url"] = "http://127.0.0.1:9/v1";
  const auto r = s.run(s.options(plan, std::move(flags)));
  REQUIRE_FALSE(r);
  CHECK(r.error().is(errc::invalid_config));
  return r.error().message;
}

}  // namespace

TEST_CASE("a budget in dollars needs a price and max_tokens of each task, before anything is sent") {
  stage s;
  s.folder.write("prices.json", R"({"m": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}})");
  const std::map<std::string, std::string> priced{{"prices", s.folder.file("prices.json")}};
  const std::string no_price =
      "the price of model 'm' is not known, and a budget in dollars needs it: add it to the prices, or let calls "
      "without a bound go out (allow_unpriced)";
  for (const char* budget : {"{usd: 1}", "{agents: {writer: {usd: 1}}}"})
    CHECK(refused(s, plan_of(budget)) == "plan.yaml: task 'a': " + no_price);
  CHECK(refused(s, plan_of("{tokens: 1000}", "kind: llm, model: m", ", budget: {usd: 1}")) ==
        "plan.yaml: task 'a': " + no_price);
  CHECK(
      refused(s, plan_of("{usd: 1}", "kind: llm, model: m", ", options: {max_tokens: 10}"), priced) ==
      "plan.yaml: task 'b': max_tokens is needed where there is a budget in dollars: set it for the task or its agent, "
      "or let calls without a bound go out (allow_unpriced)");
  CHECK(refused(s, plan_of("{usd: 1}", "kind: llm, model: m, max_tokens: 5", ", options: {model: other}"), priced)
            .find("the price of model 'other'") != std::string::npos);
}

TEST_CASE("allow_unpriced, in the plan or as a setting, lets calls without a bound go out") {
  for (const bool in_plan : {false, true}) {
    stage s;
    const std::string url = s.serve(tests::say_done);
    std::map<std::string, std::string> flags{{"endpoint.base_url", url}};
    if (!in_plan) flags["allow_unpriced"] = "true";
    const auto r = s.run(s.options(plan_of(in_plan ? "{usd: 1, allow_unpriced: true}" : "{usd: 1}"), flags));
    REQUIRE(r);
    CHECK(r->run.success());
    CHECK(s.settings(flags).allow_unpriced.has_value() == !in_plan);
  }
}

TEST_CASE("a run spends no more than its budget, whatever its tasks reserve") {
  stage s;
  const std::string url = s.serve(tests::say_done);
  s.folder.write("prices.json", R"({"m": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}})");
  const auto r = s.run(
      s.options(plan_of("{usd: 0.000210}"), {{"endpoint.base_url", url}, {"prices", s.folder.file("prices.json")}}));
  REQUIRE(r);
  CHECK(r->run.success());  // one after the other: two at once would reserve more
  CHECK(s.read_json("summary.json")["cost"]["usd"] == "0.000014");
}
