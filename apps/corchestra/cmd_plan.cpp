#include <algorithm>
#include <filesystem>

#include <corchestra/base/text.hpp>
#include <corchestra/monitor/graph_svg.hpp>
#include <corchestra/monitor/timeline_svg.hpp>
#include <corchestra/session/learned_durations.hpp>
#include <corchestra/session/what_if_report.hpp>

#include "arguments.hpp"
#include "file.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

constexpr std::uint64_t most_slots = 100'000;

struct plan_verb {
  plan_arguments plan;
  setting_arguments settings;
  std::string slots, durations, svg, graph;
  bool as_json = false;

  exit_code perform() const {
    const auto done = show();
    if (done.has_value()) return exit_code::success;
    print_error(done.error().message);
    return done.error().is(errc::internal) ? exit_code::failure : exit_code::usage;
  }

  result<void> show() const {
    if (!graph.empty() && graph != "mermaid" && graph != "dot" && graph != "svg")
      return fail(errc::invalid_argument, concat("--graph: expected mermaid, dot or svg, got ", quote(graph)));
    const auto numbers = slot_numbers();
    if (numbers.has_error()) return numbers.error();
    auto document = plan.load();
    if (document.has_error()) return document.error();
    const auto s = settings.load(&*document);
    if (s.has_error()) return s.error();
    apply_settings(*s, document->plan.options);
    if (const auto given = add_durations(*document, *s); given.has_error()) return given.error();
    if (!graph.empty()) return print_graph(*document);

    auto foreseen = what_if(document->plan, *numbers);
    if (foreseen.has_error()) return in_place(foreseen.error(), document->source);
    const auto open = std::count_if(document->plan.tasks.begin(), document->plan.tasks.end(),
                                    [](const auto& t) { return !t.dependencies_given; });
    if (open > 0 && s->analysis != analysis_mode::never)
      foreseen->assumptions.push_back(
          concat(open, open == 1 ? " task" : " tasks", " without depends_on need what they refer to and nothing else"));
    if (const auto drawn = draw(*foreseen, run_name_of(*document)); drawn.has_error()) return drawn.error();
    print(as_json ? dump_json(what_if_json(*foreseen), 2) + '\n' : what_if_text(*foreseen));
    return {};
  }

  // `4,8,16`
  result<std::vector<std::uint32_t>> slot_numbers() const {
    std::vector<std::uint32_t> out;
    for (std::string_view rest = slots; !slots.empty();) {
      const auto end = std::min(rest.find(','), rest.size());
      const auto n = count_of("--slots", std::string(trim(rest.substr(0, end))), 1, most_slots);
      if (n.has_error()) return n.error();
      out.push_back(static_cast<std::uint32_t>(*n));
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
    return out;
  }

  result<void> add_durations(plan_document& document, const corchestra::settings& s) const {
    if (durations.empty()) return {};
    std::filesystem::path file = durations;
    if (durations == "learned") {
      file = learned_durations_path(s, run_name_of(document));
      if (file.empty())
        return fail(errc::file_error,
                    "--durations learned: there is no cache folder for what runs have taken: set HOME, or --cache-folder");
      std::error_code ec;
      if (!std::filesystem::exists(file, ec))
        return fail(errc::file_error, concat("--durations learned: no run of ", quote(run_name_of(document)),
                                             " has left ", quote(file.string(), 300)));
    } else if (std::error_code ec; std::filesystem::is_directory(file, ec)) {
      file /= "durations.json";
    }
    const auto loaded = load_duration_file(file);
    if (loaded.has_error()) return in_place(loaded.error(), "--durations");
    apply_durations(document.plan, *loaded);
    return {};
  }

  result<void> print_graph(const plan_document& document) const {
    const auto built = dependency_graph::build(document.plan.tasks);
    if (built.has_error()) return built.error();
    if (graph != "svg") {
      print(graph == "dot" ? built->to_dot() : built->to_mermaid());
      return {};
    }
    graph_details details;
    const std::string name = run_name_of(document);
    details.title = name;
    details.tasks = document.plan.tasks;
    const auto picture = graph_svg(*built, details);
    if (picture.has_error()) return in_place(picture.error(), "--graph svg");
    print(*picture);
    return {};
  }

  // One picture a number of slots: `plan.svg`, or `plan-4.svg`, `plan-8.svg`.
  result<void> draw(const what_if_result& w, const std::string& name) const {
    if (svg.empty()) return {};
    const std::filesystem::path file = svg;
    for (const auto& r : w.runs) {
      timeline t = r.timeline;
      t.name = concat(name, ", foreseen with ", r.metrics.slots, r.metrics.slots == 1 ? " slot" : " slots");
      auto path = file;
      if (w.runs.size() > 1)
        path.replace_filename(concat(file.stem().string(), "-", r.metrics.slots, file.extension().string()));
      if (const auto written = write_file(path, timeline_svg(t)); written.has_error()) return written.error();
    }
    return {};
  }
};

}  // namespace

verb add_plan(CLI::App& app) {
  auto v = std::make_shared<plan_verb>();
  CLI::App* command = app.add_subcommand("plan", "Foresee what a plan would take, or show its graph: nothing is run");
  v->plan.add_to(*command);
  auto* slots = command->add_option("--slots", v->slots, "Numbers of slots to compare: 4,8,16 [the plan's own]");
  slots->type_name("N,N");
  command
      ->add_option("--durations", v->durations,
                   "What tasks take: a JSON or CSV file, a folder of an earlier run, or learned")
      ->type_name("FILE");
  auto* svg = command->add_option("--svg", v->svg, "Draw the timeline into a file; FILE-N for several numbers of slots");
  svg->type_name("FILE");
  auto* graph = command->add_option("--graph", v->graph, "Print the graph instead: mermaid, dot or svg");
  graph->type_name("FORMAT");
  auto* as_json = command->add_flag("--json", v->as_json, "Print JSON");
  for (CLI::Option* other : {slots, svg, as_json}) graph->excludes(other);
  v->settings.add_to(*command);
  command->footer(
      "Examples:\n"
      "  corchestra plan plan.yaml --slots 4,8,16\n"
      "  corchestra plan plan.yaml --durations corchestra-runs/RUN_ID --svg foreseen.svg\n"
      "  corchestra plan plan.yaml --durations learned --order critical_path --json\n"
      "  corchestra plan plan.yaml --graph svg > plan.svg\n\n"
      "A task takes its expected_duration, else what the durations say of it, of its type or of its agent, else a "
      "second.\n"
      "Exit code 0, or 2 with a message when the plan cannot be run.");
  return {command, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
