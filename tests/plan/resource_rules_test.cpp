#include <corchestra/plan/resource_rules.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include <corchestra/base/text.hpp>
#include <corchestra/plan/plan_document.hpp>

#include "support/temp_dir.hpp"

namespace corchestra {

namespace {

using requests = std::vector<resource_request>;

requests standard(std::string agent, std::string type, std::string description, json context = nullptr) {
  return identify_resources(
      create_task_call("t", std::move(agent), std::move(type), std::move(description), std::move(context)),
      standard_resource_rules());
}

resource_request exclusive(std::string id) { return {std::move(id), lock_mode::exclusive, 1}; }
resource_request shared(std::string id) { return {std::move(id), lock_mode::shared, 1}; }

resource_rules resource_rules_of(std::string_view yaml) {
  auto r = parse_resource_rules(yaml, "rules.yaml");
  if (!r) FAIL(r.error().message);
  return std::move(*r);
}

}  // namespace

TEST_CASE("[E24][E49] the five resource types are found by agent, by task type and by words", "[plan]") {
  CHECK(standard("backend-development-agent", "", "Do it") == requests{exclusive("backend_services")});
  CHECK(standard("frontend_developer", "", "Do it") == requests{exclusive("frontend_assets")});
  CHECK(standard("ui_builder", "", "Do it") == requests{exclusive("ui_components")});
  CHECK(standard("Documentation-Agent", "", "Do it") == requests{exclusive("documentation_files")});
  CHECK(standard("database_admin", "", "Do it") == requests{exclusive("database_config")});
  CHECK(standard("a", "backend_api", "Do it") == requests{exclusive("backend_services")});
  CHECK(standard("a", "migration", "Do it") == requests{exclusive("database_config")});
  CHECK(standard("a", "", "Add a button, and tell the README.") ==
        requests{exclusive("ui_components"), exclusive("documentation_files")});
  CHECK(standard("observer", "gui_work", "Feedback on a Sequel").empty());
}

TEST_CASE("[E26][X17] a GPU is counted and an API's quota is a rate, not a lock", "[plan]") {
  CHECK(standard("a", "", "x", {{"requires_gpu", true}}) == requests{exclusive("gpu_compute")});
  CHECK(standard("a", "", "x", {{"requires_gpu", 3}}) == requests{{"gpu_compute", lock_mode::exclusive, 3}});
  CHECK(standard("a", "", "x", {{"requires_gpu", false}, {"requires_external_api", ""}}).empty());
  task_plan plan;
  plan.tasks = {create_task_call("t", "a", "", "x", {{"requires_external_api", true}})};
  add_identified_resources(plan, standard_resource_rules());
  CHECK(plan.tasks[0].resources == requests{exclusive("external_api_quota")});
  REQUIRE(plan.options.resources.size() == 1);
  CHECK(plan.options.resources[0].id == "external_api_quota");
  CHECK(plan.options.resources[0].period == optional_duration(std::chrono::minutes(1)));
}

TEST_CASE("[E20][E21] tasks that only read share what others lock", "[plan]") {
  CHECK(standard("backend_reviewer", "", "Look at it") == requests{shared("backend_services")});
  CHECK(standard("a", "validation", "The database") == requests{shared("database_config")});
  CHECK(standard("a", "", "Check the documentation") == requests{shared("documentation_files")});
  CHECK(standard("a", "", "Check and fix the documentation") == requests{exclusive("documentation_files")});
}

TEST_CASE("[E23][E25][E62] tasks are grouped by their agents' kind", "[plan]") {
  std::vector<task_call> tasks;
  for (const auto* agent : {"backend_developer", "writer", "frontend-agent", "qa_engineer", "docs_agent", "server"})
    tasks.push_back(create_task_call(concat("t", tasks.size()), agent, "backend", "Check the css"));
  const auto groups = group_by_resources(tasks, standard_resource_rules());
  std::vector<std::pair<std::string, std::vector<std::string>>> found;
  for (const task_group& g : groups) found.emplace_back(g.name, g.tasks);
  CHECK(found == std::vector<std::pair<std::string, std::vector<std::string>>>{{"backend_tasks", {"t0", "t5"}},
                                                                               {"frontend_tasks", {"t2"}},
                                                                               {"documentation_tasks", {"t4"}},
                                                                               {"validation_tasks", {"t3"}},
                                                                               {"general_tasks", {"t1"}}});
}

TEST_CASE("[B8] groups are found without being asked for: tasks of the same kind are in the same one", "[plan]") {
  const std::vector<task_call> tasks = {create_task_call("api", "backend", "", "Build it"),
                                        create_task_call("page", "frontend", "", "Build it"),
                                        create_task_call("jobs", "backend", "", "Build it")};
  for (const auto& t : tasks) CHECK_FALSE(t.rules);
  const auto groups = group_by_resources(tasks, standard_resource_rules());
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].tasks == std::vector<std::string>{"api", "jobs"});
  CHECK(groups[1].tasks == std::vector<std::string>{"page"});
}

TEST_CASE("[B9] the group that a task names itself is stronger than the rules", "[plan]") {
  std::vector<task_call> tasks = {create_task_call("a", "backend", "", ""), create_task_call("b", "backend", "", "")};
  tasks[1].rules.get_or_emplace().group = "mine";
  const auto groups = group_by_resources(tasks, standard_resource_rules());
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].name == "backend_tasks");
  CHECK(groups[1].name == "mine");
  CHECK(groups[1].tasks == std::vector<std::string>{"b"});
}

TEST_CASE("[E26] a hook has the last word", "[plan]") {
  resource_rules rules = standard_resource_rules();
  rules.custom = [](const task_call& t, requests found) {
    if (t.context.value("tenant", "") != "")
      found.push_back(exclusive(concat("tenant:", t.context["tenant"].get<std::string>())));
    return found;
  };
  CHECK(identify_resources(create_task_call("t", "backend", "", "", {{"tenant", "acme"}}), rules) ==
        requests{exclusive("backend_services"), exclusive("tenant:acme")});
}

TEST_CASE("all keys of a pattern must fit, and one of a list of patterns", "[plan]") {
  const resource_rules rules = resource_rules_of(R"(
- when: {agents: ["*_writer", editor], words: [chapter]}
  resources: {"file:book.md": exclusive}
- when: [{task_types: ["print*"]}, {context: [printer]}]
  resources: [{id: "service:printer", mode: shared}]
)");
  const auto found = [&](std::string agent, std::string type, std::string words, json context = nullptr) {
    std::string ids;
    for (const auto& r : identify_resources(
             create_task_call("t", std::move(agent), std::move(type), std::move(words), std::move(context)), rules))
      ids += concat(r.id, r.mode == lock_mode::shared ? "(shared) " : " ");
    return ids;
  };
  CHECK(found("novel_writer", "", "Chapter 2") == "file:book.md ");
  CHECK(found("editor", "", "the CHAPTER.") == "file:book.md ");
  CHECK(found("writer", "", "chapter").empty());
  CHECK(found("novel_writer", "", "chapters").empty());
  CHECK(found("a", "printing", "") == "service:printer(shared) ");
  CHECK(found("a", "", "", {{"printer", "lp0"}}) == "service:printer(shared) ");
  CHECK(found("editor", "print", "a chapter") == "file:book.md service:printer(shared) ");
}

TEST_CASE("of two rules for one resource the stronger mode counts", "[plan]") {
  const resource_rules rules = resource_rules_of(
      "- {when: {words: [a]}, resources: {db: shared}}\n- {when: {words: [b]}, resources: {db: exclusive}}\n");
  CHECK(identify_resources(create_task_call("t", "", "", "a b"), rules) == requests{exclusive("db")});
  CHECK(identify_resources(create_task_call("t", "", "", "a"), rules) == requests{shared("db")});
}

TEST_CASE("[E20] a plan finds resources by itself for tasks that name none", "[plan]") {
  const auto plan = parse_plan(R"(
agents: {backend: {kind: llm}}
resource_rules: auto
resources: {gpu_compute: 8}
tasks:
  - {id: found, agent: backend, prompt: p, context: {requires_gpu: 4}}
  - {id: own, agent: backend, prompt: p, resources: [mine]}
  - {id: none, agent: backend, prompt: p, resources: []}
)",
                               "p.yaml", plan_format::yaml);
  REQUIRE(plan);
  const auto& tasks = plan->plan.tasks;
  CHECK(tasks[0].resources == requests{exclusive("backend_services"), {"gpu_compute", lock_mode::exclusive, 4}});
  CHECK(tasks[1].resources == requests{exclusive("mine")});
  CHECK(tasks[2].resources.empty());
  CHECK(plan->plan.options.resources.size() == 1);
  CHECK(plan->plan.options.resources[0].capacity == 8);
}

TEST_CASE("[L6] a plan whose found resources are more than there is is refused", "[plan]") {
  const auto plan = parse_plan(
      "agents: {x: {kind: llm}}\nresource_rules: auto\ntasks:\n"
      "  - {id: a, agent: x, prompt: p, context: {requires_gpu: 2}}\n",
      "p.yaml", plan_format::yaml);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().is(errc::unreachable_resource));
  CHECK(plan.error().message == "p.yaml:4: tasks[0]: task 'a' asks for 2 of 'gpu_compute', and there are 1");
}

TEST_CASE("a plan names a file of rules beside it, or has rules of its own", "[plan]") {
  const tests::temp_dir dir;
  dir.write("rules.json", R"([{"when": {"agents": ["x"]}, "resources": ["from-file"]}])");
  const auto with = [&](const std::string& rules) {
    const auto plan = load_plan(dir.write(
        "p.yaml", "agents: {x: {kind: llm}}\nresource_rules: " + rules + "\ntasks: [{id: a, agent: x, prompt: p}]\n"));
    if (!plan) FAIL(plan.error().message);
    return plan->plan.tasks[0].resources;
  };
  CHECK(with("rules.json") == requests{exclusive("from-file")});
  CHECK(with("[{when: {agents: [x]}, resources: [own]}]") == requests{exclusive("own")});
  CHECK(with("{rules: [{when: {agents: [x]}, resources: [own]}], reading: {agents: [x]}}") == requests{shared("own")});
}

TEST_CASE("malformed rules are refused with file, line and path", "[plan]") {
  struct row {
    std::string text, message;
  };
  const row rows[] = {
      {"- {resources: [a]}\n", "r.yaml:1: [0]: the key 'when' is missing"},
      {"rules:\n  - {when: {agent: [a]}, resources: [a]}\n",
       "r.yaml:2: rules[0].when.agent: unknown key, did you mean 'agents'?"},
      {"rules:\n  - {when: {agents: a}, resources: [a]}\n",
       "r.yaml:2: rules[0].when.agents: expected a list of text, got 'a'"},
      {"groups: [{group: g, when: []}]\n",
       "r.yaml:1: groups[0].when: expected at least one description of tasks, got a list"},
      {"limits: {gpu: -1}\n", "r.yaml:1: limits.gpu: expected an integer from 1 to 1000000000, got -1"},
      {"rules: [\n", "r.yaml:2:1: malformed YAML: end of sequence flow not found"},
  };
  for (const row& r : rows) {
    CAPTURE(r.text);
    const auto rules = parse_resource_rules(r.text, "r.yaml");
    REQUIRE_FALSE(rules);
    CHECK(rules.error().message == r.message);
    CHECK(rules.error().is(errc::invalid_config));
  }
}

}  // namespace corchestra
