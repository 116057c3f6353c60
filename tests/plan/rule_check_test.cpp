#include <corchestra/plan/plan_document.hpp>

#include <catch2/catch_test_macros.hpp>

namespace corchestra {

namespace {

/// What is wrong with a plan of these lines, in which the agent `x` is there.
std::string message_of(const std::string& head, const std::string& tasks, errc code) {
  const auto r = parse_plan("agents: {x: {kind: llm}}\ndefaults: {agent: x}\n" + head + "tasks:\n" + tasks, "p.yaml",
                            plan_format::yaml);
  if (r) return "no error";
  CHECK(r.error().is(code));
  return r.error().message;
}

}  // namespace

TEST_CASE("[L6] a task that asks for more than there is is refused with the plan", "[plan]") {
  CHECK(message_of("resources: {gpu: 4}\n", "  - {id: a, prompt: p, resources: {gpu: 5}}\n",
                   errc::unreachable_resource) ==
        "p.yaml:5: tasks[0].resources.gpu: task 'a' asks for 5 of 'gpu', and there are 4");
  CHECK(message_of("resources: {api: {rate: 60, per: 1m}}\n",
                   "  - {id: a, prompt: p, resources: [{id: api, amount: 61}]}\n", errc::unreachable_resource) ==
        "p.yaml:5: tasks[0].resources[0]: task 'a' asks for 61 of 'api', and there are 60");
  CHECK(message_of("", "  - {id: a, prompt: p, resources: {gpu: 2}}\n", errc::unreachable_resource) ==
        "p.yaml:4: tasks[0].resources.gpu: task 'a' asks for 2 of 'gpu', which is a lock: expected its capacity in the "
        "plan's 'resources'");
  CHECK(message_of("limits: {max_concurrent_tasks: 4}\n", "  - {id: a, prompt: p, weight: 5}\n",
                   errc::unreachable_resource) ==
        "p.yaml:5: tasks[0].weight: task 'a' takes 5 slots, and limits.max_concurrent_tasks gives 4");
  CHECK(message_of("limits: {slots_by_agent: {x: 2}}\n", "  - {id: a, prompt: p, weight: 3}\n",
                   errc::unreachable_resource) ==
        "p.yaml:5: tasks[0].weight: task 'a' takes 3 slots, and limits.slots_by_agent gives 2");
  CHECK(message_of("resources: {gpu: 4}\n", "  - {id: a, prompt: p, resources: {gpu: 4}, weight: 10}\n",
                   errc::unreachable_resource) == "no error");
}

TEST_CASE("[L6] a task that reserves more than a budget is refused with the plan", "[plan]") {
  const std::string task = "  - {id: a, prompt: p, reserve: {tokens: 500, usd: 0.5}}\n";
  CHECK(message_of("budget: {tokens: 499}\n", task, errc::unreachable_resource) ==
        "p.yaml:5: tasks[0].reserve: task 'a' reserves 500 tokens, and the run's budget is 499");
  CHECK(message_of("budget: {usd: 9, agents: {x: {usd: 0.499999}}}\n", task, errc::unreachable_resource) ==
        "p.yaml:5: tasks[0].reserve: task 'a' reserves 500000 micro-dollars, and the agent 'x''s budget is 499999");
  CHECK(message_of("", "  - {id: a, prompt: p, reserve: {tokens: 2}, budget: {tokens: 1}}\n",
                   errc::unreachable_resource) ==
        "p.yaml:4: tasks[0].reserve: task 'a' reserves 2 tokens, and its own budget is 1");
  CHECK(message_of("budget: {tokens: 500, usd: \"0.5\"}\n", task, errc::unreachable_resource) == "no error");
}

TEST_CASE("a counter has no mode", "[plan]") {
  CHECK(
      message_of("resources: {gpu: 4}\n", "  - {id: a, prompt: p, resources: {gpu: shared}}\n", errc::invalid_plan) ==
      "p.yaml:5: tasks[0].resources.gpu: 'gpu' is a counter or rate of the plan's 'resources': expected an amount, not "
      "a mode");
}

TEST_CASE("[L21] a group that the plan does not have is refused", "[plan]") {
  CHECK(message_of("groups: {writers: {}}\n", "  - {id: a, prompt: p, group: writer}\n", errc::invalid_plan) ==
        "p.yaml:5: tasks[0].group: unknown group 'writer', did you mean 'writers'?");
  CHECK(message_of("", "  - {id: a, prompt: p, group: g}\n", errc::invalid_plan) ==
        "p.yaml:4: tasks[0].group: unknown group 'g'; there are no groups");
}

TEST_CASE("[L21] a join that waits for more dependencies than there are is refused", "[plan]") {
  const std::string two = "  - {id: a, prompt: p}\n  - {id: b, prompt: p}\n";
  CHECK(message_of("", two + "  - {id: c, prompt: p, depends_on: [a, b], join: {quorum: 3}}\n", errc::invalid_plan) ==
        "p.yaml:6: tasks[2].join: task 'c' waits for 3 of its dependencies, and it has 2");
  CHECK(message_of("", two + "  - {id: c, prompt: p, join: one_success}\n", errc::invalid_plan) ==
        "p.yaml:6: tasks[2].join: task 'c' waits for 1 of its dependencies, and it has 0");
  // references count as dependencies
  CHECK(message_of("", two + "  - {id: c, prompt: \"${tasks.b.output}\", depends_on: [a], join: {quorum: 2}}\n",
                   errc::invalid_plan) == "no error");
  CHECK(message_of("", "  - {id: c, prompt: p, join: all_done}\n", errc::invalid_plan) == "no error");
}

TEST_CASE("[L21] branches go to tasks that exist and depend on the one that chooses", "[plan]") {
  const std::string rest = "  - {id: news, prompt: p, depends_on: [sort]}\n  - {id: lone, prompt: p}\n";
  CHECK(message_of("", "  - {id: sort, prompt: p, branches: {news: [new]}}\n" + rest, errc::unknown_task) ==
        "p.yaml:4: tasks[0].branches: task 'sort': a branch names the unknown task 'new', did you mean 'news'?");
  CHECK(message_of("", "  - {id: sort, prompt: p, branches: {news: [news], else: [lone]}}\n" + rest,
                   errc::invalid_plan) ==
        "p.yaml:4: tasks[0].branches: task 'sort': a branch names 'lone', which does not depend on 'sort': expected "
        "'sort' in its depends_on");
  CHECK(message_of("", "  - {id: sort, prompt: p, branches: {news: [news]}}\n" + rest, errc::unknown_task) ==
        "no error");
  CHECK(message_of("",
                   "  - {id: sort, prompt: p, branches: {news: [n]}}\n  - {id: n, prompt: \"${tasks.sort.output}\"}\n",
                   errc::unknown_task) == "no error");
}

TEST_CASE("[L21] a cycle through a subtree is refused, and its root must exist", "[plan]") {
  CHECK(message_of("", "  - {id: a, prompt: p, depends_on: [\"b/*\"]}\n  - {id: b, prompt: p, depends_on: [a]}\n",
                   errc::dependency_cycle) ==
        "p.yaml:4: tasks[0].depends_on: tasks that wait for each other (each needs the next): a -> b -> a");
  CHECK(message_of("", "  - {id: a, prompt: p, depends_on: [\"c/*\"]}\n", errc::unknown_task) ==
        "p.yaml:4: tasks[0].depends_on: unknown task ids: 'c/*' (asked for by 'a')");
}

TEST_CASE("[L21] a reference to a state that nothing writes is refused", "[plan]") {
  CHECK(message_of("", "  - {id: a, prompt: \"${state.rows}\"}\n  - {id: b, prompt: p, state_key: row}\n",
                   errc::unresolved_reference) ==
        "p.yaml:4: tasks[0].prompt: task 'a': ${state.rows}: no task has the state_key 'rows', did you mean 'row'?");
  CHECK(message_of("state: {rows: append}\n", "  - {id: a, prompt: \"${state.rows#/0}\"}\n",
                   errc::unresolved_reference) == "no error");
}

}  // namespace corchestra
