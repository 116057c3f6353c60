#include <catch2/catch_test_macros.hpp>
#include <set>

#include "stage.hpp"
#include "support/file_size_limit.hpp"

using namespace corchestra;
using tests::chat_reply;
using tests::json_type;
using tests::stage;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view pipeline = R"(
name: pipeline
agents:
  count: {kind: command, argv: [sh, -c, "echo 42"]}
  say: {kind: command, argv: [echo, "the answer is ${tasks.first.output}"]}
  break: {kind: command, argv: [sh, -c, "echo no luck >&2; exit 3"]}
tasks:
  - {id: first, agent: count, task_type: counting, description: Count, depends_on: []}
  - {id: second, agent: say, description: Say, depends_on: [first]}
  - {id: bad, agent: break, description: Break, depends_on: []}
  - {id: after-bad, agent: count, description: Wait for it, depends_on: [bad]}
)";

constexpr std::string_view two_models = R"(
defaults: {model: of-the-plan}
agents:
  named: {kind: llm, model: of-the-agent}
  plain: {kind: llm, stream: false}
tasks:
  - {id: a, agent: named, description: One, depends_on: []}
  - {id: b, agent: plain, description: Two, depends_on: []}
)";

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

std::set<std::string> models_asked(const stage& s) {
  std::set<std::string> models;
  for (const auto& e : s.read_lines("events.jsonl")) {
    if (e["type"] == "model_call") models.insert(e["data"]["model"].get<std::string>());
  }
  return models;
}

}  // namespace

TEST_CASE("a session leaves every file of the contract, and programs need no endpoint") {
  stage s;
  const auto r = s.run(s.options(pipeline));
  REQUIRE(r);
  CHECK(exit_code_of(*r) == exit_code::failure);
  CHECK(r->output_folder == s.folder.path() / "out");
  CHECK_FALSE(r->output_error);
  for (const char* name : {"results.jsonl", "summary.json", "events.jsonl", "timeline.svg", "trace.json"})
    CHECK(fs::file_size(r->output_folder / name) > 0);
  CHECK(s.read("outputs/second.txt") == "the answer is 42");
  CHECK(s.read("outputs/first.json") == "42\n");
  CHECK_FALSE(fs::exists(r->output_folder / "outputs" / "bad.txt"));

  const auto results = s.read_lines("results.jsonl");
  REQUIRE(results.size() == 4);
  const std::set<std::string> fields = {"id",         "agent",    "task_type",   "state",    "success",  "reason",
                                        "output",     "error",    "confidence",  "evidence", "attempts", "queued_at",
                                        "started_at", "ended_at", "duration_ms", "usage",    "iterations", "lost_seconds"};
  std::map<std::string, json> by_id;
  for (const auto& line : results) {
    CHECK(keys_of(line) == fields);
    by_id[line["id"]] = line;
  }
  CHECK(by_id["first"]["output"] == 42);
  CHECK(by_id["first"]["task_type"] == "counting");
  CHECK(by_id["first"]["usage"].is_null());
  CHECK(by_id["bad"]["state"] == "FAILED");
  CHECK(by_id["bad"]["error"]["code"] == "command_failed");
  CHECK(by_id["bad"]["attempts"] == 1);
  CHECK(by_id["after-bad"]["state"] == "SKIPPED");
  CHECK(by_id["after-bad"]["started_at"].is_null());

  const json summary = s.read_json("summary.json");
  CHECK(summary == json(r->summary));
  for (const char* key :
       {"run_id", "name", "state", "counts", "wall_seconds", "sequential_seconds", "speedup", "bound_speedup",
        "efficiency_of_width", "efficiency_of_slots", "peak_width", "usage", "simulated", "versions"})
    CHECK(summary.contains(key));
  CHECK(summary["name"] == "pipeline");
  CHECK(summary["state"] == "FAILED");
  CHECK(summary["simulated"] == false);
  CHECK(summary["analysis"].is_null());
  CHECK(summary["counts"]["COMPLETED"] == 2);
  CHECK(json::parse(s.read("trace.json")).is_object());
  CHECK(s.read("timeline.svg").starts_with("<svg"));
}

TEST_CASE("the files say what was shared, fought over and lost to waiting, and how often a loop went round") {
  stage s;
  const auto r = s.run(s.options(R"(
agents:
  count: {kind: command, argv: [echo, "${iteration}"], limits: {memory: 512MiB, cpu_time: 10s, open_files: 64}}
  sleep: {kind: command, argv: [sleep, "0.05"]}
defaults: {agent: sleep}
tasks:
  - {id: loop, agent: count, description: Count, depends_on: [], state_key: rounds, repeat: {until: 3}}
  - {id: a, description: Sleep, depends_on: [], resources: ["file:x"]}
  - {id: b, description: Sleep, depends_on: [], resources: ["file:x"]}
)"));
  REQUIRE(r);
  CHECK(r->run.success());
  const json summary = s.read_json("summary.json");
  CHECK(summary["shared_state"]["rounds"] == 3);
  CHECK(summary["contention"][0]["resource"] == "file:x");
  CHECK(summary["contention"][0]["waits"] == 1);
  for (const auto& line : s.read_lines("results.jsonl")) {
    if (line["id"] == "loop") CHECK(line["iterations"] == 3);
    if (line["id"] == "b") CHECK(line["lost_seconds"]["lock"].get<double>() > 0.01);
  }
}

TEST_CASE("a preset by flag sets the limits of the run") {
  stage s;
  auto o = s.options(pipeline, {{"preset", "stage8"}});
  apply_settings(o.settings, o.plan.plan.options);
  CHECK(o.plan.plan.options.limits.max_concurrent_tasks == 3);
}

TEST_CASE("events are numbered from 1, carry the run's id and types of the closed list only") {
  stage s;
  const auto r = s.run(s.options(pipeline));
  REQUIRE(r);
  std::uint64_t seq = 0;
  for (const auto& e : s.read_lines("events.jsonl")) {
    CHECK(e["seq"] == ++seq);
    CHECK(e["run_id"] == r->run.run_id);
    CHECK(parse_event_type(e["type"].get<std::string>()));
    CHECK(e["at"].get<std::string>().size() == 24);
    CHECK(e["data"].is_object());
  }
  CHECK(seq > 10);
  CHECK(r->summary["run_id"] == r->run.run_id);
}

TEST_CASE("without a folder of its own a run gets one by its id") {
  stage s;
  const fs::path before = fs::current_path();
  fs::current_path(s.folder.path());
  auto o = s.options(pipeline);
  o.output_folder.clear();
  const auto r = s.run(std::move(o));
  fs::current_path(before);
  REQUIRE(r);
  CHECK(r->output_folder == fs::path("corchestra-runs") / r->run.run_id);
  CHECK(fs::exists(s.folder.path() / r->output_folder / "summary.json"));
}

TEST_CASE("an LLM task runs against a model, and the run says that it was simulated") {
  stage s;
  auto o = s.options(two_models, {{"endpoint.base_url", s.simulate()}});
  o.simulated = true;
  const auto r = s.run(std::move(o));
  REQUIRE(r);
  CHECK(exit_code_of(*r) == exit_code::success);
  CHECK(r->summary["simulated"] == true);
  CHECK(r->summary["usage"]["total_tokens"].get<int>() > 0);
  CHECK(models_asked(s) == std::set<std::string>{"of-the-agent-simulated", "of-the-plan-simulated"});
  CHECK_FALSE(s.read("outputs/a.txt").empty());
}

TEST_CASE("a model from a flag or variable overrides every model of the plan") {
  for (const bool by_flag : {true, false}) {
    stage s;
    std::map<std::string, std::string> flags{{"endpoint.base_url", s.simulate()}}, environment;
    (by_flag ? flags["endpoint.model"] : environment["OPENAI_MODEL"]) = "forced";
    REQUIRE(s.run(s.options(two_models, flags, environment)));
    CHECK(models_asked(s) == std::set<std::string>{"forced-simulated"});
  }
}

TEST_CASE("LLM agents and no endpoint: refused before anything runs") {
  stage s;
  const auto r = s.run(s.options(two_models));
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::no_endpoint));
  CHECK(r.error().message ==
        "plan.yaml: agent 'named' asks a model and no endpoint is configured: set OPENAI_BASE_URL or --base-url (and "
        "OPENAI_API_KEY where it needs one), or use --simulate");
  CHECK(exit_code_of(r.error()) == exit_code::usage);
  CHECK_FALSE(fs::exists(s.folder.path() / "out"));
}

TEST_CASE("LLM agents without any model: refused before anything runs") {
  stage s;
  const auto r = s.run(s.options("agents: {a: {kind: llm}}\ntasks: [{id: t, agent: a, description: x, depends_on: []}]",
                                 {{"endpoint.base_url", "http://127.0.0.1:9/v1"}}));
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::invalid_config));
  CHECK(r.error().message ==
        "plan.yaml: task 't': agent 'a' names no model: set one in the plan, or --model or OPENAI_MODEL");
  CHECK_FALSE(fs::exists(s.folder.path() / "out"));
}

TEST_CASE("a folder that is not empty is refused before anything runs") {
  stage s;
  s.folder.write("out/notes.txt", "mine");
  const auto r = s.run(s.options(pipeline));
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::file_error));
  CHECK(exit_code_of(r.error()) == exit_code::usage);
  auto forced = s.options(pipeline);
  forced.force = true;
  CHECK(s.run(std::move(forced)));
  CHECK(s.folder.read("out/notes.txt") == "mine");
}

TEST_CASE("a run that is refused leaves an earlier run's files alone, one that begins replaces them") {
  stage s;
  const std::string heavy = "agents: {c: {kind: command, argv: [\"true\"]}}\ntasks: [{id: a, agent: c, weight: 5, depends_on: []}]";
  REQUIRE(s.run(s.options(heavy)));
  const auto earlier = s.read("results.jsonl");
  const auto force = [&](std::map<std::string, std::string> flags) {
    auto o = s.options(heavy, std::move(flags));
    o.force = true;
    return s.run(std::move(o));
  };
  REQUIRE(force({{"max_concurrent_tasks", "2"}}).has_error());
  CHECK(s.read("results.jsonl") == earlier);
  CHECK_FALSE(s.read("summary.json").empty());
  CHECK_FALSE(fs::exists(s.folder.path() / "out" / ".results.jsonl.new"));
  REQUIRE(force({}));
  CHECK(s.read_lines("results.jsonl").size() == 1);
  CHECK(s.read("results.jsonl") != earlier);
}

TEST_CASE("nothing new is started once a result cannot be written, and the error says how many are missing") {
  stage s;
  std::string plan = "limits: {max_concurrent_tasks: 1}\nagents: {c: {kind: command, argv: [\"true\"]}}\ntasks:\n";
  for (int i = 0; i < 40; ++i) plan += "  - {id: t" + std::to_string(i) + ", agent: c, depends_on: []}\n";
  const tests::file_size_limit limit(4'000);
  const auto r = s.run(s.options(plan));
  REQUIRE(r);
  REQUIRE(r->output_error);
  CHECK(r->output_error->message.find("File too large") != std::string::npos);
  CHECK(r->run.state == run_state::interrupted);
  CHECK(exit_code_of(*r) == exit_code::failure);
  std::size_t ended = 0;
  for (const auto& t : r->run.results) ended += is_terminal(t.state) ? 1 : 0;
  const std::size_t missing = ended - s.read_lines("results.jsonl").size();
  CHECK(ended < 40);
  CHECK(missing >= 1);
  CHECK(missing <= 2);
  CHECK(r->output_error->message.ends_with(missing == 1 ? "; 1 result is missing from results.jsonl"
                                                        : "; 2 results are missing from results.jsonl"));
}

TEST_CASE("an output file that cannot be written does not stop the run") {
  stage s;
  s.folder.write("out/outputs/first.json/in-the-way", "");
  auto o = s.options(pipeline);
  o.force = true;
  const auto r = s.run(std::move(o));
  REQUIRE(r);
  REQUIRE(r->output_error);
  CHECK(r->output_error->is(errc::file_error));
  CHECK(r->run.find("second")->success());
  CHECK(s.read_lines("results.jsonl").size() == 4);
  CHECK(s.log.front().find("session: cannot write '") == 0);
}

TEST_CASE("[B46] a run without a name is called like its plan's file") {
  stage s;
  const auto r =
      s.run(s.options("agents: {c: {kind: command, argv: [\"true\"]}}\n"
                      "tasks: [{id: a, agent: c, description: x, depends_on: []}]"));
  REQUIRE(r);
  CHECK(r->summary["name"] == "plan");
}

TEST_CASE("a program that is not there is told of before anything runs, and may still come") {
  stage s;
  const auto r = s.run(s.options(
      "agents: {make: {kind: command, argv: [sh, -c, \"printf '#!/bin/sh\\necho made' > tool; chmod +x tool\"]}, use: {kind: command, argv: [./tool]}, "
      "idle: {kind: command, argv: [no-such-program]}}\n"
      "tasks: [{id: a, agent: make, depends_on: []}, {id: b, agent: use, depends_on: [a]}]"));
  REQUIRE(r);
  CHECK(r->run.find("b")->output.value == "made");
  REQUIRE(s.log.size() == 1);
  CHECK(s.log[0].starts_with("session: plan.yaml: agent 'use': the program '"));
  CHECK(s.log[0].ends_with("/./tool' does not exist: its tasks fail unless that changes before they start"));
}

TEST_CASE("settings override the plan's limits") {
  stage s;
  const auto r = s.run(s.options(
      "limits: {max_concurrent_tasks: 8}\nagents: {c: {kind: command, argv: [\"true\"]}}\n"
      "tasks: [{id: a, agent: c, description: x, depends_on: []}, {id: b, agent: c, description: y, depends_on: []}]",
      {{"max_concurrent_tasks", "1"}}));
  REQUIRE(r);
  CHECK(r->run.metrics.slots == 1);
  CHECK(r->run.metrics.peak_width == 1);
}

TEST_CASE("no call reached the endpoint: exit code 3") {
  stage s;
  int calls = 0;
  const auto url = s.serve([&](net::server_request, net::server_reply& reply) -> awaitable<void> {
    ++calls;
    const auto sent = co_await reply.send(401, json_type(), R"({"error":{"message":"bad key"}})");
    (void)sent;
  });
  const auto refused = s.run(s.options(two_models, {{"endpoint.base_url", url}}));
  REQUIRE(refused);
  CHECK(calls == 2);
  CHECK(refused->endpoint_unreachable);
  CHECK(exit_code_of(*refused) == exit_code::unreachable);
}

TEST_CASE("one call that was answered is enough for exit code 1") {
  stage s;
  int calls = 0;
  const auto url = s.serve([&](net::server_request, net::server_reply& reply) -> awaitable<void> {
    const bool first = calls++ == 0;
    const auto sent = co_await reply.send(first ? 400 : 401, json_type(), R"({"error":{"message":"no"}})");
    (void)sent;
  });
  const auto r = s.run(s.options(two_models, {{"endpoint.base_url", url}}));
  REQUIRE(r);
  CHECK_FALSE(r->endpoint_unreachable);
  CHECK(exit_code_of(*r) == exit_code::failure);
}
