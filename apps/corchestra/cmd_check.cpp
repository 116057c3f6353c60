#include <algorithm>
#include <set>

#include <corchestra/base/text.hpp>

#include "arguments.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
  return concat(n, " ", n == 1 ? one : many);
}

std::string describe(const plan_document& plan, const dependency_graph& graph) {
  const auto& tasks = plan.plan.tasks;
  const auto open = static_cast<std::size_t>(
      std::count_if(tasks.begin(), tasks.end(), [](const auto& t) { return !t.dependencies_given; }));
  std::set<std::string_view> resources;
  for (const auto& t : tasks) {
    for (const auto& r : t.resources) resources.insert(r.id);
  }
  std::string text = concat(plan.source, ": ok: ", counted(tasks.size(), "task", "tasks"), ", ",
                            counted(plan.agents.size(), "agent", "agents"), ", ",
                            counted(graph.edge_count(), "dependency", "dependencies"));
  if (!resources.empty()) text += concat(", ", counted(resources.size(), "resource", "resources"));
  if (open > 0) text += concat("; ", counted(open, "task", "tasks"), " without depends_on");
  return text + "\n";
}

struct check_verb {
  plan_arguments plan;
  bool quiet = false;

  exit_code perform() const {
    const auto loaded = plan.load();
    if (loaded.has_error()) {
      print_error(loaded.error().message);
      return exit_code_of(loaded.error());
    }
    const auto graph = dependency_graph::build(loaded->plan.tasks);
    if (graph.has_error()) {
      print_error(graph.error().message);
      return exit_code_of(graph.error());
    }
    if (!quiet) print(describe(*loaded, *graph));
    return exit_code::success;
  }
};

}  // namespace

verb add_check(CLI::App& app) {
  auto v = std::make_shared<check_verb>();
  CLI::App* command = app.add_subcommand("check", "Check a plan without running anything");
  v->plan.add_to(*command);
  command->add_flag("-q,--quiet", v->quiet, "Print nothing when the plan is sound");
  command->footer(
      "Examples:\n"
      "  corchestra check plan.yaml\n"
      "  corchestra check batch.jsonl --agents agents.yaml\n\n"
      "Exit code 0: the plan is sound; 2: it is not, and the message names the place. Programs, models and prices are\n"
      "looked at by run, before anything is sent.");
  return {command, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
