#include <catch2/catch_test_macros.hpp>

#include "session/analysis_step.hpp"
#include "stage.hpp"

using namespace corchestra;
using tests::stage;

namespace {

constexpr std::string_view report = R"(
defaults: {model: m}
agents: {a: {kind: llm}, p: {kind: llm, prompt: "always this"}}
tasks:
  - {id: summary, agent: a, description: Summarise the figures}
  - {id: figures, agent: a, description: Load the figures}
  - {id: free, agent: p, description: Say hello, depends_on: []}
)";

// Listed so that the maker comes first: the simulated model never lets a task need a later one.
constexpr std::string_view ordered = R"(
defaults: {model: m}
agents: {a: {kind: llm}}
tasks:
  - {id: figures, agent: a, description: Load the figures}
  - {id: summary, agent: a, description: Summarise the figures}
)";

std::string many_open_tasks(int n) {
  std::string yaml = "agents: {a: {kind: llm, model: m}}\ntasks:\n";
  for (int i = 0; i < n; ++i) yaml += "  - {id: t" + std::to_string(i) + ", agent: a, description: Do it}\n";
  return yaml;
}

std::map<std::string, std::string> at(const std::string& url, const std::string& mode = "auto") {
  return {{"endpoint.base_url", url}, {"analysis", mode}};
}

}  // namespace

TEST_CASE("when an analysis is wanted") {
  struct row {
    int open;
    analysis_mode mode;
    bool endpoint, wanted;
  };
  const std::vector<row> rows = {
      {2, analysis_mode::automatic, true, true},    {100, analysis_mode::automatic, true, true},
      {101, analysis_mode::automatic, true, false}, {2, analysis_mode::automatic, false, false},
      {2, analysis_mode::never, true, false},       {2, analysis_mode::always, true, true},
      {1, analysis_mode::always, true, false},  // one task alone: nothing can be found
  };
  for (const auto& r : rows) {
    stage s;
    const auto plan = s.plan(many_open_tasks(r.open));
    auto settings = s.settings();
    settings.analysis = r.mode;
    const auto step = plan_analysis_step(plan, settings, r.endpoint);
    REQUIRE(step);
    CHECK(step->wanted == r.wanted);
  }
}

TEST_CASE("an analysis that is insisted on and cannot be is an error") {
  stage s;
  auto settings = s.settings();
  settings.analysis = analysis_mode::always;
  const auto without = plan_analysis_step(s.plan(many_open_tasks(2)), settings, false);
  REQUIRE(without.has_error());
  CHECK(without.error().is(errc::no_endpoint));
  CHECK(without.error().message ==
        "plan.yaml: the dependency analysis asks a model and no endpoint is configured: set OPENAI_BASE_URL or "
        "--base-url "
        "(and OPENAI_API_KEY where it needs one), or use --simulate");
  const auto many = plan_analysis_step(s.plan(many_open_tasks(101)), settings, true);
  REQUIRE(many.has_error());
  CHECK(many.error().message == "plan.yaml: 101 tasks have no depends_on; the dependency analysis takes at most 100");
}

TEST_CASE("which model is asked for dependencies") {
  stage s;
  const auto plan = s.plan(ordered);
  auto settings = s.settings({}, {}, &plan);
  CHECK(plan_analysis_step(plan, settings, true)->model == "m");
  settings.model = "forced";
  settings.model_forced = true;
  CHECK(plan_analysis_step(plan, settings, true)->model == "forced");
  settings.analysis_model = "small";
  CHECK(plan_analysis_step(plan, settings, true)->model == "small");
}

TEST_CASE("what was found is in the events before the run's own, in the order of the run, and in the prompts") {
  stage s;
  std::optional<analysis_result> told;
  std::vector<event_type> seen;
  auto o = s.options(ordered, at(s.simulate()));
  o.simulated = true;
  o.on_analysis = [&](const analysis_result& a) { told = a; };
  o.on_event = [&](const event& e) { seen.push_back(e.type); };
  const auto r = s.run(std::move(o));
  REQUIRE(r);
  REQUIRE(told);
  REQUIRE(told->edges.size() == 1);
  CHECK(told->edges[0].from == "figures");
  CHECK(told->edges[0].to == "summary");
  REQUIRE(r->analysis);
  CHECK(r->summary["analysis"]["source"] == "model");
  CHECK(r->summary["analysis"]["edges"] == 1);

  const auto events = s.read_lines("events.jsonl");
  CHECK(events[0]["type"] == "analysis_started");
  CHECK(events[0]["data"]["open"] == 2);
  CHECK(events[1]["type"] == "analysis_ended");
  CHECK(events[1]["data"]["edges"][0]["from"] == "figures");
  CHECK(events[2]["type"] == "run_started");
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i]["seq"] == i + 1);
  CHECK(seen.size() == events.size());
  CHECK(seen.front() == event_type::analysis_started);
  CHECK(*r->run.find("figures")->ended_at <= *r->run.find("summary")->started_at);
}

TEST_CASE("an LLM task is handed what it was found to need") {
  stage s;
  auto plan = s.plan(report);
  analysis_result a;
  a.edges = {{"figures", "summary", edge_kind::data, 0.9, "", true},
             {"figures", "free", edge_kind::data, 0.9, "", true}};
  apply_analysis(plan, a);
  CHECK(plan.plan.tasks[0].depends_on == std::vector<std::string>{"figures"});
  CHECK(plan.plan.tasks[0].context == json{{"result of figures", "${tasks.figures.output}"}});
  CHECK(plan.plan.tasks[2].context.is_null());  // its agent has a prompt of its own
  a.edges = {{"summary", "figures", edge_kind::order, 1, "", true}};
  auto other = s.plan(report);
  apply_analysis(other, a);
  CHECK(other.plan.tasks[1].context.is_null());
}

TEST_CASE("an endpoint that cannot be reached: one after another, one warning, exit code 3") {
  stage s;
  const auto r = s.run(s.options(ordered, [] {
    auto flags = at("http://127.0.0.1:1/v1");
    flags["http_retries"] = "0";
    return flags;
  }()));
  REQUIRE(r);
  REQUIRE(r->analysis);
  CHECK(r->analysis->source == analysis_source::fallback);
  CHECK(r->analysis->edges.size() == 1);
  CHECK(
      r->summary["analysis"]["warning"].get<std::string>().starts_with("dependency analysis failed (connect_failed)"));
  CHECK(exit_code_of(*r) == exit_code::unreachable);
}

TEST_CASE("an endpoint that cannot be reached and an analysis that is insisted on: nothing is run") {
  stage s;
  auto flags = at("http://127.0.0.1:1/v1", "always");
  flags["http_retries"] = "0";
  const auto r = s.run(s.options(ordered, flags));
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::connect_failed));
  CHECK(r.error().message.starts_with("dependency analysis: "));
  CHECK(exit_code_of(r.error()) == exit_code::unreachable);
  CHECK_FALSE(std::filesystem::exists(s.folder.path() / "out"));
}

TEST_CASE("[A33] switched off, a run asks no model what needs what, and its tasks stay independent") {
  stage s;
  const auto r = s.run(s.options(ordered, at(s.simulate(), "never")));
  REQUIRE(r);
  CHECK_FALSE(r->analysis);
  CHECK(s.simulated().stats().calls == 2);  // the two tasks
  for (const auto& e : s.read_lines("events.jsonl")) CHECK(e["type"] != "analysis_started");
}

TEST_CASE("analyze_plan asks in every mode but never, and needs an endpoint") {
  stage s;
  const auto url = s.simulate();
  const auto plan = s.plan(ordered);
  const auto analyze = [&](const std::map<std::string, std::string>& flags) {
    return tests::run(s.context, analyze_plan(plan, s.settings(flags, {}, &plan), true, {}));
  };
  const auto found = analyze(at(url));
  REQUIRE(found);
  REQUIRE(found->analysis);
  CHECK(found->analysis->edges.size() == 1);
  const auto none = analyze(at(url, "never"));
  REQUIRE(none);
  CHECK_FALSE(none->analysis);
  const auto without = analyze({});
  REQUIRE(without.has_error());
  CHECK(without.error().is(errc::no_endpoint));
}
