#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/session/what_if_report.hpp>
#include <rapidcheck.h>

#include "support/show.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using Catch::Approx;

namespace {

task_call task(std::string id, duration takes, std::vector<std::string> needs = {}) {
  task_call t = create_task_call(std::move(id), "a", "", "work");
  t.depends_on = std::move(needs);
  t.rules.get_or_emplace().expected_duration = takes;
  return t;
}

task_plan with(std::vector<task_call> tasks, std::uint32_t slots = 10) {
  task_plan p;
  p.tasks = std::move(tasks);
  p.options.limits.max_concurrent_tasks = slots;
  return p;
}

const foreseen_run& only(const result<what_if_result>& w) {
  REQUIRE(w);
  REQUIRE(w->runs.size() == 1);
  return w->runs.front();
}

duration sum_of(const foreseen_run& r) {
  duration sum{};
  for (const auto& s : r.shares) sum += s.time;
  return sum;
}

}  // namespace

TEST_CASE("[B17] three independent tasks take as long as the longest, and that is what limits them") {
  const auto w = what_if(with({task("kb", 9230ms), task("api", 10140ms), task("blog", 8910ms)}, 5));
  const auto& r = only(w);
  CHECK(r.metrics.wall == 10140ms);
  CHECK(r.metrics.speedup() == Approx(2.79).margin(0.005));
  CHECK(r.metrics.lower_bound == 10140ms);
  CHECK(r.metrics.peak_width == 3);
  CHECK(r.order == std::vector<std::string>{"api", "kb", "blog"});
  CHECK(r.chain == std::vector<std::string>{"api"});
  CHECK(r.limited_by() == "the critical path");
  CHECK(w->assumptions.empty());
}

TEST_CASE("[A57] the number of slots that a plan gains from is found by comparing them") {
  std::vector<task_call> tasks;
  for (int i = 0; i < 12; ++i) tasks.push_back(task(std::to_string(i), 1s));
  const std::uint32_t slots[] = {1, 3, 12, 20};
  const auto w = what_if(with(tasks), slots);
  REQUIRE(w);
  REQUIRE(w->runs.size() == 4);
  const duration expected[] = {12s, 4s, 1s, 1s};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(w->runs[i].metrics.slots == slots[i]);
    CHECK(w->runs[i].metrics.wall == expected[i]);
    CHECK(sum_of(w->runs[i]) == expected[i]);
  }
  CHECK(w->runs[1].limited_by() == "slots");
  CHECK(w->runs[2].limited_by() == "the critical path");
}

TEST_CASE("[C41] without barriers a task starts as soon as its own dependency has ended") {
  std::vector<task_call> tree{task("Root", 1s),
                              task("Child1", 5s, {"Root"}),
                              task("Child2", 1s, {"Root"}),
                              task("Grandchild1", 1s, {"Child1"}),
                              task("Grandchild2", 1s, {"Child1"}),
                              task("Grandchild3", 1s, {"Child2"})};
  auto plan = with(tree, 2);
  const auto w = what_if(plan);
  CHECK(only(w).metrics.wall == 7s);
  CHECK(only(w).chain == std::vector<std::string>{"Root", "Child1", "Grandchild1"});
  plan.options.mode = scheduling_mode::levels;
  plan.tasks[5].depends_on = {"Child2"};
  plan.tasks[5].rules->expected_duration = duration(3s);
  const auto levels = what_if(plan);
  CHECK(only(levels).metrics.wall == 9s);
  CHECK(sum_of(only(levels)) == 9s);
}

TEST_CASE("[E22][B41] the lock, counter or rate that the end waits for is named") {
  const auto named = [](resource_request wanted, std::vector<resource_limit> limits) {
    std::vector<task_call> tasks;
    for (int i = 0; i < 4; ++i) {
      tasks.push_back(task(std::to_string(i), 1s));
      tasks.back().resources = {wanted};
    }
    auto plan = with(tasks);
    plan.options.resources = std::move(limits);
    const auto w = what_if(plan);
    CHECK(sum_of(only(w)) == only(w).metrics.wall);
    return std::pair(only(w).limited_by(), only(w).metrics.wall);
  };
  CHECK(named({"file:report.md"}, {}) == std::pair(std::string("lock 'file:report.md'"), duration(4s)));
  CHECK(named({"gpu", {}, 1}, {{"gpu", 2, {}}}) == std::pair(std::string("counter 'gpu'"), duration(2s)));
  CHECK(named({"api", {}, 1}, {{"api", 1, 10s}}).first == "rate 'api'");
}

TEST_CASE("the slots of an agent, a task type or a key that the end waits for are named, not those of the run") {
  const auto named = [](auto limit) {
    std::vector<task_call> tasks;
    for (int i = 0; i < 6; ++i) {
      tasks.push_back(task(std::to_string(i), 1s));
      tasks.back().task_type = "writing";
      tasks.back().rules->fairness_key = "team";
    }
    auto plan = with(tasks, 4);
    limit(plan.options.limits);
    const auto w = what_if(plan);
    CHECK(sum_of(only(w)) == only(w).metrics.wall);
    return only(w).limited_by();
  };
  const std::string agent = task("x", 1s).agent;
  CHECK(named([&](run_limits& l) { l.slots_by_agent[agent] = 2; }) == concat("slots of agent ", quote(agent)));
  CHECK(named([](run_limits& l) { l.slots_by_task_type["writing"] = 2; }) == "slots of task type 'writing'");
  CHECK(named([](run_limits& l) { l.slots_by_key["team"] = 2; }) == "slots of key 'team'");
  CHECK(named([](run_limits& l) { l.slots_by_key["team"] = 5; }) == "slots");
}

TEST_CASE("[D57] durations come from the task, else from what was learnt, else are assumed and said to be") {
  auto book = std::make_shared<duration_book>();
  book->learn("writing", "", 7s);
  auto plan = with({task("own", 3s), create_task_call("learnt", "a", "writing", "x"),
                    create_task_call("unknown", "a", "thinking", "x")});
  plan.options.durations = book;
  const auto w = what_if(plan);
  CHECK(only(w).metrics.sequential == 11s);
  CHECK(w->assumed == 1);
  CHECK(what_if_text(*w).find("Assumed: 1 of 3 tasks have no known duration: 1.00 s each is assumed.\n") !=
        std::string::npos);
}

TEST_CASE("every branch is taken, loops run once, questions are answered at once") {
  auto plan = with({task("choose", 1s), task("left", 2s, {"choose"}), task("right", 3s, {"choose"}), task("again", 1s)});
  plan.tasks[0].rules->branch = branch_rule{"", {{"l", {"left"}}}, {"right"}};
  plan.tasks[1].rules->approval = approval_rule{"Go left?", {}, false};
  plan.tasks[3].rules->repeat = loop_rule{"/done", true, 5};
  plan.tasks[3].rules->output_schema = {{"type", "object"}};
  plan.tasks[3].limits.heartbeat_timeout = duration(10ms);
  const auto w = what_if(plan);
  CHECK(only(w).metrics.count(task_state::completed) == 4);
  CHECK(only(w).metrics.wall == 4s);
  CHECK(w->assumptions == std::vector<std::string>{"every branch is taken", "loops run once",
                                                   "every question is answered with yes at once"});
}

TEST_CASE("reserves add up to the cost, and tasks that a budget leaves out are named") {
  auto plan = with({task("a", 1s), task("b", 1s, {"a"}), task("c", 1s, {"b"})});
  for (auto& t : plan.tasks) t.rules->reserve = {400, 20'000};
  CHECK(only(what_if(plan)).cost == budget_amount{1200, 60'000});
  plan.options.budget.run.tokens = 1000;
  const auto w = what_if(plan);
  CHECK(only(w).cost == budget_amount{800, 40'000});
  REQUIRE(only(w).troubles.size() == 1);
  CHECK(only(w).troubles.front().starts_with("c LIMIT_EXCEEDED: "));
}

TEST_CASE("a task that would run into its time limit is named with it") {
  auto plan = with({task("slow", 10s), task("after", 1s, {"slow"})});
  plan.tasks[0].limits.start_to_close = duration(4s);
  const auto w = what_if(plan);
  CHECK(only(w).metrics.wall == 4s);
  REQUIRE(only(w).troubles.size() == 2);
  CHECK(only(w).troubles.front() == "slow TIMEOUT: start_to_close of 4.00 s passed");
}

TEST_CASE("what cannot be run cannot be foreseen either") {
  CHECK(what_if(with({task("a", 1s, {"nobody"})})).error().is(errc::unknown_task));
  const std::uint32_t none[] = {0};
  CHECK(what_if(with({task("a", 1s)}), none).error().is(errc::invalid_argument));
  CHECK(only(what_if(with({}))).metrics.wall == 0s);
}

TEST_CASE("the report for programs has every number of the one for people") {
  auto plan = with({task("a", 1s), task("b", 2s, {"a"})});
  plan.tasks[0].rules->reserve = {100, 1'500};
  const std::uint32_t slots[] = {1, 4};
  const auto w = what_if(plan, slots);
  REQUIRE(w);
  const json j = json::parse(dump_json(what_if_json(*w)));
  CHECK(j["tasks"] == 2);
  REQUIRE(j["runs"].size() == 2);
  const json& r = j["runs"][1];
  CHECK(r["slots"] == 4);
  CHECK(r["makespan_seconds"] == 3.0);
  CHECK(r["lower_bound_seconds"] == 3.0);
  CHECK(r["limited_by"] == "the critical path");
  CHECK(r["chain"] == json({"a", "b"}));
  CHECK(r["shares"] == json::parse(R"([{"use": "run", "resource": "", "seconds": 3.0}])"));
  CHECK(r["cost"]["usd"] == 0.0015);
  CHECK(r["starts"][1] == json::parse(R"({"id": "b", "start": 1.0, "end": 3.0})"));
  const std::string text = what_if_text(*w);
  CHECK(text.starts_with("slots  makespan"));
  CHECK(text.find("100 tokens, $0.0015  the critical path\n") != std::string::npos);
  CHECK(text.find("  the end waits for: a -> b\n") != std::string::npos);
}

TEST_CASE("[I7] the foreseen makespan keeps Graham's bound, and its shares sum up to it") {
  REQUIRE(rc::check([] {
    const auto n = *rc::gen::inRange<std::size_t>(1, 25);
    std::vector<task_call> tasks;
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<std::string> needs;
      for (std::size_t up = 0; up < i; ++up) {
        if (*rc::gen::inRange(0, 6) == 0) needs.push_back(std::to_string(up));
      }
      tasks.push_back(task(std::to_string(i), std::chrono::milliseconds(*rc::gen::inRange(0, 50)), needs));
    }
    const auto slots = *rc::gen::inRange<std::uint32_t>(1, 6);
    const auto w = what_if(with(tasks, slots));
    RC_ASSERT(w.has_value());
    const auto& r = w->runs.front();
    const double t1 = to_seconds(r.metrics.sequential), longest = to_seconds(r.metrics.longest_path), p = slots;
    RC_ASSERT(to_seconds(r.metrics.wall) <= t1 / p + (1 - 1 / p) * longest + 1e-9);
    RC_ASSERT(r.metrics.wall >= r.metrics.lower_bound);
    RC_ASSERT(sum_of(r) == r.metrics.wall);
    RC_ASSERT(r.order.size() == n);
  }));
}
