#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "stage.hpp"

using namespace corchestra;
using tests::stage;

namespace {

constexpr std::string_view plan = R"(
inputs: {sign: "!"}
tools:
  shout:
    description: Says it loudly
    parameters: {type: object, properties: {text: {type: string}}, required: [text]}
    argv: [sh, -c, 'cat > "$1"; echo done$2', sh, seen.json, "${inputs.sign}"]
  broken: {description: Fails, argv: [sh, -c, "echo no luck >&2; exit 3"]}
agents:
  writer: {kind: llm, model: m, tools: [shout, broken]}
tasks:
  - {id: a, agent: writer, description: Write it, depends_on: []}
  - id: b
    agent: writer
    description: Rate it
    depends_on: [a]
    tools: [broken]
    output_schema: {type: object, properties: {stars: {type: integer}}, required: [stars]}
)";

}  // namespace

TEST_CASE("a plan's command tools are called by a model, in the plan's folder and with its inputs") {
  for (const char* stream : {"true", "false"}) {
    CAPTURE(stream);
    stage s;
    std::string text(plan);
    text.insert(text.find("model: m,"), std::string("stream: ") + stream + ", ");
    const auto r = s.run(s.options(text, {{"endpoint.base_url", s.simulate()}}));
    REQUIRE(r);
    CHECK(r->run.success());
    CHECK(r->run.find("a")->usage.calls == 2);
    CHECK(r->run.find("b")->output.value["stars"].is_number_integer());
    CHECK(json::parse(s.folder.read("seen.json"))["text"].is_string());
    std::vector<std::string> ended;
    for (const auto& e : s.read_lines("events.jsonl"))
      if (e["type"] == "tool_ended")
        ended.push_back(e["task_id"].get<std::string>() + " " + e["data"]["tool"].get<std::string>() + " " +
                        e["data"]["outcome"].get<std::string>());
    std::sort(ended.begin(), ended.end());
    CHECK(ended == std::vector<std::string>{"a broken failed", "a shout ok", "b broken failed"});
    CHECK(s.read("trace.json").find("\"cat\":\"tool\"") != std::string::npos);
    const std::string events = s.read("events.jsonl");
    CHECK(events.find("no luck") != std::string::npos);
    CHECK(events.find("\"arguments\"") == std::string::npos);
  }
}
