#include <corchestra/monitor/prometheus.hpp>

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <sstream>

#include "monitor/scripted_run.hpp"
#include "support/found_text.hpp"

using namespace corchestra;
using namespace corchestra::tests;

namespace {

run_metrics some_metrics() {
  run_metrics m;
  m.counts[static_cast<std::size_t>(task_state::completed)] = 2;
  m.counts[static_cast<std::size_t>(task_state::failed)] = 1;
  m.total_tasks = 3;
  m.wall = from_seconds(2);
  m.sequential = m.slot_time = from_seconds(3);
  m.peak_width = 2;
  m.slots = 4;
  m.usage = {100, 20, 0, 0, 1};
  m.agents["a\"b\\c\nd"] = {3, 2};
  return m;
}

}  // namespace

TEST_CASE("[E57] metrics are exposed with their labels escaped") {
  const std::string text = prometheus_text(some_metrics(), "my \"run\"");
  for (const char* line : {
           R"(corchestra_tasks{run="my \"run\"",state="completed"} 2)",
           R"(corchestra_tasks{run="my \"run\"",state="limit_exceeded"} 0)",
           R"(corchestra_speedup{run="my \"run\""} 1.5)",
           R"(corchestra_efficiency{run="my \"run\"",of="width"} 0.75)",
           R"(corchestra_efficiency{run="my \"run\"",of="slots"} 0.375)",
           R"(corchestra_tokens_total{run="my \"run\"",kind="completion"} 20)",
           R"(corchestra_agent_tasks_total{run="my \"run\"",agent="a\"b\\c\nd"} 3)",
           R"(corchestra_agent_successes_total{run="my \"run\"",agent="a\"b\\c\nd"} 2)",
       })
    CHECK(has_line(text, line));
}

TEST_CASE("[C62] failures are counted by kind of end, so that an alert can watch them") {
  run_metrics m = some_metrics();
  m.counts[static_cast<std::size_t>(task_state::timeout)] = 4;
  const std::string text = prometheus_text(m, "r");
  for (const char* line :
       {R"(corchestra_tasks{run="r",state="failed"} 1)", R"(corchestra_tasks{run="r",state="timeout"} 4)",
        R"(corchestra_tasks{run="r",state="cancelled"} 0)"}) {
    INFO(line);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("every family has one HELP and one TYPE line before its samples, and no sample comes twice") {
  std::istringstream in(prometheus_text(some_metrics(), "r"));
  std::set<std::string> families, samples;
  std::string line, current;
  while (std::getline(in, line)) {
    if (line.starts_with("# HELP ")) {
      current = line.substr(7, line.find(' ', 7) - 7);
      CHECK(families.insert(current).second);
      const bool more = static_cast<bool>(std::getline(in, line));
      REQUIRE(more);
      const bool counter = current.ends_with("_total");
      CHECK(line == "# TYPE " + current + (counter ? " counter" : " gauge"));
      continue;
    }
    CHECK(line.substr(0, line.find('{')) == current);
    CHECK(samples.insert(line.substr(0, line.rfind(' '))).second);
  }
  CHECK(families.size() == 15);
}

TEST_CASE("[B47] lost time by reason and budgets are exposed when given") {
  time_shares uses;
  uses[time_use::lock] = from_seconds(2.5);
  uses[time_use::run] = from_seconds(10);
  const std::pair<std::string, budget_status> budgets[] = {
      {"run", {{5000, 2'000'000}, {1200, 650'000}, {300, 0}}},
      {"agent writer", {{std::nullopt, 1'000'000}, {0, 400'000}, {}}},
  };
  const std::string text = prometheus_text(some_metrics(), "r", {&uses, budgets});
  for (const char* line : {
           R"(corchestra_task_time_seconds_total{run="r",use="lock"} 2.5)",
           R"(corchestra_task_time_seconds_total{run="r",use="run"} 10)",
           R"(corchestra_task_time_seconds_total{run="r",use="deps"} 0)",
           R"(corchestra_budget_spent_tokens{run="r",budget="run"} 1200)",
           R"(corchestra_budget_reserved_tokens{run="r",budget="run"} 300)",
           R"(corchestra_budget_limit_tokens{run="r",budget="run"} 5000)",
           R"(corchestra_budget_spent_dollars{run="r",budget="agent writer"} 0.4)",
           R"(corchestra_budget_limit_dollars{run="r",budget="agent writer"} 1)",
       })
    CHECK(has_line(text, line));
  CHECK(text.find(R"(limit_tokens{run="r",budget="agent writer"})") == std::string::npos);
  CHECK(prometheus_text(some_metrics(), "r").find("budget") == std::string::npos);
}

TEST_CASE("usage that was never reported is not exposed as zero") {
  run_metrics m = some_metrics();
  m.usage = {};
  CHECK(prometheus_text(m, "r").find("tokens") == std::string::npos);
}

TEST_CASE("calls of models are exposed under OpenTelemetry's names, with their cost") {
  model_call_metrics calls;
  const token_usage usage{100, 5, 0, 0, 1};
  event e;
  e.type = event_type::model_call_ended;
  e.usage = &usage;
  e.data = {{"call", 1},        {"model", "gpt"},     {"response_model", "gpt-1"},
            {"elapsed_ms", 50}, {"cost_usd", "0.25"}, {"hedge", "overtaken"}};
  calls(e);
  const error lost = fail(errc::connection_lost, "x");
  e.usage = nullptr;
  e.error = &lost;
  e.data = {{"call", 2}, {"model", "gpt"}, {"elapsed_ms", 5}};
  calls(e);
  const std::string text = prometheus_text(some_metrics(), "r", {.calls = &calls});
  const std::string answered = R"({run="r",gen_ai_request_model="gpt",gen_ai_response_model="gpt-1",error_type="")";
  for (const std::string& line : {
           std::string("# TYPE gen_ai_client_operation_duration_seconds histogram"),
           "gen_ai_client_operation_duration_seconds_bucket" + answered + R"(,le="0.04"} 0)",
           "gen_ai_client_operation_duration_seconds_bucket" + answered + R"(,le="0.08"} 1)",
           "gen_ai_client_operation_duration_seconds_bucket" + answered + R"(,le="+Inf"} 1)",
           "gen_ai_client_operation_duration_seconds_sum" + answered + "} 0.05",
           "gen_ai_client_operation_duration_seconds_count" + answered + "} 1",
           "gen_ai_client_token_usage_sum" + answered + R"(,gen_ai_token_type="input"} 100)",
           std::string(R"(corchestra_model_cost_dollars_total{run="r",model="gpt-1"} 0.25)"),
           std::string(R"(corchestra_model_unpriced_calls_total{run="r",model="gpt"} 0)"),
           std::string(R"(corchestra_model_hedged_calls_total{run="r",model="gpt-1"} 1)"),
           std::string(R"(corchestra_model_calls_answered_by_hedge_total{run="r",model="gpt-1"} 0)"),
       }) {
    INFO(line);
    CHECK(has_line(text, line));
  }
  CHECK(text.find(R"(error_type="connection_lost",le="0.01"} 1)") != std::string::npos);
  CHECK(
      text.find("gen_ai_client_token_usage_count{run=\"r\",gen_ai_request_model=\"gpt\",gen_ai_response_model=\"\"") ==
      std::string::npos);
}

TEST_CASE("limiters are exposed when given") {
  const limiter_gauges limiters[] = {{.model = "gpt",
                                      .waiting = 3,
                                      .in_flight = 8,
                                      .in_flight_limit = 16,
                                      .requests_a_minute = 600,
                                      .paused = true,
                                      .served = 40,
                                      .throttled = 2,
                                      .failed = 1},
                                     {.model = "other"}};
  const std::string text = prometheus_text(some_metrics(), "r", {.limiters = limiters});
  for (const char* line : {R"(corchestra_limiter_waiting{run="r",model="gpt"} 3)",
                           R"(corchestra_limiter_in_flight_limit{run="r",model="gpt"} 16)",
                           R"(corchestra_limiter_requests_per_minute{run="r",model="gpt"} 600)",
                           R"(corchestra_limiter_paused{run="r",model="gpt"} 1)",
                           R"(corchestra_limiter_circuit_open{run="r",model="gpt"} 0)",
                           R"(corchestra_limiter_served_total{run="r",model="gpt"} 40)",
                           R"(corchestra_limiter_failed_total{run="r",model="gpt"} 1)",
                           R"(corchestra_limiter_waiting{run="r",model="other"} 0)",
                           R"(corchestra_limiter_throttled_total{run="r",model="gpt"} 2)"})
    CHECK(has_line(text, line));
  CHECK(text.find("tokens_per_minute") == std::string::npos);
  CHECK(text.find(R"(requests_per_minute{run="r",model="other"})") == std::string::npos);
  CHECK(prometheus_text(some_metrics(), "r").find("limiter") == std::string::npos);
}
