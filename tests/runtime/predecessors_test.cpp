// What the predecessors promise, where no other test asks for it.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>

#include <map>
#include <type_traits>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using Catch::Approx;
using tests::numbered;
using tests::plan;
using tests::task;
using tests::virtual_orchestra;

namespace {

std::size_t width_of(std::uint32_t slots) {
  virtual_orchestra v;
  const auto peak = v.run(plan(numbered(50), slots)).metrics.peak_width;
  CHECK(peak == v.agent->peak());
  return v.agent->peak();
}

/// Two chains whose tasks give their ids and what they needed.
run_result chains(scheduling_mode mode) {
  virtual_orchestra v;
  v.o.agents().add("tells", [](task_context c) -> awaitable<result<task_output>> {
    json heard = json::array({c.task().id});
    for (const auto& id : c.task().depends_on) heard.push_back(c.upstream(id)->output.value);
    co_await sleep_for(1s);
    co_return task_output(std::move(heard));
  });
  auto p = plan({task("a1"), task("b1"), task("a2", {"a1"}), task("b2", {"b1", "a1"})});
  for (auto& t : p.tasks) t.agent = "tells";
  p.options.mode = mode;
  return v.run(std::move(p));
}

}  // namespace

TEST_CASE("[A35][C31] an executor with three workers has three at work, and no more") { CHECK(width_of(3) == 3); }

TEST_CASE("[B4][E4] five, ten and twenty at once are reached, and not passed") {
  for (const std::uint32_t n : {5u, 10u, 20u}) CHECK(width_of(n) == n);
}

TEST_CASE("[A3][A53][A62] mode sequential alone gives the old behaviour: one at a time, in listing order") {
  virtual_orchestra v;
  auto p = plan(numbered(5));
  p.options.mode = scheduling_mode::sequential;
  CHECK(v.run(p).success());
  CHECK(v.agent->peak() == 1);
  for (int i = 0; i < 5; ++i) CHECK(v.start_of("t" + std::to_string(i)) == i);
}

TEST_CASE("[B1] nothing has to be switched on: what is independent runs together, what depends waits") {
  virtual_orchestra v;
  auto calls = numbered(3);
  calls.push_back(task("last", {"t0"}));
  CHECK(v.run(plan(calls)).success());
  CHECK(v.agent->peak() == 3);
  CHECK(v.start_of("last") == 1);
}

TEST_CASE("[A5][A28][B33] both modes give the same outputs") {
  const auto one = chains(scheduling_mode::sequential), many = chains(scheduling_mode::automatic);
  CHECK(one.metrics.wall == 4s);
  CHECK(many.metrics.wall == 2s);
  REQUIRE(one.results.size() == 4);
  for (const auto& t : one.results) {
    INFO(t.id);
    CHECK(t.success());
    CHECK_FALSE(t.output.value.is_null());
    CHECK(t.output.value == many.find(t.id)->output.value);
  }
}

TEST_CASE("[B3] workers, mode and failure policy are set in the program") {
  virtual_orchestra v;
  v.agent->on("t0", {{1s, fail(errc::task_failed, "no")}}).takes("t1", 5s);
  auto p = plan(numbered(4));
  p.options.limits.max_concurrent_tasks = 2;
  p.options.fail_fast = true;
  const auto r = v.run(p);
  CHECK(v.agent->peak() == 2);
  CHECK(r.find("t1")->state == task_state::cancelled);
  CHECK(r.find("t3")->attempts == 0);
}

TEST_CASE("[B28][B30] three agents of the example gain 2.79, five equal ones 5, and efficiency says of what") {
  virtual_orchestra three;
  three.agent->takes("t0", 9230ms).takes("t1", 10140ms).takes("t2", 8910ms);
  const auto a = three.run(plan(numbered(3), 5)).metrics;
  CHECK(a.speedup() == Approx(2.79).margin(0.005));
  CHECK(a.efficiency_of_width() == Approx(0.93).margin(0.005));
  CHECK(a.efficiency_of_slots() == Approx(0.56).margin(0.005));
  virtual_orchestra five({10s});
  const auto b = five.run(plan(numbered(5), 5)).metrics;
  CHECK(b.speedup() == 5);
  CHECK(b.bound_speedup() == 5);
  CHECK(b.efficiency_of_width() == 1);
  CHECK(b.efficiency_of_slots() == 1);
}

TEST_CASE("[B40] two that write the same part of the state at the same moment both leave their mark") {
  virtual_orchestra v;
  v.agent->on("t0", {{1s, {}, "zero"}}).on("t1", {{1s, {}, "one"}});
  auto p = plan(numbered(2));
  for (auto& t : p.tasks) t.rules.get_or_emplace().state_key = "found";
  p.options.reducers["found"] = "append";
  const auto r = v.run(p);
  CHECK(v.end_of("t0") == v.end_of("t1"));
  auto found = r.shared_state["found"].get<std::vector<std::string>>();
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<std::string>{"one", "zero"});
}

TEST_CASE("[X15][B13] an agent sees the shared state, and what it sees cannot be written to") {
  static_assert(std::is_same_v<decltype(std::declval<task_context&>().shared_state()), const json&>);
  static_assert(std::is_same_v<decltype(std::declval<task_context&>().upstream("")), const task_result*>);
  virtual_orchestra v;
  v.agent->on("t0", {{1s, {}, 7}});
  json seen;
  v.o.agents().add("looks", [&](task_context c) -> awaitable<result<task_output>> {
    seen = c.shared_state();  // a copy: changing it changes nothing
    json mine = c.shared_state();
    mine["k"] = 8;
    co_return task_output{};
  });
  auto first = task("t0"), second = task("t1", {"t0"});
  first.rules.get_or_emplace().state_key = "k";
  second.agent = "looks";
  CHECK(v.run(plan({first, second})).shared_state == json{{"k", 7}});
  CHECK(seen == json{{"k", 7}});
}

TEST_CASE("[C19] a task is PENDING when it is submitted, before anything is known of what it waits for") {
  virtual_orchestra v;
  std::map<std::string, task_state> first;
  run_callbacks c;
  c.on_event = [&](const event& e) {
    if (e.type == event_type::task_submitted) first.emplace(e.task_id, e.state);
  };
  CHECK(v.run(plan({task("a"), task("b", {"a"})}), c).success());
  CHECK(first == std::map<std::string, task_state>{{"a", task_state::pending}, {"b", task_state::pending}});
}

TEST_CASE("[C45] every transition of every task is told by an event, and none is left out") {
  virtual_orchestra v;
  v.agent->on("fails", {{1s, fail(errc::task_failed, "no")}}).on("slow", {{1h}});
  auto flaky = task("fails");
  flaky.retry = retry_policy{.max_retries = 1, .first_delay = 1s, .jitter = false};
  auto slow = task("slow");
  slow.limits.start_to_close = 5s;
  auto locked = task("locked"), locked_too = task("locked too");
  locked.resources = locked_too.resources = {{"db"}};
  std::map<std::string, std::vector<task_state>> path;
  run_callbacks c;
  c.on_event = [&](const event& e) {
    if (e.task_id.empty()) return;
    auto& states = path[std::string(e.task_id)];
    if (states.empty() || states.back() != e.state) states.push_back(e.state);
  };
  v.run(plan({flaky, slow, locked, locked_too, task("skipped", {"fails"})}, 2), c);
  REQUIRE(path.size() == 5);
  for (const auto& [id, states] : path) {
    INFO(id);
    CHECK(states.front() == task_state::pending);
    CHECK(is_terminal(states.back()));
    for (std::size_t i = 1; i < states.size(); ++i) CHECK(may_become(states[i - 1], states[i]));
  }
}

TEST_CASE("[C48] a cycle, an unknown id and an id twice are refused by name, and nothing runs") {
  virtual_orchestra v;
  const auto refused = [&](std::vector<task_call> tasks) { return v.o.start(plan(std::move(tasks))).error().message; };
  const auto cycle = refused({task("a", {"c"}), task("b", {"a"}), task("c", {"b"})});
  for (const auto* id : {"a", "b", "c", "->"}) CHECK(cycle.find(id) != std::string::npos);
  CHECK(refused({task("a", {"ghost"})}).find("ghost") != std::string::npos);
  CHECK(refused({task("twin"), task("twin")}).find("twin") != std::string::npos);
  CHECK(v.agent->log().empty());
}

TEST_CASE("[C61] the limits of a job, of waiting and of the shutdown are three different things") {
  virtual_orchestra v({1h});
  auto job = task("job");
  job.limits.start_to_close = 10s;
  std::optional<error> waited;
  auto all = [&]() -> awaitable<run_result> {
    auto r = v.o.start(plan({job, task("rest")})).value();
    const result<run_result> soon =
        co_await timeout<run_result>(3s, "waiting for all", [r]() mutable -> awaitable<result<run_result>> {
          auto end = co_await r.wait();
          co_return std::move(end);
        });
    if (soon.has_error()) waited = soon.error();
    co_await sleep_for(12s);
    co_await v.o.shutdown(30s);
    co_return co_await r.wait();
  };
  const auto r = v.time.run(all());
  REQUIRE(waited);
  CHECK(waited->message == "waiting for all took longer than 3.00 s");
  CHECK(r.find("job")->state == task_state::timeout);
  CHECK(r.find("job")->ended_at == time_point(10s));
  CHECK(r.find("rest")->cancelled == cancel_reason::shutdown);
  CHECK(r.find("rest")->ended_at == time_point(45s));
}
