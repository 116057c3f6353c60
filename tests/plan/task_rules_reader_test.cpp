#include <corchestra/plan/plan_document.hpp>

#include <catch2/catch_test_macros.hpp>

#include "plan/engine_plan_texts.hpp"

namespace corchestra {

namespace {

using namespace std::chrono_literals;
using names = std::vector<std::string>;

task_plan parsed(std::string_view text, plan_format format = plan_format::yaml) {
  auto r = parse_plan(text, "p", format);
  if (!r) FAIL(r.error().message);
  return std::move(r->plan);
}

/// The rules of one task, which two others come before.
task_rules rules_of(const std::string& options) {
  const task_plan p = parsed(
      "agents: {x: {kind: llm}}\ndefaults: {agent: x}\ngroups: {g: {}}\n"
      "tasks:\n  - {id: a, prompt: p}\n  - {id: b, prompt: p}\n  - id: t\n    prompt: p\n"
      "    depends_on: [a, b]\n    " +
      options + "\n  - {id: n, prompt: p, depends_on: [t]}\n  - {id: m, prompt: p, depends_on: [t]}\n");
  REQUIRE(p.tasks[2].rules);
  return *p.tasks[2].rules;
}

}  // namespace

TEST_CASE("[L21] every malformed engine option gets its one message with file, line and path", "[plan]") {
  for (const tests::bad_plan& p : tests::bad_engine_plans()) {
    CAPTURE(p.about);
    const auto r = parse_plan(p.text, "p.yaml", plan_format::yaml);
    REQUIRE_FALSE(r);
    CHECK(r.error().message == p.message);
    CHECK(r.error().is(p.code));
  }
}

TEST_CASE("a task without rules has none", "[plan]") {
  const task_plan p = parsed("agents: {x: {kind: llm}}\ntasks: [{id: a, agent: x, prompt: p}]\n");
  CHECK_FALSE(p.tasks[0].rules);
}

TEST_CASE("[C7] tasks are not retried unless the plan asks for it", "[plan]") {
  const task_plan p = parsed("agents: {x: {kind: llm}}\ntasks: [{id: a, agent: x, prompt: p}]\n");
  CHECK(p.options.retry.max_retries == 0);
  CHECK_FALSE(p.tasks[0].retry);
}

TEST_CASE("joins are read by their names, and a quorum with its number", "[plan]") {
  CHECK(rules_of("join: all_success").join == join_policy::all_success);
  CHECK(rules_of("join: all_done").join == join_policy::all_done);
  CHECK(rules_of("join: one_success").join == join_policy::one_success);
  CHECK(rules_of("join: none_failed_min_one_success").join == join_policy::none_failed_min_one_success);
  const task_rules quorum = rules_of("join: {quorum: 2}");
  CHECK(quorum.join == join_policy::quorum);
  CHECK(quorum.quorum == 2);
}

TEST_CASE("an approval is a question, or a question with its time limit and what then counts", "[plan]") {
  const auto plain = rules_of("approval: Send it?").approval;
  REQUIRE(plain);
  CHECK(plain->message == "Send it?");
  CHECK_FALSE(plain->timeout);
  CHECK_FALSE(plain->approve_by_default);
  const auto timed = rules_of("approval: {message: Send it, timeout: 1h, default: approve}").approval;
  REQUIRE(timed);
  CHECK(timed->timeout == optional_duration(1h));
  CHECK(timed->approve_by_default);
  CHECK_FALSE(rules_of("approval: {message: m, timeout: 1h, default: reject}").approval->approve_by_default);
}

TEST_CASE("branches are read as cases, and in short by the output's text", "[plan]") {
  const auto full =
      rules_of("branches: {on: /kind, cases: [{equals: 3, tasks: [n]}, {equals: {a: [1]}, tasks: []}], otherwise: [m]}")
          .branch;
  REQUIRE(full);
  CHECK(full->pointer == "/kind");
  REQUIRE(full->cases.size() == 2);
  CHECK(full->cases[0].equals == 3);
  CHECK(full->cases[0].tasks == names{"n"});
  CHECK(full->cases[1].equals == json::parse(R"({"a": [1]})"));
  CHECK(full->otherwise == names{"m"});
  const auto brief = rules_of("branches: {news: [n, m], 7: [n], else: [m]}").branch;
  REQUIRE(brief);
  CHECK(brief->pointer.empty());
  REQUIRE(brief->cases.size() == 2);
  CHECK(brief->cases[0].equals == "news");
  CHECK(brief->cases[0].tasks == names{"n", "m"});
  CHECK(brief->cases[1].equals == "7");
  CHECK(brief->otherwise == names{"m"});
}

TEST_CASE("a loop is read with what ends it and its bound", "[plan]") {
  const auto full = rules_of("repeat: {until: {at: /done, equals: [1]}, max_iterations: 25}").repeat;
  REQUIRE(full);
  CHECK(full->pointer == "/done");
  CHECK(full->until == json::parse("[1]"));
  CHECK(full->max_iterations == 25);
  const auto brief = rules_of("repeat: {until: done}").repeat;
  REQUIRE(brief);
  CHECK(brief->pointer.empty());
  CHECK(brief->until == "done");
  CHECK(brief->max_iterations == 10);
}

TEST_CASE("[L12] a loop that names no bound keeps within the plan's", "[plan]") {
  const task_plan p = parsed(
      "agents: {x: {kind: llm}}\nlimits: {max_iterations: 4}\n"
      "tasks: [{id: a, agent: x, prompt: p, repeat: {until: true}}]\n");
  CHECK(p.options.limits.max_iterations == 4);
  CHECK(p.tasks[0].rules->repeat->max_iterations == 4);
  CHECK(p.tasks[0].rules->repeat->until == true);
}

TEST_CASE("money is exact to the micro-dollar, as a number or as text", "[plan]") {
  struct row {
    std::string written;
    std::int64_t micro_dollars;
  };
  for (const row& r :
       {row{"0.1", 100'000}, row{"0.000001", 1}, row{"\"0.000001\"", 1}, row{"1e-6", 1}, row{"2", 2'000'000},
        row{"\"1.50\"", 1'500'000}, row{"123456789.123456", 123'456'789'123'456}, row{"0.29", 290'000},
        row{"1000000000", 1'000'000'000'000'000}, row{"0", 0}, row{"1.10", 1'100'000}}) {
    CAPTURE(r.written);
    CHECK(rules_of("budget: {usd: " + r.written + "}").budget.micro_dollars == r.micro_dollars);
  }
  const task_rules both = rules_of("reserve: {tokens: 1200, usd: 0.02}");
  CHECK(both.reserve == budget_amount{1200, 20'000});
  CHECK(both.budget.none());
  CHECK(rules_of("budget: {tokens: 0}").budget.tokens == 0);
}

TEST_CASE("the small rules of a task are read", "[plan]") {
  const task_rules r = rules_of(
      "group: g\n    fairness_key: team-a\n    weight: 3\n    expected_duration: 90s\n"
      "    output_schema: {type: object, required: [rows]}\n    state_key: rows\n"
      "    effect: compensable\n    hold_across_waits: true");
  CHECK(r.group == "g");
  CHECK(r.fairness_key == "team-a");
  CHECK(r.weight == 3);
  CHECK(r.expected_duration == optional_duration(90s));
  CHECK(r.output_schema == json::parse(R"({"type": "object", "required": ["rows"]})"));
  CHECK(r.state_key == "rows");
  CHECK(r.effect == effect_class::compensable);
  CHECK(r.hold_across_waits);
  CHECK(rules_of("effect: pure").effect == effect_class::pure);
  CHECK(rules_of("effect: at_most_once").effect == effect_class::at_most_once);
}

TEST_CASE("an output schema that no validator takes is refused with the plan", "[plan]") {
  const auto r =
      parse_plan("agents: {x: {kind: llm}}\ntasks:\n  - {id: a, agent: x, prompt: p, output_schema: {type: 7}}\n",
                 "p.yaml", plan_format::yaml);
  REQUIRE_FALSE(r);
  CHECK(r.error().message.starts_with("p.yaml:3: tasks[0].output_schema: "));
}

TEST_CASE("[E15] resources are files, folders and services, as a list or by name", "[plan]") {
  const std::string head =
      "agents: {x: {kind: llm}}\nresources: {gpu: 4}\ntasks:\n  - id: a\n    agent: x\n    prompt: p\n    ";
  const std::vector<resource_request> wanted = {{"file:a.md", lock_mode::shared, 1},
                                                {"directory:out", lock_mode::exclusive, 1},
                                                {"service:db", lock_mode::intent_shared, 1},
                                                {"gpu", lock_mode::exclusive, 2}};
  CHECK(parsed(head + "resources: [{id: \"file:a.md\", mode: shared}, \"directory:out\", {id: \"service:db\", mode: "
                      "intent_shared}, {id: gpu, amount: 2}]\n")
            .tasks[0]
            .resources == wanted);
  CHECK(parsed(head + "resources: {\"file:a.md\": shared, \"directory:out\": exclusive, \"service:db\": {mode: "
                      "intent_shared}, gpu: 2}\n")
            .tasks[0]
            .resources == wanted);
}

TEST_CASE("a dependency on a subtree stays one", "[plan]") {
  const task_plan p = parsed(
      "agents: {x: {kind: llm}}\ndefaults: {agent: x}\n"
      "tasks:\n  - {id: plan, prompt: p}\n  - {id: sum, prompt: p, depends_on: [\"plan/*\"]}\n");
  CHECK(p.tasks[1].depends_on == names{"plan/*"});
}

TEST_CASE("JSON and lines say the same rules as YAML", "[plan]") {
  const task_plan p = parsed(R"({"agents": {"x": {"kind": "llm"}}, "tasks": [
    {"id": "a", "agent": "x", "prompt": "p", "reserve": {"usd": 0.1}, "repeat": {"until": {"at": "/ok", "equals": true}}}]})",
                             plan_format::json);
  CHECK(p.tasks[0].rules->reserve.micro_dollars == 100'000);
  CHECK(p.tasks[0].rules->repeat->pointer == "/ok");
}

TEST_CASE("only a task that repeats has a previous output to refer to", "[plan]") {
  const std::string head = "agents: {x: {kind: llm}}\ntasks: [{id: a, agent: x, prompt: \"Better: ${previous} ${iteration}\"";
  CHECK(parse_plan(head + ", repeat: {until: done}}]\n", "p.yaml", plan_format::yaml));
  CHECK(parse_plan(head + "}]\n", "p.yaml", plan_format::yaml).error().message ==
        "p.yaml:2: tasks[0].prompt: task 'a': ${previous}: the task does not repeat");
}

TEST_CASE("a retry policy may pause the run when its tries are used up", "[plan]") {
  const task_plan p = parsed(
      "agents: {x: {kind: llm}}\ntasks: [{id: a, agent: x, prompt: p, retries: {max: 2, pause_when_exhausted: true}}]\n");
  CHECK(p.tasks[0].retry->pause_when_exhausted);
}

TEST_CASE("the process of a command has limits of memory, processor time and files", "[plan]") {
  const auto read = [](std::string limits) {
    return parse_plan("agents: {x: {kind: command, argv: [x], limits: " + limits + "}}\ntasks: [{id: a, agent: x}]\n", "p.yaml",
                      plan_format::yaml);
  };
  const auto all = read("{memory: 512MiB, cpu_time: 30s, open_files: 64}");
  REQUIRE(all);
  const auto& limits = all->agents.at("x").limits;
  CHECK(limits.memory_bytes == 512u << 20);
  CHECK(limits.cpu_time == duration(30s));
  CHECK(limits.open_files == 64);
  CHECK(read("{memory: 2000000}")->agents.at("x").limits.memory_bytes == 2'000'000);
  CHECK(read("{memory: 1.5 GB}")->agents.at("x").limits.memory_bytes == 1'500'000'000);
  CHECK(read("{memory: plenty}").error().message ==
        "p.yaml:1: agents.x.limits.memory: expected a size of at least 1024 bytes, such as 512MiB, got 'plenty'");
  CHECK(read("{memory: 10}").error().message ==
        "p.yaml:1: agents.x.limits.memory: expected a size of at least 1024 bytes, such as 512MiB, got 10");
}

}  // namespace corchestra
