#include <corchestra/plan/plan_document.hpp>

#include <catch2/catch_test_macros.hpp>

#include "plan/plan_texts.hpp"

namespace corchestra {

namespace {

using namespace std::chrono_literals;

run_options options_of(const std::string& head) {
  auto r = parse_plan("agents: {writer: {kind: llm}}\n" + head + "\ntasks: [{id: a, agent: writer, prompt: p}]\n",
                      "p.yaml", plan_format::yaml);
  if (!r) FAIL(r.error().message);
  return std::move(r->plan.options);
}

}  // namespace

TEST_CASE("[A7][A27][A28] the modes auto and sequential are read, and auto is the default", "[plan]") {
  CHECK(options_of("").mode == scheduling_mode::automatic);
  CHECK(options_of("mode: auto").mode == scheduling_mode::automatic);
  CHECK(options_of("mode: sequential").mode == scheduling_mode::sequential);
  CHECK(options_of("mode: levels").mode == scheduling_mode::levels);
}

TEST_CASE("[A29][X7] the mode parallel, which ignores dependencies, must be confirmed", "[plan]") {
  const run_options o = options_of("mode: parallel\nunsafe_ignore_dependencies: true");
  CHECK(o.mode == scheduling_mode::parallel);
  CHECK(o.unsafe_ignore_dependencies);
  for (const std::string head : {"", "unsafe_ignore_dependencies: false\n"})
    CHECK_FALSE(
        parse_plan("agents: {x: {kind: llm}}\n" + head + "mode: parallel\ntasks: [{id: a, agent: x, prompt: p}]\n",
                   "p.yaml", plan_format::yaml));
  CHECK_FALSE(options_of("").unsafe_ignore_dependencies);
}

TEST_CASE("every order is read, and priority is the default", "[plan]") {
  CHECK(options_of("").order == start_order::priority);
  CHECK(options_of("order: priority").order == start_order::priority);
  CHECK(options_of("order: critical_path").order == start_order::critical_path);
  CHECK(options_of("order: depth_first").order == start_order::depth_first);
  CHECK(options_of("order: breadth_first").order == start_order::breadth_first);
  CHECK(options_of("order: fifo").order == start_order::fifo);
}

TEST_CASE("[X17] counters and rates are declared, so that a quota is not a lock", "[plan]") {
  const run_options o = options_of("resources: {gpu: 4, disk: {capacity: 2}, api: {rate: 60, per: 1m}}");
  REQUIRE(o.resources.size() == 3);
  CHECK(o.resources[0].id == "gpu");
  CHECK(o.resources[0].capacity == 4);
  CHECK_FALSE(o.resources[0].period);
  CHECK(o.resources[1].capacity == 2);
  CHECK(o.resources[2].id == "api");
  CHECK(o.resources[2].capacity == 60);
  CHECK(o.resources[2].period == optional_duration(1min));
}

TEST_CASE("groups have a failure threshold, as a count or a part, and a time limit", "[plan]") {
  const run_options o = options_of(
      "groups: {some: {max_failed: 3, timeout: 300s}, part: {max_failed: 20%}, strict: {fail_fast: true}, plain: {}}");
  CHECK(o.groups.at("some").max_failed == 3U);
  CHECK(o.groups.at("some").timeout == optional_duration(300s));
  CHECK_FALSE(o.groups.at("some").max_failed_percent);
  CHECK(o.groups.at("part").max_failed_percent == 20.0);
  CHECK_FALSE(o.groups.at("part").max_failed);
  CHECK(o.groups.at("strict").fail_fast);
  CHECK_FALSE(o.groups.at("plain").fail_fast);
  CHECK(options_of("groups: {g: {max_failed: \"12.5%\"}}").groups.at("g").max_failed_percent == 12.5);
}

TEST_CASE("[B9] a task belongs to the group that it names", "[plan]") {
  auto r = parse_plan(
      "agents: {x: {kind: llm}}\ngroups: {ingestion: {}}\ntasks: [{id: a, agent: x, prompt: p, group: "
      "ingestion}, {id: b, agent: x, prompt: p}]\n",
      "p.yaml", plan_format::yaml);
  REQUIRE(r);
  CHECK(r->plan.tasks[0].rules->group == "ingestion");
  CHECK_FALSE(r->plan.tasks[1].rules);
}

TEST_CASE("[B7] without dependencies all tasks of a plan are one parallel group", "[plan]") {
  auto r = parse_plan(
      "agents: {x: {kind: llm}}\ndefaults: {agent: x}\ntasks: [{id: kb, prompt: p}, {id: api, prompt: p}, {id: blog, "
      "prompt: p}]\n",
      "p.yaml", plan_format::yaml);
  REQUIRE(r);
  const auto graph = dependency_graph::build(r->plan.tasks);
  REQUIRE(graph);
  CHECK(graph->levels() == std::vector<std::vector<std::string>>{{"kb", "api", "blog"}});
}

TEST_CASE("a reference makes a later group", "[plan]") {
  auto r = parse_plan(
      "agents: {x: {kind: llm}}\ndefaults: {agent: x, }\ntasks: [{id: kb_ingestion, prompt: p}, {id: "
      "api_ingestion, prompt: p}, {id: merge, prompt: \"${tasks.kb_ingestion.output} "
      "${tasks.api_ingestion.output}\"}]\n",
      "p.yaml", plan_format::yaml);
  REQUIRE(r);
  const auto graph = dependency_graph::build(r->plan.tasks);
  REQUIRE(graph);
  CHECK(graph->levels() == std::vector<std::vector<std::string>>{{"kb_ingestion", "api_ingestion"}, {"merge"}});
}

TEST_CASE("budgets are read for the run and its agents", "[plan]") {
  const run_options o = options_of(
      "budget: {tokens: 500000, usd: \"2.50\", alert_at: 0.5, on_exhausted: cancel, agents: {writer: {usd: 1}}}");
  CHECK(o.budget.run.tokens == 500'000);
  CHECK(o.budget.run.micro_dollars == 2'500'000);
  CHECK(o.budget.alert_at == 0.5);
  CHECK(o.budget.on_exhausted == on_exhausted::cancel);
  CHECK(o.budget.agents.at("writer").micro_dollars == 1'000'000);
  CHECK_FALSE(o.budget.agents.at("writer").tokens);
  CHECK(options_of("").budget.run.none());
  const auto unpriced = parse_plan("budget:\n  usd: 1\n  allow_unpriced: true\nagents: {x: {kind: llm}}\n"
                                   "tasks: [{id: a, agent: x, description: d}]\n",
                                   "p.yaml", plan_format::yaml);
  REQUIRE(unpriced);
  CHECK(unpriced->declared.at("allow_unpriced").value == "true");
  CHECK(unpriced->declared.at("allow_unpriced").origin == "p.yaml:3");
  CHECK(options_of("budget: {on_exhausted: stop}").budget.on_exhausted == on_exhausted::stop);
}

TEST_CASE("slots by agent, type and key, and the bounds of loops and replans are read", "[plan]") {
  const run_limits l = options_of(
                           "limits: {slots_by_agent: {writer: 2}, slots_by_task_type: {ingestion: 3}, "
                           "slots_by_key: {team: 1}, max_iterations: 20, max_replans: 3}")
                           .limits;
  CHECK(l.slots_by_agent.at("writer") == 2);
  CHECK(l.slots_by_task_type.at("ingestion") == 3);
  CHECK(l.slots_by_key.at("team") == 1);
  CHECK(l.max_iterations == 20);
  CHECK(l.max_replans == 3);
}

TEST_CASE("fairness, state, failures and what is kept are read", "[plan]") {
  const run_options o = options_of(
      "fairness: {a: 2, b: 0.5}\nstate: {rows: append, best: max, all: union}\nmax_failed: 4\n"
      "retry_budget: 0.2\nkeep: failed");
  CHECK(o.fairness == std::map<std::string, double>{{"a", 2.0}, {"b", 0.5}});
  CHECK(o.reducers == std::map<std::string, std::string>{{"rows", "append"}, {"best", "max"}, {"all", "union"}});
  CHECK(o.max_failed == 4U);
  CHECK(o.retry_budget == 0.2);
  CHECK(o.keep == keep_results::failed);
  CHECK(options_of("").keep == keep_results::all);
  CHECK_FALSE(options_of("").max_failed);
}

TEST_CASE("[X5] a preset gives the limits of an earlier system where the plan says nothing else", "[plan]") {
  const auto read = [](const std::string& head) {
    return parse_plan(head + "agents: {x: {kind: llm}}\ntasks: [{id: a, agent: x, prompt: p}]\n", "p.yaml", plan_format::yaml);
  };
  CHECK(read("limits: {preset: stage8}\n")->plan.options.limits.max_concurrent_tasks == 3);
  CHECK(read("limits: {preset: taskcall}\n")->plan.options.limits.max_concurrent_tasks == 10);
  CHECK(read("limits: {preset: stage8, max_concurrent_tasks: 4}\n")->plan.options.limits.max_concurrent_tasks == 4);
  const auto jobpool = read("limits: {preset: jobpool}\n");
  CHECK(jobpool->plan.options.limits.max_concurrent_tasks == 3);
  CHECK(jobpool->plan.options.limits.max_spawned_tasks == 20);
  CHECK(jobpool->plan.options.limits.max_children_per_task == 3);
  CHECK(jobpool->plan.options.limits.max_iterations == 10);
  const auto ucop = read("limits: {preset: ucop}\ngroups: {a: {}, b: {timeout: 5s}}\n");
  CHECK(ucop->plan.options.limits.max_concurrent_tasks == 5);
  CHECK(ucop->plan.options.groups.at("a").timeout == duration(std::chrono::seconds(300)));
  CHECK(ucop->plan.options.groups.at("b").timeout == duration(std::chrono::seconds(5)));
  CHECK(read("limits: {preset: mine}\n").error().message ==
        "p.yaml:1: limits.preset: expected one of stage8, ucop, jobpool, taskcall, got 'mine'");
}

}  // namespace corchestra
