#include <algorithm>
#include <optional>
#include <unordered_map>

#include <corchestra/analysis/dependency_analyzer.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/llm/structured_output.hpp>
#include <corchestra/net/digest.hpp>

#include "analysis/analysis_cache.hpp"
#include "analysis/answer.hpp"
#include "analysis/prompt.hpp"

namespace corchestra {

using detail::checked_answer;

struct dependency_analyzer::impl {
  impl(std::shared_ptr<llm::chat_model> m, analyzer_options o)
      : model(std::move(m)), options(std::move(o)), cache(options.cache_folder, options.logger) {}

  std::string key_of(std::span<const task_call> tasks) const {
    json settled = json::array();
    for (const task_call& t : tasks) settled.push_back(t.dependencies_given);
    return net::sha256_hex(dump_json(json{{"prompt", detail::analysis_prompt_version},
                                          {"model", options.model.empty() ? model->default_model() : options.model},
                                          {"endpoint", options.endpoint},
                                          {"tasks", detail::analyzed_tasks(tasks)},
                                          {"dependencies_given", std::move(settled)}}));
  }

  std::shared_ptr<llm::chat_model> model;
  analyzer_options options;
  detail::analysis_cache cache;
};

namespace {

/// One analysis under way: what it has learnt survives its time limit.
struct conversation {
  std::shared_ptr<llm::chat_model> model;
  std::vector<task_call> tasks;
  double least_confidence = 0;
  llm::chat_request request;
  llm::structured_output_options output;
  std::shared_ptr<token_usage> usage = std::make_shared<token_usage>();  // a model may keep its requests
  json answer;                                                           ///< the one that was accepted
  bool repaired = false;
};

awaitable<result<checked_answer>> converse(std::shared_ptr<conversation> c) {
  checked_answer checked;
  llm::structured_output_options o = c->output;
  o.check = [&](const json& value) -> result<void> {
    auto found = detail::check_answer(value, c->tasks, c->least_confidence);
    if (!found) return found.error();
    checked = std::move(*found);
    return {};
  };
  o.on_reply = [c](const llm::chat_response& reply) { *c->usage += reply.usage; };
  o.on_correction = [c](const error&) { c->repaired = true; };
  llm::chat_request request = c->request;
  request.on_failed_usage = [usage = c->usage](const llm::billed_call& failed) { *usage += failed.usage; };
  auto schema = json_schema::compile(detail::analysis_schema());
  if (!schema) co_return schema.error();
  auto answer = co_await llm::ask_structured(c->model, std::move(request), std::move(*schema), std::move(o));
  if (!answer) co_return answer.error();
  c->answer = std::move(answer->value);
  co_return checked;
}

std::string describe(const std::vector<std::string>& dropped) {
  constexpr std::size_t shown = 3;
  std::vector<std::string> parts(dropped.begin(),
                                 dropped.begin() + static_cast<std::ptrdiff_t>(std::min(dropped.size(), shown)));
  if (dropped.size() > shown) parts.push_back(concat("and ", dropped.size() - shown, " more"));
  return concat("dependencies that the model named were dropped: ", join(parts, "; "));
}

analysis_result to_result(checked_answer checked, analysis_source source) {
  analysis_result r;
  r.edges = std::move(checked.edges);
  r.source = source;
  r.dropped = std::move(checked.dropped);
  if (!r.dropped.empty()) r.warning = describe(r.dropped);
  return r;
}

// Fails closed, or for a strict caller fails.
result<analysis_result> give_up(std::span<const task_call> tasks, const error& why, bool strict, token_usage usage) {
  const std::string text = concat("dependency analysis failed (", code_name(why), "): ", why.message);
  if (strict) return error{make_error_code(errc::analysis_failed), text, why.retry, why.retry_after};
  auto r = dependency_analyzer::sequential(tasks, concat(text, "; the tasks without depends_on run one after another"));
  if (r) r->usage = usage;
  return r;
}

}  // namespace

std::string_view to_string(analysis_source s) noexcept {
  constexpr std::string_view names[] = {"model", "repaired", "cache", "fallback"};
  return names[static_cast<std::size_t>(s)];
}

dependency_analyzer::dependency_analyzer(std::shared_ptr<llm::chat_model> model, analyzer_options options)
    : impl_(std::make_shared<impl>(std::move(model), std::move(options))) {}

awaitable<result<analysis_result>> dependency_analyzer::analyze(std::vector<task_call> tasks, bool strict) {
  const auto self = impl_;
  if (const auto graph = dependency_graph::build(tasks); !graph) co_return graph.error();

  const auto open = static_cast<std::size_t>(
      std::count_if(tasks.begin(), tasks.end(), [](const task_call& t) { return !t.dependencies_given; }));
  if (open == 0 || tasks.size() < 2) co_return analysis_result{};
  if (open > self->options.max_tasks) {
    const error e = fail(errc::invalid_argument, concat(open, " tasks without depends_on are more than the ",
                                                        self->options.max_tasks, " that are analysed"));
    if (strict) co_return e;
    co_return give_up(tasks, e, false, {});
  }
  if (!self->model) co_return give_up(tasks, fail(errc::no_endpoint, "there is no model to ask"), strict, {});

  const std::string key = self->key_of(tasks);
  if (const auto known = self->cache.find(key)) {
    auto checked = detail::check_answer(*known, tasks, self->options.least_confidence);
    if (checked) co_return to_result(std::move(*checked), analysis_source::cache);
    self->options.logger.warn("analysis", "ignoring a cached analysis that does not fit its tasks");
  }

  const auto c = std::make_shared<conversation>();
  c->model = self->model;
  c->request = detail::analysis_request(tasks, self->options.model);
  c->request.timeout = self->options.timeout;
  c->request.headers = self->options.headers;
  c->output.name = detail::analysis_schema_name;
  c->output.describe = false;  // the prompt does
  c->output.endpoint = self->options.endpoint;
  c->output.capabilities = self->options.capabilities;
  c->least_confidence = self->options.least_confidence;
  c->tasks = tasks;
  auto checked =
      co_await timeout<checked_answer>(self->options.timeout, "asking the model", [c] { return converse(c); });
  if (!checked) co_return give_up(tasks, checked.error(), strict, *c->usage);

  self->cache.store(key, c->answer);
  auto r = to_result(std::move(*checked), c->repaired ? analysis_source::repaired : analysis_source::model);
  r.usage = *c->usage;
  co_return r;
}

void apply_edges(std::vector<task_call>& tasks, std::span<const dependency_edge> edges) {
  std::unordered_map<std::string_view, task_call*> by_id;
  for (task_call& t : tasks) by_id.emplace(t.id, &t);
  for (const dependency_edge& e : edges) {
    const auto it = by_id.find(e.to);
    if (it == by_id.end()) continue;
    auto& needs = it->second->depends_on;
    if (std::find(needs.begin(), needs.end(), e.from) == needs.end()) needs.push_back(e.from);
  }
}

}  // namespace corchestra
