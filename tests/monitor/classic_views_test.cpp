#include <corchestra/monitor/classic_views.hpp>

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "core/event_samples.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

struct sample : event_maker {
  sample()
      : event_maker([this](const event& e) {
          metrics(e);
          lines(e);
          running(e);
        }) {}
  metrics_fold metrics;
  timeline_fold lines;
  running_instances running;
};

const clock_anchor anchor{time_point(0s), wall_time(1'795'248'000'000ms)};

void run_three(sample& s) {
  s.begin(1);
  s.submit("a", {}, "researcher");
  s.submit("b", {}, "researcher");
  s.submit("c", {}, "editor");
  s.start("a");
  s.now += 2s;
  s.complete("a");
  s.start("b");
  s.now += 1s;
  const error failure = fail(errc::task_failed, "no");
  s.stop("b", &failure);
  s.finish("b", task_state::failed, "no");
  s.start("c");
}

}  // namespace

TEST_CASE("[C13] [C14] status and metrics have the job pool's keys") {
  sample s;
  s.begin(1);
  CHECK(classic_status(s.metrics.value()) == json{{"running_jobs", 0}, {"queue_size", 0}, {"total_processed", 0}});
  sample t;
  run_three(t);
  t.submit("d");
  CHECK(classic_status(t.metrics.value()) == json{{"running_jobs", 1}, {"queue_size", 1}, {"total_processed", 2}});
  const json m = classic_metrics(t.metrics.value());
  CHECK(m["total_processed"] == 2);
  CHECK(m["avg_execution_time"] == 1.5);
  CHECK(m["avg_wait_time"].get<double>() > 1.66);
  CHECK(m["avg_wait_time"].get<double>() < 1.67);
  CHECK(m["success_rate"] == 0.5);
  CHECK(m.size() == 4);
}

TEST_CASE("[E41] [E60] the task engine's metrics, without an average while nothing ran") {
  sample s;
  s.begin(1);
  s.submit("a");
  CHECK(classic_task_metrics(s.metrics.value()) ==
        json{{"total_tasks", 1}, {"successful_tasks", 0}, {"agent_metrics", json::object()}});
  sample t;
  run_three(t);
  CHECK(classic_task_metrics(t.metrics.value()) ==
        json{{"total_tasks", 3},
             {"successful_tasks", 1},
             {"average_execution_time_ms", 1500.0},
             {"agent_metrics", {{"researcher", {{"tasks", 2}, {"successes", 1}}}}}});
}

TEST_CASE("[B11] a result has status, agent_id, execution_time and error") {
  task_result r;
  r.agent = "writer";
  r.state = task_state::completed;
  r.started_at = time_point(1s);
  r.ended_at = time_point(3500ms);
  CHECK(classic_result(r) ==
        json{{"status", "completed"}, {"agent_id", "writer"}, {"execution_time", 2.5}, {"error", nullptr}});
  r.state = task_state::failed;
  r.error = fail(errc::server_error, "HTTP 503");
  CHECK(classic_result(r)["error"] == "HTTP 503");
  task_result skipped;
  skipped.state = task_state::skipped;
  skipped.reason = "upstream_failed";
  CHECK(classic_result(skipped)["status"] == "skipped");
  CHECK(classic_result(skipped)["error"] == "upstream_failed");
  CHECK(classic_result(skipped)["execution_time"] == 0);
}

TEST_CASE("[E15] a lock is shown with its five fields, its kind by the name") {
  sample s;
  s.call("a").resources = {{"file:a.md"}, {"directory:out"}, {"service:db"}};
  s.begin(1);
  s.submit("a", {}, "worker");
  s.now += 1s;
  s.start("a");
  lock_status locks[3];
  const char* kinds[] = {"file", "directory", "service"};
  for (std::size_t i = 0; i < 3; ++i) {
    locks[i].resource = s.call("a").resources[i].id;
    locks[i].holders = {"a"};
  }
  const json shown = classic_execution_status(s.running, locks, anchor)["resource_locks"];
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(shown[locks[i].resource] == json{{"resource_id", locks[i].resource},
                                           {"locked_by", "a"},
                                           {"lock_type", kinds[i]},
                                           {"locked_at", "2026-11-21T08:00:01.000Z"},
                                           {"expires_at", nullptr}});
  }
}

TEST_CASE("[E16][X16] an instance is shown with its seven fields while it runs, and has all of them from the start") {
  sample s;
  s.call("a").resources = {{"service:db"}};
  s.begin(1);
  s.submit("a", {}, "worker");
  CHECK(classic_execution_status(s.running, {}, anchor)["running_instances"].empty());
  s.start("a");
  const json shown = classic_execution_status(s.running, {}, anchor)["running_instances"]["a"];
  std::set<std::string> fields;
  for (const auto& [name, value] : shown.items()) {
    fields.insert(name);
    CHECK_FALSE(value.is_null());
  }
  CHECK(fields == std::set<std::string>{"instance_id", "agent_id", "task_id", "status", "resources_locked",
                                        "start_time", "heartbeat"});
  CHECK(shown["status"] == "running");
  CHECK(agent_instance{}.task_id.empty());  // made without any argument
}

TEST_CASE("[E11] [E61] running instances and resource locks are maps by id") {
  sample s;
  s.call("a").resources = {{"service:db", lock_mode::exclusive}, {"report", lock_mode::shared}};
  s.begin(2);
  s.submit("a", {}, "worker");
  s.submit("b", {}, "worker");
  s.now += 1s;
  s.start("a");
  s.start("b");
  s.now += 1s;
  s.complete("b");
  lock_status locks[3];
  locks[0].resource = "service:db";
  locks[1].resource = "report";
  locks[2].resource = "free";
  locks[0].holders = locks[1].holders = {"a"};
  const json status = classic_execution_status(s.running, locks, anchor);
  CHECK(status["running_instances"] == json{{"a",
                                             {{"instance_id", "a"},
                                              {"agent_id", "worker"},
                                              {"task_id", "a"},
                                              {"status", "running"},
                                              {"resources_locked", {"service:db", "report"}},
                                              {"start_time", "2026-11-21T08:00:01.000Z"},
                                              {"heartbeat", "2026-11-21T08:00:01.000Z"}}}});
  CHECK(status["resource_locks"]["service:db"] == json{{"resource_id", "service:db"},
                                                       {"locked_by", "a"},
                                                       {"lock_type", "service"},
                                                       {"locked_at", "2026-11-21T08:00:01.000Z"},
                                                       {"expires_at", nullptr}});
  CHECK(status["resource_locks"]["report"]["lock_type"] == "resource");
  CHECK(status["resource_locks"].size() == 2);
}

TEST_CASE("[C15] the exported timeline is a list of id, start_time and duration") {
  sample s;
  s.now = time_point(100s);
  run_three(s);
  s.now += 4s;
  s.complete("c");
  s.end();
  CHECK(export_timeline(s.lines.value()) == json{{{"id", "a"}, {"start_time", 0.0}, {"duration", 2.0}},
                                                 {{"id", "b"}, {"start_time", 2.0}, {"duration", 1.0}},
                                                 {{"id", "c"}, {"start_time", 3.0}, {"duration", 4.0}}});
}
