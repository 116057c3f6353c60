#include "telemetry/metric_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include <corchestra/base/text.hpp>

using namespace corchestra;
using namespace corchestra::telemetry;

namespace {

event billed_call(const token_usage& usage, const error* failure = nullptr) {
  event e;
  e.type = event_type::model_call_ended;
  e.usage = &usage;
  e.error = failure;
  e.data = {{"call", 1}, {"model", "m"}, {"elapsed_ms", 50}, {"cost_usd", "0.5"}};
  return e;
}

json metric(const metric_store& s, std::string_view name) {
  const json all = json::parse(concat("[", s.text(1, 2), "]"));
  for (const auto& m : all)
    if (m["name"] == name) return m;
  return nullptr;
}

}  // namespace

TEST_CASE("the conventions' histograms have their buckets, and the counts of calls and tokens") {
  metric_store s;
  const token_usage usage{100, 5, 0, 0, 1};
  CHECK(s.count(billed_call(usage), {{"server.address", std::string("h")}}));
  const json duration = metric(s, "gen_ai.client.operation.duration");
  CHECK(duration["unit"] == "s");
  CHECK(duration["histogram"]["aggregationTemporality"] == 2);
  const json& point = duration["histogram"]["dataPoints"][0];
  CHECK(point["startTimeUnixNano"] == "1");
  CHECK(point["timeUnixNano"] == "2");
  CHECK(point["count"] == "1");
  CHECK(point["sum"] == 0.05);
  CHECK(point["explicitBounds"] ==
        json::parse("[0.01,0.02,0.04,0.08,0.16,0.32,0.64,1.28,2.56,5.12,10.24,20.48,40.96,81.92]"));
  CHECK(point["bucketCounts"].size() == 15);
  CHECK(point["bucketCounts"][3] == "1");
  CHECK(point["attributes"] == json::parse(R"([{"key":"server.address","value":{"stringValue":"h"}},
    {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
    {"key":"gen_ai.request.model","value":{"stringValue":"m"}}])"));
  const json tokens = metric(s, "gen_ai.client.token.usage")["histogram"]["dataPoints"];
  REQUIRE(tokens.size() == 2);
  CHECK(tokens[0]["attributes"].back() ==
        json::parse(R"({"key":"gen_ai.token.type","value":{"stringValue":"input"}})"));
  CHECK(tokens[0]["sum"] == 100.0);
  CHECK(tokens[1]["sum"] == 5.0);
  CHECK(tokens[1]["explicitBounds"].back() == 67108864.0);
  const json cost = metric(s, "corchestra.model.cost");
  CHECK(cost["sum"]["isMonotonic"] == true);
  CHECK(cost["sum"]["dataPoints"][0]["asDouble"] == 0.5);
}

TEST_CASE("runs, tasks and attempts are counted by how they ended") {
  metric_store s;
  event e;
  e.type = event_type::run_ended;
  e.data = {{"state", "FAILED"}};
  CHECK(s.count(e, {}));
  e = {};
  e.type = event_type::task_ended;
  e.state = task_state::completed;
  CHECK(s.count(e, {}));
  CHECK(s.count(e, {}));
  e.type = event_type::task_progress;
  CHECK_FALSE(s.count(e, {}));
  CHECK(metric(s, "corchestra.runs")["sum"]["dataPoints"][0]["attributes"] ==
        json::parse(R"([{"key":"corchestra.run.state","value":{"stringValue":"failed"}}])"));
  CHECK(metric(s, "corchestra.tasks")["sum"]["dataPoints"][0]["asInt"] == "2");
  CHECK(metric(s, "corchestra.attempts").is_null());
}

TEST_CASE("no two points of a metric have the same attributes") {
  metric_store s;
  const token_usage usage{1, 1, 0, 0, 1};
  const error lost = fail(errc::connection_lost, "x");
  s.count(billed_call(usage), {});
  s.count(billed_call(usage, &lost), {});
  for (const char* name : {"gen_ai.client.operation.duration", "gen_ai.client.token.usage", "corchestra.model.cost"}) {
    const json m = metric(s, name);
    std::vector<json> seen;
    for (const auto& p : m[m.contains("sum") ? "sum" : "histogram"]["dataPoints"]) {
      CHECK(std::find(seen.begin(), seen.end(), p["attributes"]) == seen.end());
      seen.push_back(p["attributes"]);
    }
    CHECK(seen.size() >= 2);
  }
}
