// The six tests of the task-call engine (E43), one each.
#include <catch2/catch_test_macros.hpp>
#include <corchestra/runtime/batch_task_calls.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::numbered;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

TEST_CASE("[E43] basic parallel execution: three calls take the time of one") {
  virtual_orchestra v({2s});
  const auto r = v.run(plan(numbered(3)));
  CHECK(r.success());
  CHECK(v.agent->peak() == 3);
  CHECK(r.metrics.wall == 2s);
}

TEST_CASE("[E43] resource coordination: two calls on one file take turns, a third on another does not wait") {
  virtual_orchestra v({2s});
  auto calls = numbered(3);
  calls[0].resources = calls[1].resources = {{"file:shared.txt"}};
  calls[2].resources = {{"file:other.txt"}};
  CHECK(v.run(plan(calls)).success());
  CHECK(v.start_of("t0") == 0);
  CHECK(v.start_of("t1") == 2);
  CHECK(v.start_of("t2") == 0);
}

TEST_CASE("[E43] error isolation: one call fails, one throws, the others succeed") {
  virtual_orchestra v;
  v.agent->on("t1", {{1s, fail(errc::task_failed, "broken")}});
  v.o.agents().add("throws", [](task_context) -> awaitable<result<task_output>> {
    throw std::runtime_error("thrown");
    co_return task_output{};
  });
  auto calls = numbered(4);
  calls[2].agent = "throws";
  const auto r = v.run(plan(calls));
  CHECK(r.find("t0")->success());
  CHECK(r.find("t1")->error->message == "broken");
  CHECK(r.find("t2")->reason.find("thrown") != std::string::npos);
  CHECK(r.find("t3")->success());
}

TEST_CASE("[E43] progress: a callback hears of each call, from its first step to its last, never less than before") {
  virtual_orchestra v;
  for (const auto* id : {"t0", "t1"}) v.agent->on(id, {{10s, {}, nullptr, false, 9}});
  std::map<std::string, std::vector<double>> heard;
  run_callbacks c;
  c.on_progress = [&](std::string_view id, double part) { heard[std::string(id)].push_back(part); };
  CHECK(v.run(plan(numbered(2)), c).success());
  REQUIRE(heard.size() == 2);
  for (const auto& [id, parts] : heard) {
    INFO(id);
    CHECK(parts.size() == 9);
    CHECK(std::is_sorted(parts.begin(), parts.end()));
    CHECK(parts.front() > 0);
    CHECK(parts.back() < 1);
  }
}

TEST_CASE("[E43] batches: twenty calls in fives give twenty results, in order") {
  virtual_orchestra v;
  auto p = batch_task_calls(numbered(20), 5).value();
  const auto r = v.run(std::move(p));
  REQUIRE(r.results.size() == 20);
  CHECK(v.agent->peak() == 5);
  CHECK(r.metrics.wall == 4s);
  for (std::size_t i = 0; i < 20; ++i) CHECK(r.results[i].id == "t" + std::to_string(i));
}

TEST_CASE("[E43] concurrency limit: of ten calls never more than three are under way, and never fewer than can be") {
  virtual_orchestra v;
  const auto r = v.run(plan(numbered(10), 3));
  CHECK(v.agent->peak() == 3);
  CHECK(r.metrics.wall == 4s);
}
