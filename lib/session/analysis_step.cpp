#include "session/analysis_step.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>
#include <corchestra/plan/reference.hpp>

#include "session/agent_factory.hpp"
#include "session/endpoint.hpp"

namespace corchestra {

namespace {

std::string analysis_model_of(const plan_document& plan, const settings& s) {
  if (!s.analysis_model.empty()) return s.analysis_model;
  if (s.model_forced) return s.model;
  if (!plan.default_model.empty()) return plan.default_model;
  if (!s.model.empty()) return s.model;
  for (const auto& [name, spec] : plan.agents) {
    if (spec.kind == agent_kind::llm && !spec.model.empty()) return spec.model;
  }
  return {};
}

constexpr std::size_t least_tasks = 2;

void hand_over(const std::string& from, const std::string& to, plan_document& plan) {
  auto& tasks = plan.plan.tasks;
  const auto task = std::find_if(tasks.begin(), tasks.end(), [&](const auto& t) { return t.id == to; });
  if (task == tasks.end() || task->prompt || !(task->context.is_null() || task->context.is_object())) return;
  const auto spec = plan.agents.find(task->agent);
  if (spec == plan.agents.end() || spec->second.kind != agent_kind::llm || !spec->second.prompt.empty()) return;
  const std::string reference = concat("${tasks.", from, ".output}");
  const auto parsed = find_references(std::string_view(reference));
  if (parsed.has_error() || parsed->size() != 1 || parsed->front().task != from) return;
  task->context[concat("result of ", from)] = reference;
}

}  // namespace

result<analysis_step> plan_analysis_step(const plan_document& plan, const settings& s, bool has_endpoint) {
  const std::size_t most_tasks = analyzer_options{}.max_tasks;
  analysis_step step;
  const auto& tasks = plan.plan.tasks;
  step.open_tasks = static_cast<std::size_t>(
      std::count_if(tasks.begin(), tasks.end(), [](const auto& t) { return !t.dependencies_given; }));
  if (s.analysis == analysis_mode::never || step.open_tasks == 0 || tasks.size() < least_tasks) return step;
  step.model = analysis_model_of(plan, s);
  const bool fits = step.open_tasks <= most_tasks;
  if (s.analysis == analysis_mode::automatic) {
    if (!has_endpoint || step.open_tasks < least_tasks) return step;
    if (!fits) {
      step.left_out = concat(step.open_tasks, " tasks have no depends_on, and the dependency analysis takes at most ",
                             most_tasks, ": they run independently");
    } else if (step.model.empty()) {
      step.left_out = concat(
          "the dependency analysis has no model to ask (--analysis-model, --model or OPENAI_MODEL): ", step.open_tasks,
          " tasks without depends_on run independently");
    }
    step.wanted = step.left_out.empty();
    return step;
  }
  if (!has_endpoint)
    return fail(errc::no_endpoint,
                concat(plan.source, ": the dependency analysis asks a model and no endpoint is configured: ",
                       how_to_configure_an_endpoint()));
  if (!fits)
    return fail(errc::invalid_config,
                concat(plan.source, ": ", step.open_tasks,
                       " tasks have no depends_on; the dependency analysis takes at most ", most_tasks));
  if (step.model.empty())
    return fail(errc::invalid_config,
                concat(plan.source,
                       ": the dependency analysis has no model to ask: set --analysis-model, --model or OPENAI_MODEL"));
  step.wanted = true;
  return step;
}

awaitable<result<analysis_result>> run_analysis_step(analysis_step step, std::vector<task_call> tasks,
                                                     std::shared_ptr<endpoint_watch> endpoint,
                                                     std::shared_ptr<llm::output_capabilities> capabilities, settings s,
                                                     bool simulated, logger log) {
  const bool strict = s.analysis == analysis_mode::always;
  analyzer_options o;
  o.model = step.model;
  o.endpoint = s.base_url;
  o.headers = std::move(step.headers);
  o.capabilities = std::move(capabilities);
  if (!simulated) o.cache_folder = s.cache_folder;
  o.logger = std::move(log);
  dependency_analyzer analyzer(endpoint, std::move(o));
  result<analysis_result> found = co_await analyzer.analyze(std::move(tasks), strict);
  if (found.has_error() && found.error().is(errc::analysis_failed) && endpoint->unreachable())
    co_return in_place(*endpoint->last_failure(), "dependency analysis");
  co_return found;
}

void apply_analysis(plan_document& plan, const analysis_result& a) {
  apply_edges(plan.plan.tasks, a.edges);
  for (const auto& e : a.edges) {
    if (e.kind != edge_kind::order) hand_over(e.from, e.to, plan);
  }
}

json analysis_record(const analysis_result& a) {
  json edges = json::array();
  for (const auto& e : a.edges) {
    edges.push_back({{"from", e.from},
                     {"to", e.to},
                     {"kind", to_string(e.kind)},
                     {"confidence", e.confidence},
                     {"evidence", e.evidence}});
  }
  json record{{"source", to_string(a.source)}, {"edges", std::move(edges)}};
  if (!a.warning.empty()) record["warning"] = a.warning;
  if (!a.dropped.empty()) record["dropped"] = a.dropped;
  record["usage"] = json(to_json_value(a.usage));
  return record;
}

ordered_json analysis_summary(const analysis_result& a) {
  return {{"source", to_string(a.source)},
          {"edges", a.edges.size()},
          {"dropped", a.dropped.size()},
          {"warning", a.warning},
          {"usage", to_json_value(a.usage)}};
}

}  // namespace corchestra
