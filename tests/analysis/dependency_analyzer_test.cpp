#include <catch2/catch_test_macros.hpp>

#include "analysis/analyzed.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using tests::answer;
using tests::arrows;
using tests::open_task;
using tests::scripted_analysis;
using tests::settled_task;

namespace {
std::vector<task_call> three() { return {open_task("load", "Load figures"), open_task("plot"), open_task("write")}; }
}  // namespace

TEST_CASE("a good answer's edges come with kind, confidence and evidence [A30][D1][D2]") {
  scripted_analysis a;
  a.model->say(answer({{"plot", "load", 0.8, "file"}, {"write", "load", 0.9, "api"}}), 3s);
  const auto r = a.analyze(three());
  REQUIRE(r);
  CHECK(r->source == analysis_source::model);
  CHECK(r->warning.empty());
  CHECK(r->dropped.empty());
  CHECK(r->usage.calls == 1);
  REQUIRE(r->edges.size() == 2);
  CHECK(r->edges[0] == dependency_edge{"load", "plot", edge_kind::file, 0.8, "so", true});
  CHECK(r->edges[1].kind == edge_kind::api);
}

TEST_CASE("the question carries a strict schema of arrays and the tasks as JSON [L22]") {
  scripted_analysis a;
  a.options.model = "asked";
  a.model->say(answer({}));
  auto tasks = three();
  tasks[1].depends_on = {"load"};
  tasks.push_back(settled_task("last"));
  tasks[2].prompt = "Write ``` it";
  REQUIRE(a.analyze(tasks));
  const auto& request = a.model->requests().at(0);
  CHECK(request.model == "asked");
  CHECK(request.timeout == 120s);
  REQUIRE(request.output);
  CHECK(request.output->name == "task_dependencies");
  CHECK(request.output->strict);
  CHECK(
      dump_json(request.output->schema) ==
      R"({"additionalProperties":false,"properties":{"dependencies":{"items":{"additionalProperties":false,"properties":)"
      R"({"confidence":{"type":"number"},"evidence":{"type":"string"},"kind":{"enum":["data","file","api","logic","order"],)"
      R"("type":"string"},"needs":{"type":"string"},"task":{"type":"string"}},"required":["task","needs","kind",)"
      R"("confidence","evidence"],"type":"object"},"type":"array"}},"required":["dependencies"],"type":"object"})");
  REQUIRE(request.messages.size() == 2);
  CHECK(request.messages[0].role == llm::role::system);
  CHECK(request.messages[1].content ==
        "The tasks:\n```json\n"
        R"([{"agent":"a","depends_on":[],"description":"Load figures","id":"load"},)"
        R"({"agent":"a","depends_on":["load"],"description":"","id":"plot"},)"
        R"({"agent":"a","depends_on":[],"description":"Write \u0060\u0060\u0060 it","id":"write"},)"
        R"({"agent":"a","depends_on":[],"description":"","id":"last"}])"
        "\n```\n\nThe dependencies of these tasks are settled, none may be added to them (others may need them): "
        R"(["last"])"
        "\n\nWhich of the tasks need which others?");
}

TEST_CASE("an answer between fences and thoughts is understood") {
  scripted_analysis a;
  a.model->say("<think>{\"dependencies\": 7}</think>Here:\n```json\n" + answer({{"plot", "load"}}) + "\n```\nDone.");
  CHECK(arrows(a.analyze(three())->edges) == "load>plot");
}

TEST_CASE("an unusable answer is repaired once, with the reason") {
  const struct {
    std::string first, problem;
  } table[] = {
      {answer({{"plot", "lod"}, {"drow", "load"}}),
       "dependencies[0]: needs: there is no task 'lod'; dependencies[1]: task: there is no task 'drow'"},
      {answer({{"plot", "plot"}}), "dependencies[0]: task 'plot' cannot need itself"},
      {answer({{"plot", "load", 1.5}}), "dependencies[0]: confidence: expected a number from 0 to 1, found 1.5"},
      {answer({{"plot", "load"}, {"load", "write"}, {"write", "plot"}}),
       "tasks that wait for each other (each needs the next): load -> write -> plot -> load"},
      {"none", "the answer holds no JSON: 'none'"},
  };
  for (const auto& row : table) {
    CAPTURE(row.problem);
    scripted_analysis a;
    a.model->say(row.first).say(answer({{"write", "load"}}));
    const auto r = a.analyze(three());
    REQUIRE(r);
    CHECK(r->source == analysis_source::repaired);
    CHECK(arrows(r->edges) == "load>write");
    CHECK(r->usage.calls == 2);
    const auto& again = a.model->requests().at(1).messages;
    REQUIRE(again.size() == 4);
    CHECK(again[2].role == llm::role::assistant);
    CHECK(again[2].content == row.first);
    CHECK(again[3].content ==
          "Your answer cannot be used: " + row.problem + "\nAnswer again with the corrected JSON value only.");
  }
}

TEST_CASE("an answer that breaks the schema is repaired with the schema's findings") {
  for (const std::string first :
       {R"({"dependencies": {}})", R"([])", R"({"dependencies": [{"task": "plot", "needs": "load"}]})",
        R"({"dependencies": [{"task": "plot", "needs": "load", "kind": "magic", "confidence": 1, "evidence": ""}]})"}) {
    CAPTURE(first);
    scripted_analysis a;
    a.model->say(first).say(answer({}));
    const auto r = a.analyze(three());
    CHECK(r->source == analysis_source::repaired);
    CHECK(a.model->requests().at(1).messages.size() == 4);
  }
}

TEST_CASE("twice wrong fails closed: one after another, with the reason [A32][D3][D51]") {
  scripted_analysis a;
  a.model->say("no").say(answer({{"plot", "nobody"}}));
  const auto r = a.analyze(three());
  REQUIRE(r);
  CHECK(r->source == analysis_source::fallback);
  CHECK(arrows(r->edges) == "load>plot plot>write");
  CHECK(r->warning ==
        "dependency analysis failed (schema_mismatch): after one correction: "
        "dependencies[0]: needs: there is no task 'nobody'; the tasks without depends_on run one after another");
  CHECK(r->usage.calls == 2);
  CHECK(a.model->requests().size() == 2);
}

TEST_CASE("a strict caller gets an error instead") {
  scripted_analysis a;
  a.model->say("no").say("no");
  const auto r = a.analyze(three(), true);
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::analysis_failed));
  CHECK(r.error().message ==
        "dependency analysis failed (schema_mismatch): after one correction: the answer holds no JSON: 'no'");
}

TEST_CASE("what the model itself fails with is not repaired [A32]") {
  scripted_analysis a;
  a.model->fail_with(fail(errc::authentication_failed, "HTTP 401: bad key"));
  const auto r = a.analyze(three());
  REQUIRE(r);
  CHECK(r->source == analysis_source::fallback);
  CHECK(r->warning ==
        "dependency analysis failed (authentication_failed): HTTP 401: bad key; the tasks without depends_on run one "
        "after "
        "another");
  CHECK(a.model->requests().size() == 1);

  scripted_analysis cut;
  cut.model->answer_with([](const llm::chat_request&) -> result<llm::chat_response> {
    llm::chat_response reply;
    reply.message.content = R"({"dependencies": [)";
    reply.finish = llm::finish_reason::length;
    return reply;
  });
  const auto s = cut.analyze(three(), true);
  REQUIRE(s.has_error());
  CHECK(s.error().message ==
        "dependency analysis failed (truncated): the answer was cut before its JSON was complete: raise max_tokens");
}

TEST_CASE("a model that takes too long is given up at the time limit, with its usage counted") {
  scripted_analysis a;
  a.options.timeout = 10s;
  a.model->say("no", 4s).say(answer({}), 30s);
  const auto r = a.analyze(three());
  REQUIRE(r);
  CHECK(r->source == analysis_source::fallback);
  CHECK(r->warning.starts_with("dependency analysis failed (timeout): asking the model took longer than "));
  CHECK(r->usage.calls == 1);
  CHECK(a.time.now() == time_point(10s));
}

TEST_CASE("explicit edges win: they are not repeated, and an answer against them is refused") {
  auto tasks = three();
  tasks[0].depends_on = {"plot"};
  scripted_analysis a;
  a.model->say(answer({{"plot", "load"}})).say(answer({{"load", "plot"}, {"write", "load"}}));
  const auto r = a.analyze(tasks);
  REQUIRE(r);
  CHECK(a.model->requests().at(1).messages.at(3).content.find("load -> plot -> load") != std::string::npos);
  CHECK(arrows(r->edges) == "load>write");
  CHECK(r->dropped.empty());
}

TEST_CASE("a task whose dependencies are given gains none, and weak edges are dropped: both are reported") {
  scripted_analysis a;
  a.model->say(answer({{"final", "load"}, {"plot", "load", 0.29}, {"write", "load", 0.3}}));
  auto tasks = three();
  tasks.push_back(settled_task("final"));
  const auto r = a.analyze(tasks);
  REQUIRE(r);
  CHECK(arrows(r->edges) == "load>write");
  CHECK(r->source == analysis_source::model);
  CHECK(r->dropped == std::vector<std::string>{"'final' needs 'load': the dependencies of 'final' are given",
                                               "'plot' needs 'load': confidence 0.29 is below 0.30"});
  CHECK(r->warning == "dependencies that the model named were dropped: " + r->dropped[0] + "; " + r->dropped[1]);
}

TEST_CASE("of two edges between the same tasks the surer one counts") {
  scripted_analysis a;
  a.model->say(answer({{"plot", "load", 0.5, "order"}, {"plot", "load", 0.9, "file"}, {"plot", "load", 0.7}}));
  const auto r = a.analyze(three());
  REQUIRE(r->edges.size() == 1);
  CHECK(r->edges[0].kind == edge_kind::file);
}

TEST_CASE("nothing is asked where nothing can be added") {
  scripted_analysis a;
  CHECK(a.analyze({})->edges.empty());
  CHECK(a.analyze({open_task("only")})->edges.empty());
  CHECK(a.analyze({settled_task("x"), settled_task("y", {"x"})})->edges.empty());
  CHECK(a.model->requests().empty());
}

TEST_CASE("tasks that are no graph are an error before anything is asked [L21]") {
  scripted_analysis a;
  auto tasks = three();
  tasks[0].depends_on = {"gone"};
  CHECK(a.analyze(tasks).error().is(errc::unknown_task));
  tasks[0].depends_on = {"plot"};
  tasks[1].depends_on = {"load"};
  CHECK(a.analyze(tasks).error().is(errc::dependency_cycle));
  CHECK(a.analyze({open_task("x"), open_task("x")}).error().is(errc::duplicate_task));
  CHECK(a.model->requests().empty());
}

TEST_CASE("more tasks than the limit are not analysed") {
  scripted_analysis a;
  a.options.max_tasks = 2;
  const auto r = a.analyze(three());
  REQUIRE(r);
  CHECK(arrows(r->edges) == "load>plot plot>write");
  CHECK(r->warning ==
        "dependency analysis failed (invalid_argument): 3 tasks without depends_on are more than the 2 that are "
        "analysed; "
        "the tasks without depends_on run one after another");
  const auto strict = a.analyze(three(), true);
  REQUIRE(strict.has_error());
  CHECK(strict.error().is(errc::invalid_argument));
  CHECK(strict.error().message == "3 tasks without depends_on are more than the 2 that are analysed");
  CHECK(a.model->requests().empty());
}

TEST_CASE("without a model the analyzer fails closed [D51]") {
  testing::virtual_time_context time;
  dependency_analyzer analyzer(nullptr, {});
  const auto r = time.run(analyzer.analyze(three()));
  CHECK(r->source == analysis_source::fallback);
  CHECK(arrows(r->edges) == "load>plot plot>write");
}

TEST_CASE("applied edges are dependencies like any other, once each") {
  auto tasks = three();
  tasks[2].depends_on = {"load"};
  const std::vector<dependency_edge> edges = {{"load", "write"}, {"plot", "write"}, {"load", "nobody"}};
  apply_edges(tasks, edges);
  CHECK(tasks[2].depends_on == std::vector<std::string>{"load", "plot"});
  CHECK(tasks[1].depends_on.empty());
}

TEST_CASE("sources of an analysis have names") {
  CHECK(to_string(analysis_source::model) == "model");
  CHECK(to_string(analysis_source::repaired) == "repaired");
  CHECK(to_string(analysis_source::cache) == "cache");
  CHECK(to_string(analysis_source::fallback) == "fallback");
}
