#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include <corchestra/plan/plan_document.hpp>

#include "plan/tool_plan_texts.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace std::chrono_literals;

TEST_CASE("tools of a plan reach agents and tasks", "[plan]") {
  const auto d = parse_plan(tests::tool_plan, "p.yaml", plan_format::yaml);
  REQUIRE(d);
  REQUIRE(d->tools.size() == 2);
  const tool_spec& count = d->tools.at("count");
  CHECK(count.name == "count");
  CHECK(count.description == "Counts the words of a text");
  CHECK(count.parameters["required"] == json::array({"text"}));
  CHECK(count.argv == std::vector<std::string>{"python3", "count.py", "${inputs.file}"});
  CHECK(count.cwd == "scripts");
  CHECK(count.env.at("LANG") == "C");
  CHECK(count.limits.memory_bytes == 64u << 20);
  CHECK(count.timeout == duration(10s));
  CHECK(count.max_output_bytes == 16u << 10);
  CHECK(count.approval);
  const tool_spec& now = d->tools.at("now");
  CHECK(now.parameters.is_null());
  CHECK_FALSE(now.timeout);
  CHECK_FALSE(now.approval);
  const agent_spec& writer = d->agents.at("writer");
  CHECK(writer.tools == std::vector<std::string>{"now"});
  CHECK(writer.max_steps == 5);
  CHECK(writer.parallel_tools == 2);
  CHECK(d->plan.tasks[0].options.is_null());
  CHECK(d->plan.tasks[1].options == json{{"max_tokens", 5}, {"tools", {"count", "now"}}});
  CHECK(d->plan.tasks[2].options["tools"].empty());
}

TEST_CASE("mistakes with tools get one message with their place", "[plan]") {
  for (const tests::bad_plan& p : tests::bad_tool_plans()) {
    CAPTURE(p.about);
    const auto d = parse_plan(p.text, "p.yaml", plan_format::yaml);
    REQUIRE(d.has_error());
    CHECK(d.error().message == p.message);
    CHECK(d.error().is(p.code));
  }
}

TEST_CASE("tools that another folder's file declares start in that folder", "[plan]") {
  const tests::temp_dir folder;
  folder.write("agents/agents.yaml",
               "tools: {t: {description: d, argv: [wc], cwd: bin}}\nagents: {w: {kind: llm, tools: [t]}}\n");
  plan_load_options o;
  o.agents_file = folder.path() / "agents/agents.yaml";
  const auto d =
      parse_plan(R"({"id": "a", "agent": "w", "prompt": "p"})", "p.jsonl", plan_format::jsonl, o, folder.path());
  REQUIRE(d);
  CHECK(d->tools.at("t").cwd == (folder.path() / "agents/bin").string());
}
