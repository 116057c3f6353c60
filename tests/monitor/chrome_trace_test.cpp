#include <corchestra/monitor/chrome_trace.hpp>

#include <catch2/catch_test_macros.hpp>

#include "monitor/scripted_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;

TEST_CASE("the Chrome trace names its process and lanes and has a complete event an attempt, in microseconds") {
  auto o = options(2, "say \"hi\"");
  o.retry.max_retries = 1;
  scripted_run run(o, {});
  run.steps["a"] = {{0.5, fail(errc::server_error, "HTTP 503")}, {0.25}};
  run.steps["b"] = {{1, fail(errc::server_error, "HTTP 500", retry_class::terminal)}};
  task_call first = call("a");
  first.priority = 20;
  run.run({first, call("b"), call("c", {"b"})});
  const json trace = json::parse(chrome_trace(run.timeline()));
  CHECK(trace["displayTimeUnit"] == "ms");
  CHECK(trace["otherData"]["run_id"] == "run-1");

  std::map<std::string, std::vector<json>> by_phase;
  for (const auto& e : trace["traceEvents"]) by_phase[e["ph"]].push_back(e);
  CHECK(by_phase["M"][0]["name"] == "process_name");
  CHECK(by_phase["M"][0]["args"]["name"] == "corchestra run say \"hi\"");
  CHECK(by_phase["M"][1]["args"]["name"] == "lane 1");
  CHECK(by_phase["M"].size() == 5);

  REQUIRE(by_phase["X"].size() == 3);
  CHECK(by_phase["X"][0] ==
        json{{"name", "a"},
             {"cat", "type"},
             {"ph", "X"},
             {"ts", 0.0},
             {"dur", 500000.0},
             {"pid", 1},
             {"tid", 1},
             {"args",
              {{"agent", "agent"}, {"attempt", 1}, {"state", "WAITING"}, {"waited_ms", 0.0}, {"note", "HTTP 503"}}}});
  CHECK(by_phase["X"][2]["ts"] == 2500000.0);
  CHECK(by_phase["X"][2]["dur"] == 250000.0);
  REQUIRE(by_phase["i"].size() == 1);
  CHECK(by_phase["i"][0]["name"] == "c never started");
  std::vector<int> running;
  for (const auto& e : by_phase["C"]) running.push_back(e["args"]["tasks"]);
  CHECK(running == std::vector<int>{2, 1, 0, 1, 0});
}

TEST_CASE("tool calls are asynchronous events, so that those of one attempt may overlap") {
  timeline t;
  t.tools.push_back(
      {0, "a", "look", 1, time_point(std::chrono::seconds(1)), time_point(std::chrono::seconds(3)), "ok"});
  const json events = json::parse(chrome_trace(t))["traceEvents"];
  REQUIRE(events.size() == 3);
  CHECK(events[1] == json{{"name", "look"},
                          {"cat", "tool"},
                          {"ph", "b"},
                          {"id", 1},
                          {"ts", 1e6},
                          {"pid", 1},
                          {"tid", 2},
                          {"args", {{"task", "a"}, {"outcome", "ok"}}}});
  CHECK(events[2]["ph"] == "e");
  CHECK(events[2]["ts"] == 3e6);
}

TEST_CASE("the trace of nothing is valid") { CHECK(json::parse(chrome_trace({}))["traceEvents"].size() == 1); }
