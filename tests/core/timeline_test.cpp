#include <corchestra/core/timeline.hpp>

#include <catch2/catch_test_macros.hpp>

#include "core/event_samples.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {
struct timeline_sample : event_maker {
  timeline_sample() : event_maker([this](const event& e) { fold(e); }) {}
  timeline_fold fold;
  void at(duration t) { now = time_point(t); }
};
}  // namespace

TEST_CASE("[C15] the timeline holds id, start and duration of every attempt") {
  timeline_sample s;
  s.begin(2, "report");
  s.submit("a");
  s.submit("b");
  s.at(1s);
  s.start("a");
  s.at(3s);
  s.complete("a");
  s.start("b");
  s.at(4s);
  s.complete("b");
  s.end();
  const timeline& t = s.fold.value();
  CHECK(t.run_id == "run-1");
  CHECK(t.name == "report");
  CHECK(t.begin == time_point(0s));
  CHECK(t.end == time_point(4s));
  REQUIRE(t.entries.size() == 2);
  CHECK(t.entries[0].task_id == "a");
  CHECK(t.entries[0].agent == "worker");
  CHECK(t.entries[0].attempt == 1);
  CHECK(t.entries[0].queued_at == time_point(0s));
  CHECK(t.entries[0].started_at == time_point(1s));
  CHECK(t.entries[0].ended_at == time_point(3s));
  CHECK(t.entries[0].state == task_state::completed);
  CHECK(t.entries[0].note.empty());
}

TEST_CASE("an attempt takes the lowest lane that is free") {
  timeline_sample s;
  s.begin(3);
  for (const char* id : {"a", "b", "c", "d", "e"}) s.submit(id);
  for (const char* id : {"a", "b", "c"}) s.start(id);
  s.at(1s);
  s.complete("c");
  s.complete("a");
  s.start("d");
  s.start("e");
  std::vector<std::size_t> lanes;
  for (const auto& entry : s.fold.value().entries) lanes.push_back(entry.lane);
  CHECK(lanes == std::vector<std::size_t>{0, 1, 2, 0, 2});
  CHECK(s.fold.value().lanes == 3);
}

TEST_CASE("a retried attempt is a bar of its own, with what went wrong") {
  timeline_sample s;
  s.begin(1);
  s.submit("a");
  s.start("a");
  s.at(1s);
  const error failure = fail(errc::server_error, "HTTP 503");
  s.stop("a", &failure);
  CHECK(s.fold.value().entries[0].state == task_state::waiting);
  s.at(5s);
  s.start("a");
  s.at(6s);
  s.complete("a");
  s.end();
  const auto& entries = s.fold.value().entries;
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].state == task_state::waiting);
  CHECK(entries[0].note == "HTTP 503");
  CHECK(entries[0].ended_at == time_point(1s));
  CHECK(entries[1].attempt == 2);
  CHECK(entries[1].queued_at == time_point(0s));
  CHECK(entries[1].state == task_state::completed);
  CHECK(entries[1].note.empty());
}

TEST_CASE("a task cancelled in its back-off ends its last bar's story, not its length") {
  timeline_sample s;
  s.begin(1);
  s.submit("a");
  s.start("a");
  s.at(1s);
  const error failure = fail(errc::server_error, "HTTP 503");
  s.stop("a", &failure);
  s.at(5s);
  s.finish("a", task_state::cancelled, "cancelled by the user");
  s.end("CANCELLED");
  const auto& entries = s.fold.value().entries;
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].ended_at == time_point(1s));
  CHECK(entries[0].state == task_state::cancelled);
  CHECK(entries[0].note == "cancelled by the user");
}

TEST_CASE("tasks that never started come last, without a bar") {
  timeline_sample s;
  s.begin(1);
  s.submit("a");
  s.submit("b", {"a"});
  s.submit("c");
  s.start("a");
  s.at(1s);
  const error failure = fail(errc::task_failed, "no");
  s.stop("a", &failure);
  s.finish("a", task_state::failed, "no");
  s.finish("b", task_state::skipped, "upstream_failed: it needs 'a', which ended FAILED");
  s.start("c");
  s.at(2s);
  s.complete("c");
  s.end("FAILED");
  const auto& entries = s.fold.value().entries;
  REQUIRE(entries.size() == 3);
  CHECK(entries[1].task_id == "c");
  CHECK(entries[2].task_id == "b");
  CHECK_FALSE(entries[2].started_at);
  CHECK(entries[2].state == task_state::skipped);
  CHECK(entries[2].note == "upstream_failed: it needs 'a', which ended FAILED");
}

TEST_CASE("the timeline holds the tool calls of attempts, in the lane of each") {
  timeline_sample s;
  s.begin(2);
  s.submit("a");
  s.submit("b");
  s.tool("a", "early", 0, "ok");  // of no attempt
  s.start("a");
  s.start("b");
  s.at(3s);
  s.tool("b", "look", 1500, "failed");
  const timeline& t = s.fold.value();
  REQUIRE(t.tools.size() == 1);
  CHECK(t.tools[0].task_id == "b");
  CHECK(t.tools[0].tool == "look");
  CHECK(t.tools[0].lane == 1);
  CHECK(t.tools[0].started_at == time_point(1500ms));
  CHECK(t.tools[0].ended_at == time_point(3s));
  CHECK(t.tools[0].outcome == "failed");
}
