#include <corchestra/monitor/records.hpp>

#include <catch2/catch_test_macros.hpp>

#include "monitor/scripted_run.hpp"

using namespace corchestra;
using namespace corchestra::tests;

namespace {

const clock_anchor records_anchor{at(100), wall_time(std::chrono::milliseconds(1'700'000'000'000))};

task_result completed() {
  task_result r;
  r.id = "load";
  r.agent = "researcher";
  r.task_type = "ingestion";
  r.state = task_state::completed;
  r.output = task_output(json{{"rows", 3}});
  r.output.confidence = 0.75;
  r.output.evidence = {"line 3"};
  r.attempts = 2;
  r.queued_at = at(100);
  r.started_at = at(101);
  r.ended_at = at(102.5);
  r.usage = {100, 20, 5, 3, 1};
  return r;
}

std::vector<std::string> keys(const ordered_json& record) {
  std::vector<std::string> out;
  for (const auto& [key, value] : record.items()) out.push_back(key);
  return out;
}

}  // namespace

TEST_CASE("a line of results.jsonl has its fields in order") {
  CHECK(
      dump_json(result_record(completed(), records_anchor)) ==
      R"({"id":"load","agent":"researcher","task_type":"ingestion","state":"COMPLETED","success":true,"reason":"",)"
      R"("output":{"rows":3},"error":null,"confidence":0.75,"evidence":["line 3"],"attempts":2,"iterations":1,)"
      R"("queued_at":"2023-11-14T22:13:20.000Z","started_at":"2023-11-14T22:13:21.000Z",)"
      R"("ended_at":"2023-11-14T22:13:22.500Z","duration_ms":1500,)"
      R"("usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"cached_tokens":5,"reasoning_tokens":3}})");
}

TEST_CASE("a failed result has its error's code and message and no output") {
  task_result r = completed();
  r.state = task_state::failed;
  r.error = fail(errc::rate_limited, "HTTP 429: slow down");
  r.reason = r.error->message;
  const auto record = result_record(r, records_anchor);
  CHECK(record["success"] == false);
  CHECK(record["output"].is_null());
  CHECK(record["error"] == ordered_json{{"code", "rate_limited"}, {"message", "HTTP 429: slow down"}});
  CHECK(record["reason"] == "HTTP 429: slow down");
}

TEST_CASE("a skipped result was never started and says whose fault it is") {
  std::vector<ordered_json> lines;
  scripted_run run(options(1), [&](const event& e) {
    if (e.type == event_type::task_ended) lines.push_back(result_record(*e.result, {}));
  });
  run.steps["a"] = {{1, fail(errc::task_failed, "no")}};
  run.run({call("a"), call("b", {"a"})});
  REQUIRE(lines.size() == 2);
  CHECK(keys(lines[1]) == keys(lines[0]));
  CHECK(lines[1]["state"] == "SKIPPED");
  CHECK(lines[1]["reason"] == "upstream_failed: it needs 'a', which ended FAILED");
  CHECK(lines[1]["started_at"].is_null());
  CHECK(lines[1]["attempts"] == 0);
  CHECK(lines[1]["duration_ms"] == 0);
  CHECK(lines[1]["usage"].is_null());
  CHECK(lines[1]["error"].is_null());
}

TEST_CASE("[L10] a cancelled result names whose wish it was") {
  task_result r = completed();
  r.state = task_state::cancelled;
  r.cancelled = cancel_reason::user;
  CHECK(result_record(r, records_anchor)["reason"] == "user");
  r.reason = "not needed";
  CHECK(result_record(r, records_anchor)["reason"] == "user: not needed");
  r.reason = "user: not needed";
  CHECK(result_record(r, records_anchor)["reason"] == "user: not needed");
}

TEST_CASE("[B17] [X3] summary.json has its fields in order") {
  scripted_run run(options(5), {});
  run.steps = {{"kb", {{9.23, {}, 100, 20}}}, {"api", {{10.14}}}, {"blog", {{8.91}}}};
  run.run({call("kb"), call("api"), call("blog")});
  ordered_json s = summary_record({"run-1", "ingestion", run.machine().state(), "", true}, run.metrics());
  CHECK(keys(s["versions"]) == std::vector<std::string>{"corchestra", "boost", "nlohmann_json"});
  s["versions"] = nullptr;
  CHECK(
      dump_json(s) ==
      R"({"run_id":"run-1","name":"ingestion","state":"COMPLETED","counts":{"PENDING":0,"WAITING":0,"READY":0,)"
      R"("RUNNING":0,"COMPLETED":3,"FAILED":0,"CANCELLED":0,"TIMEOUT":0,"SKIPPED":0,"LIMIT_EXCEEDED":0},)"
      R"("wall_seconds":10.14,"sequential_seconds":28.28,"speedup":2.789,"bound_speedup":2.789,)"
      R"("efficiency_of_width":0.9297,"efficiency_of_slots":0.5578,"peak_width":3,)"
      R"("usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"cached_tokens":0,"reasoning_tokens":0},)"
      R"("simulated":true,"versions":null})");
}

TEST_CASE("the summary of a run that did not complete says why") {
  const auto s = summary_record({"run-1", "x", run_state::cancelled, "user: stop", false}, {});
  CHECK(s["reason"] == "user: stop");
  CHECK(keys(s)[3] == "reason");
  CHECK(s["speedup"] == 1.0);
  CHECK(s["usage"].is_null());
}

TEST_CASE("a result says what its time was lost to, and a summary which resources were fought over most") {
  time_shares spent;
  spent[time_use::lock] = std::chrono::seconds(2);
  spent[time_use::run] = std::chrono::seconds(5);
  CHECK(dump_json(result_record(completed(), records_anchor, &spent)["lost_seconds"]) == R"({"lock":2.0})");
  std::vector<lock_status> locks(12);
  locks[0].resource = "db";
  locks[0].blocked = 3;
  locks[0].grants = 4;
  locks[0].waited = std::chrono::milliseconds(1500);
  const auto record = contention_record(locks);
  CHECK(record.size() == 10);
  CHECK(dump_json(record[0]) == R"({"resource":"db","waits":3,"waited_seconds":1.5,"grants":4})");
}
