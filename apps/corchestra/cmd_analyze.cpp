#include <unistd.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <corchestra/base/text.hpp>

#include "arguments.hpp"
#include "interrupts.hpp"
#include "log.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

ordered_json analysis_json(const dependency_graph& graph, const std::optional<analysis_result>& analysis) {
  ordered_json edges = ordered_json::array();
  for (const auto& e : graph.edges()) {
    edges.push_back({{"from", e.from},
                     {"to", e.to},
                     {"kind", to_string(e.kind)},
                     {"confidence", e.confidence},
                     {"evidence", e.evidence},
                     {"analyzed", e.analyzed}});
  }
  ordered_json out{{"tasks", graph.ids()},
                   {"edges", std::move(edges)},
                   {"levels", graph.levels()},
                   {"critical_path", graph.critical_path().ids}};
  out["analysis"] = nullptr;
  if (analysis) {
    out["analysis"] = {{"source", to_string(analysis->source)},
                       {"warning", analysis->warning},
                       {"dropped", analysis->dropped},
                       {"usage", to_json_value(analysis->usage)}};
  }
  return out;
}

std::string analysis_text(const dependency_graph& graph, const std::optional<analysis_result>& analysis) {
  std::string out = graph.to_text();
  if (!out.ends_with('\n')) out += '\n';
  if (analysis) out += concat(analysis->edges.size(), " found by the analysis (", to_string(analysis->source), ")\n");
  return out;
}

struct analyze_verb {
  plan_arguments plan;
  setting_arguments settings;
  simulation_arguments simulation;
  color_arguments color;
  std::string format = "text";

  exit_code perform() const {
    if (format != "text" && format != "json" && format != "dot")
      return refuse(fail(errc::invalid_argument, concat("--format: expected text, json or dot, got ", quote(format))));
    auto document = plan.load();
    if (document.has_error()) return refuse(document.error());
    auto s = settings.load(&*document);
    if (s.has_error()) return refuse(s.error());
    const auto log = make_log(s->log_level, color.look_at(STDERR_FILENO).color);
    if (log.has_error()) return refuse(log.error());

    asio::io_context context(1);
    std::optional<testing::simulated_model> model;
    if (simulation.wanted()) {
      auto started = simulation.start(context.get_executor(), *s, *log);
      if (started.has_error()) return refuse(started.error());
      model.emplace(std::move(*started));
    }
    const auto found = analyze(context, *document, *s, *log);
    if (found.has_error()) return refuse(found.error());
    return show(*document, *found);
  }

  result<plan_analysis> analyze(asio::io_context& context, const plan_document& document, const corchestra::settings& s,
                                const logger& log) const {
    std::optional<result<plan_analysis>> outcome;
    std::exception_ptr failure;
    asio::cancellation_signal stop;
    asio::co_spawn(context, analyze_plan(document, s, simulation.wanted(), log),
                   asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, result<plan_analysis> r) {
                     failure = e;
                     outcome.emplace(std::move(r));
                   }));
    const interrupts on_interrupt(context.get_executor(), [&](int) { stop.emit(asio::cancellation_type::terminal); });
    while (!outcome && context.run_one() > 0) {
    }
    if (failure) return error_from_exception(failure);
    if (!outcome) return fail(errc::internal, "nothing is left to do and the analysis has not ended");
    return std::move(*outcome);
  }

  exit_code show(const plan_document& document, const plan_analysis& found) const {
    std::vector<dependency_edge> extra;
    if (found.analysis) extra = found.analysis->edges;
    const auto graph = dependency_graph::build(document.plan.tasks, extra);
    if (graph.has_error()) return refuse(graph.error());
    if (simulation.wanted() && found.analysis) print_error("the model is simulated: it compares words, see --help");
    if (found.analysis && !found.analysis->warning.empty())
      print_error(concat("warning: ", one_line(found.analysis->warning, 1000)));
    if (format == "json") {
      print(dump_json(analysis_json(*graph, found.analysis), 2) + '\n');
    } else {
      print(format == "dot" ? graph->to_dot() : analysis_text(*graph, found.analysis));
    }
    return found.endpoint_unreachable ? exit_code::unreachable : exit_code::success;
  }

  static exit_code refuse(const error& e) {
    print_error(e.message);
    return exit_code_of(e);
  }
};

}  // namespace

verb add_analyze(CLI::App& app) {
  auto v = std::make_shared<analyze_verb>();
  CLI::App* command = app.add_subcommand("analyze", "Find out which task needs which, and show the graph");
  v->plan.add_to(*command);
  command->add_option("--format", v->format, "text, json or dot")->type_name("FORMAT")->capture_default_str();
  v->simulation.add_to(*command);
  v->settings.add_to(*command);
  v->color.add_to(*command);
  command->footer(
      "Examples:\n"
      "  corchestra analyze plan.yaml --simulate\n"
      "  corchestra analyze plan.yaml --format dot | dot -Tsvg > plan.svg\n"
      "  corchestra analyze plan.yaml --analysis never        the explicit dependencies only\n\n"
      "The simulated model has one heuristic: B depends on A where B's description shares the rarest word with what "
      "A's\n"
      "description says it makes.");
  return {command, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
