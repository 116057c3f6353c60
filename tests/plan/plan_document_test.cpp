#include <corchestra/plan/plan_document.hpp>

#include <catch2/catch_test_macros.hpp>

#include "plan/plan_texts.hpp"
#include "support/temp_dir.hpp"

namespace corchestra {

namespace {

using namespace std::chrono_literals;
using names = std::vector<std::string>;

plan_document parsed_document(std::string_view text, const plan_load_options& o = {}) {
  auto r = parse_plan(text, "p.yaml", plan_format::yaml, o);
  if (!r) FAIL(r.error().message);
  return std::move(*r);
}

}  // namespace

TEST_CASE("the plan of the documentation is read in full", "[plan]") {
  const plan_document d = parsed_document(tests::good_plans()[0]);
  CHECK(d.plan.options.name == "market-report");
  CHECK(d.inputs == json{{"topic", "solar power"}});
  CHECK(d.default_model == "gpt-4.1-mini");
  CHECK(d.plan.options.retry.max_retries == 1);
  CHECK(d.plan.options.limits.max_concurrent_tasks == 10);
  CHECK(d.plan.options.limits.run_timeout == duration(1h));
  CHECK(d.plan.options.limits.default_start_to_close == duration(120s));
  const agent_spec& researcher = d.agents.at("researcher");
  CHECK(researcher.kind == agent_kind::llm);
  CHECK(researcher.system == "You are a careful researcher.");
  CHECK(researcher.temperature == 0.2);
  CHECK(researcher.max_tokens == 800);
  CHECK(d.agents.at("plotter").argv == names{"python3", "plot.py"});
  REQUIRE(d.plan.tasks.size() == 2);
  const task_call& load = d.plan.tasks[0];
  CHECK(load.task_type == "ingestion");
  CHECK(load.prompt == "Summarise ${inputs.topic} for ${context.reader}");
  CHECK(load.context == json{{"reader", "engineers"}});
  CHECK(load.dependencies_given);
  CHECK(load.resources == std::vector<resource_request>{{"file:data/report.md", lock_mode::exclusive},
                                                        {"service:db", lock_mode::shared}});
  CHECK(load.limits.start_to_close == duration(30s));
  CHECK_FALSE(load.retry);
  const task_call& write = d.plan.tasks[1];
  CHECK(write.depends_on == names{"load"});
  CHECK_FALSE(write.dependencies_given);
  CHECK(write.priority == 10);
  CHECK(write.limits.start_to_close == duration(120s));
}

TEST_CASE("defaults, merge keys, retries and analysis reach the tasks", "[plan]") {
  const plan_document d = parsed_document(tests::good_plans()[1]);
  CHECK(d.analysis == analysis_mode::always);
  CHECK(d.analysis_model == "big");
  CHECK(d.plan.options.fail_fast);
  CHECK(d.plan.options.mode == scheduling_mode::sequential);
  CHECK(d.plan.options.limits.max_spawned_tasks == 0);
  CHECK(d.agents.at("a").system == "S");
  const task_call& t = d.plan.tasks[0];
  CHECK(t.priority == 3);
  CHECK(t.limits.start_to_close == duration(90s));
  CHECK(t.limits.heartbeat_timeout == duration(500ms));
  REQUIRE(t.retry);
  CHECK(t.retry->max_retries == 2);
  CHECK(t.retry->factor == 1.5);
  CHECK_FALSE(t.retry->jitter);
  CHECK(d.plan.tasks[1].priority == -7);
  CHECK(d.plan.tasks[1].depends_on == names{"t.1"});
  CHECK(d.plan.tasks[1].options == json{{"model", "m"}, {"temperature", 1.0}, {"max_tokens", 5}});
  CHECK(d.plan.tasks[2].depends_on == names{"u", "t.1"});
  CHECK(d.plan.tasks[2].priority == 5);
}

TEST_CASE("plain YAML scalars get YAML 1.2's types and quoted ones stay text", "[plan]") {
  const plan_document d = parsed_document(R"(
inputs:
  values: [true, False, null, ~, 12, +3, 0x1F, 0o17, 1.5, .5, 1e3, -0.0, 18446744073709551615]
  texts: [yes, on, "12", 'true', 1_000, 12:30, 1e, 0xZ, .inf, 2024-01-02, "", !!str 5]
  block: |
    two
    lines
agents: {x: {kind: llm}}
tasks: [{id: a, agent: x, prompt: p}]
)");
  CHECK(d.inputs["values"] ==
        json::parse("[true, false, null, null, 12, 3, 31, 15, 1.5, 0.5, 1000.0, -0.0, 18446744073709551615]"));
  CHECK(d.inputs["texts"] ==
        json::parse(R"(["yes", "on", "12", "true", "1_000", "12:30", "1e", "0xZ", ".inf", "2024-01-02", "", "5"])"));
  CHECK(d.inputs["block"] == "two\nlines\n");
}

TEST_CASE("JSON says the same as YAML", "[plan]") {
  const auto r = parse_plan(R"({"inputs": {"n": [1, 2.5, null, "1"]}, "agents": {"x": {"kind": "llm"}},
    "tasks": [{"id": "a", "agent": "x", "prompt": "p"}, {"id": "b", "agent": "x", "prompt": "${tasks.a.output}"}]})",
                            "p.json", plan_format::json);
  REQUIRE(r);
  CHECK(r->inputs["n"] == json::parse("[1, 2.5, null, \"1\"]"));
  CHECK(r->plan.tasks[1].depends_on == names{"a"});
}

TEST_CASE("a plan of lines takes agents, defaults and inputs from its file of agents", "[plan]") {
  const tests::temp_dir dir;
  plan_load_options o;
  o.agents_file = dir.write("agents/agents.json",
                            R"({"defaults": {"agent": "x"}, "inputs": {"k": "v"}, "limits": {"max_concurrent_tasks": 3},
                                "agents": {"x": {"kind": "llm"}, "c": {"kind": "command", "argv": ["ls"], "cwd": "sub"}}})");
  const std::string plan =
      dir.write("plan.jsonl",
                "{\"id\": \"a\", \"prompt\": \"${inputs.k}\"}\r\n\n{\"id\": \"b\", \"agent\": \"c\", "
                "\"depends_on\": [\"a\"]}");
  const auto r = load_plan(plan, o);
  REQUIRE(r);
  CHECK(r->folder == dir.path());
  CHECK(r->plan.options.limits.max_concurrent_tasks == 3);
  CHECK(r->plan.tasks[0].agent == "x");
  CHECK(r->plan.tasks[1].depends_on == names{"a"});
  CHECK(r->agents.at("c").cwd == dir.file("agents/sub"));
}

TEST_CASE("the flag --set keeps text as text and reads other inputs as YAML scalars", "[plan]") {
  plan_load_options o;
  o.set = {{"version", "1.10"}, {"year", "2025"}, {"draft", "true"}, {"note", "null"}};
  const plan_document d = parsed_document(
      "inputs: {version: a, year: 2024, draft: false, note: 1}\nagents: {x: {kind: llm}}\ntasks: [{id: a, agent: x, "
      "prompt: p}]\n",
      o);
  CHECK(d.inputs == json::parse(R"({"version": "1.10", "year": 2025, "draft": true, "note": null})"));
}

TEST_CASE("a prompt file is read beside the plan and its references count", "[plan]") {
  const tests::temp_dir dir;
  dir.write("prompts/write.txt", "From ${tasks.load.output#/text}\n");
  const std::string file = dir.write("plan.yml", R"(agents: {x: {kind: llm}}
tasks:
  - {id: write, agent: x, prompt_file: prompts/write.txt}
  - {id: load, agent: x, description: Load it}
)");
  const auto r = load_plan(file);
  REQUIRE(r);
  CHECK(r->plan.tasks[0].prompt == "From ${tasks.load.output#/text}\n");
  CHECK(r->plan.tasks[0].depends_on == names{"load"});
  dir.write("prompts/write.txt", "a\n\xff");
  const auto bad = load_plan(file);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message == file + ":3: tasks[0].prompt_file: 'prompts/write.txt' is not UTF-8 in line 2");
}

TEST_CASE("references of the agent's prompt and argv, and of the context, are dependencies of its tasks", "[plan]") {
  const plan_document d = parsed_document(R"(
agents:
  x: {kind: llm}
  templated: {kind: llm, prompt: "${tasks.one.output} ${context.v}"}
  program: {kind: command, argv: [cat, "${tasks.two.output}"]}
tasks:
  - {id: one, agent: x, prompt: p}
  - {id: two, agent: x, prompt: p}
  - {id: by_template, agent: templated, context: {v: 1}}
  - {id: own_prompt, agent: templated, prompt: mine}
  - {id: by_argv, agent: program}
  - {id: by_context, agent: x, prompt: "${context.rows.0}", context: {rows: "${tasks.one.output#/rows}", both: ["${tasks.two.output}"]}}
  - {id: by_description, agent: x, description: "Continue $${this}: ${tasks.two.output}"}
)");
  const auto& t = d.plan.tasks;
  CHECK(t[2].depends_on == names{"one"});
  CHECK(t[3].depends_on.empty());
  CHECK(t[4].depends_on == names{"two"});
  CHECK(t[5].depends_on == names{"two", "one"});
  CHECK(t[6].depends_on == names{"two"});
}

TEST_CASE("what the plan says about settings is kept with its place", "[plan]") {
  const plan_document d = parsed_document(tests::good_plans()[0]);
  CHECK(d.declared.at("endpoint.model").value == "gpt-4.1-mini");
  CHECK(d.declared.at("endpoint.model").origin == "p.yaml:3");
  CHECK(d.declared.at("run_timeout").value == "1h");
  CHECK_FALSE(d.declared.contains("fail_fast"));
}

TEST_CASE("the plan to start from is sound", "[plan]") {
  const plan_document d = parsed_document(plan_template());
  CHECK(d.plan.tasks.size() == 4);
  CHECK(d.plan.tasks[2].depends_on == names{"facts", "risks"});
}

}  // namespace corchestra
