#include <corchestra/core/event.hpp>

#include <catch2/catch_test_macros.hpp>
#include <set>

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

const clock_anchor anchor{time_point(10s), wall_time(1'795'248'000'000ms)};

event about(event_type type, std::string_view task = "a") {
  event e;
  e.seq = 7;
  e.at = time_point(10s + 1500ms);
  e.type = type;
  e.run_id = "r";
  e.task_id = task;
  if (!task.empty()) e.agent = "worker";
  return e;
}

std::string data_of(const event& e) { return dump_json(to_record(e, anchor)["data"]); }

}  // namespace

TEST_CASE("event types have names of their own, read as they are written") {
  std::set<std::string_view> names;
  for (int i = 0; i < event_type_count; ++i) {
    const auto type = static_cast<event_type>(i);
    names.insert(to_string(type));
    CHECK(parse_event_type(to_string(type)) == type);
  }
  CHECK(names.size() == event_type_count);
  CHECK(to_string(event_type::run_started) == "run_started");
  CHECK(to_string(event_type::warning) == "warning");
  CHECK_FALSE(parse_event_type("run_exploded"));
}

TEST_CASE("a record has its fields in order") {
  event e = about(event_type::attempt_started);
  e.attempt = 2;
  CHECK(dump_json(to_record(e, anchor)) ==
        R"({"seq":7,"at":"2026-11-21T08:00:01.500Z","run_id":"r","type":"attempt_started","task_id":"a","attempt":2,)"
        R"("data":{"agent":"worker"}})");
}

TEST_CASE("a fact about the run names no task and no attempt") {
  event e = about(event_type::run_ended, "");
  e.data = {{"state", "COMPLETED"}};
  CHECK(dump_json(to_record(e, anchor)) ==
        R"({"seq":7,"at":"2026-11-21T08:00:01.500Z","run_id":"r","type":"run_ended","data":{"state":"COMPLETED"}})");
}

TEST_CASE("a submission tells what was asked") {
  task_call call;
  call.id = "a";
  call.description = "Load the figures";
  call.depends_on = {"x", "y"};
  call.resources = {{"file:f", lock_mode::exclusive}, {"db", lock_mode::shared}};
  event e = about(event_type::task_submitted);
  e.task_type = "ingestion";
  e.call = &call;
  e.data = {{"parent", "p"}};
  CHECK(data_of(e) ==
        R"({"agent":"worker","task_type":"ingestion","description":"Load the figures","depends_on":["x","y"],)"
        R"("resources":[{"id":"file:f","mode":"exclusive"},{"id":"db","mode":"shared"}],"priority":10,"parent":"p"})");
}

TEST_CASE("a change of state tells the state and what is missing") {
  event e = about(event_type::task_state_changed);
  e.state = task_state::waiting;
  e.waiting = wait_reason::lock;
  CHECK(data_of(e) == R"({"state":"WAITING","wait_reason":"lock"})");
  e.state = task_state::ready;
  e.waiting = wait_reason::none;
  CHECK(data_of(e) == R"({"state":"READY"})");
}

TEST_CASE("progress carries its message") {
  event e = about(event_type::task_progress);
  e.progress = 0.5;
  e.data = {{"message", "half"}};
  CHECK(data_of(e) == R"({"progress":0.5,"message":"half"})");
}

TEST_CASE("an attempt's end tells error and usage") {
  const error failure = fail(errc::rate_limited, "slow down");
  const token_usage usage{.prompt_tokens = 3, .completion_tokens = 2, .calls = 1};
  event e = about(event_type::attempt_ended);
  e.error = &failure;
  e.usage = &usage;
  e.outcome = task_state::failed;
  e.retry_in = 500ms;
  CHECK(data_of(e) ==
        R"({"error":{"code":"rate_limited","message":"slow down"},"usage":{"prompt_tokens":3,"completion_tokens":2,)"
        R"("total_tokens":5,"cached_tokens":0,"reasoning_tokens":0},"outcome":"failed","retry_in_ms":500})");
}

TEST_CASE("an attempt's end tells its outcome, and no retry when none follows") {
  event e = about(event_type::attempt_ended);
  e.outcome = task_state::limit_exceeded;
  CHECK(data_of(e) == R"({"outcome":"limit_exceeded"})");
}

TEST_CASE("facts of every type are recorded with the data they carry") {
  for (int i = 0; i < event_type_count; ++i) {
    event e = about(static_cast<event_type>(i));
    e.data = {{"message", "m"}};
    const auto record = to_record(e, anchor);
    CHECK(record["type"] == to_string(e.type));
    CHECK(record["data"]["message"] == "m");
  }
}

TEST_CASE("usage that nobody reported is left out") {
  const token_usage none;
  event e = about(event_type::model_call);
  e.usage = &none;
  CHECK(data_of(e) == "{}");
}

TEST_CASE("[X6] a task's end tells state, success and why") {
  task_result r;
  r.state = task_state::completed;
  r.attempts = 2;
  r.started_at = time_point(1s);
  r.ended_at = time_point(3500ms);
  event e = about(event_type::task_ended);
  e.result = &r;
  CHECK(data_of(e) == R"({"state":"COMPLETED","success":true,"attempts":2,"duration_ms":2500})");

  r.state = task_state::cancelled;
  r.cancelled = cancel_reason::user;
  r.reason = "no longer needed";
  r.error = fail(errc::cancelled, "no longer needed");
  CHECK(data_of(e) == R"({"state":"CANCELLED","success":false,"attempts":2,"duration_ms":2500,"cancelled":"user",)"
                      R"("reason":"no longer needed","error":{"code":"cancelled","message":"no longer needed"}})");

  task_result skipped;
  skipped.state = task_state::skipped;
  skipped.skipped = skip_cause::upstream_failed;
  e.result = &skipped;
  CHECK(data_of(e) ==
        R"({"state":"SKIPPED","success":false,"attempts":0,"duration_ms":0,"skipped":"upstream_failed"})");
}

TEST_CASE("[X6] a result is a success only when completed, and lasts as long as its last attempt") {
  task_result r;
  for (int s = 0; s < task_state_count; ++s) {
    r.state = static_cast<task_state>(s);
    CHECK(r.success() == (r.state == task_state::completed));
  }
  r.ended_at = time_point(9s);
  CHECK(r.last_duration() == 0s);
  r.started_at = time_point(4s);
  CHECK(r.last_duration() == 5s);
}

TEST_CASE("create_task_call fills in what every call has") {
  const task_call c = create_task_call("a", "worker", "analysis", "Do it", {{"x", 1}});
  CHECK(c.id == "a");
  CHECK(c.agent == "worker");
  CHECK(c.task_type == "analysis");
  CHECK(c.description == "Do it");
  CHECK(c.context == json{{"x", 1}});
  CHECK(c.priority == 10);
  CHECK(c.depends_on.empty());
  CHECK_FALSE(c.dependencies_given);
}

TEST_CASE("a record names every lock mode, and the amount of a counter") {
  task_call c;
  c.resources = {{"a"}, {"b", lock_mode::intent_shared}, {"c", lock_mode::intent_exclusive}, {"gpu", lock_mode::exclusive, 2}};
  event e;
  e.type = event_type::task_submitted;
  e.call = &c;
  CHECK(dump_json(to_record(e, {})["data"]["resources"]) ==
        R"([{"id":"a","mode":"exclusive"},{"id":"b","mode":"intent_shared"},{"id":"c","mode":"intent_exclusive"},)"
        R"({"id":"gpu","mode":"exclusive","amount":2}])");
}
