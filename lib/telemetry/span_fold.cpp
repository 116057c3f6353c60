#include <corchestra/telemetry/span_fold.hpp>

#include <optional>
#include <unordered_map>

#include <corchestra/base/text.hpp>
#include <corchestra/core/model_call_facts.hpp>
#include <corchestra/core/run_trace.hpp>

#include "telemetry/span_content.hpp"

namespace corchestra::telemetry {

namespace {

constexpr std::size_t max_links = 128;

std::string joined(std::string_view operation, std::string_view name) {
  return name.empty() ? std::string(operation) : concat(operation, " ", name);
}

void add(attributes& to, const char* key, std::string_view text) {
  if (!text.empty()) to.emplace_back(key, std::string(text));
}
void add(attributes& to, const char* key, std::int64_t n) { to.emplace_back(key, n); }

}  // namespace

struct span_fold::impl {
  struct live_task {
    time_point submitted{}, attempt_began{};
    std::uint32_t attempt = 0;  // under way; 0: none
    std::uint64_t other_calls = 0;
    task_index parent = no_task;
    std::vector<task_index> needs;
    std::string id, agent, type;  // once it has begun
    std::string input;
    bool begun = false;

    void identify(const event& e) {
      id = e.task_id;
      agent = e.agent;
      type = e.task_type;
    }
  };

  impl(span_options o, std::function<void(span)> s) : options(std::move(o)), sink(std::move(s)) {}

  std::int64_t unix_nanos(time_point t) const {
    return std::chrono::nanoseconds(options.anchor.wall.time_since_epoch() + (t - options.anchor.at)).count();
  }

  span make(span_id id, span_id parent, std::string called, time_point begin, time_point end) const {
    span s;
    s.trace = ids->trace();
    s.id = id;
    s.parent = parent;
    s.state = options.trace.parent.state;
    s.name = std::move(called);
    s.begin = unix_nanos(begin);
    s.end = unix_nanos(std::max(begin, end));
    return s;
  }

  void fail_with(span& s, std::string_view type, std::string_view message = {}) const {
    s.failed = true;
    add(s.attributes, "error.type", type);
    if (options.capture_content) s.message = one_line(message, options.max_content_bytes);
  }
  void fail_with(span& s, const error& e) const { fail_with(s, code_name(e), e.message); }

  void submitted(const event& e) {
    live_task& t = tasks[e.task];
    t.submitted = e.at;
    t.parent = e.parent;
    t.needs.assign(e.needs.begin(), e.needs.end());
    if (options.capture_content && e.call) t.input = input_message(*e.call, options.max_content_bytes);
  }

  void attempt_ended(const event& e, live_task& t) {
    if (t.attempt == 0) return;
    span s = make(ids->attempt(e.task, t.attempt), ids->task(e.task), joined("invoke_agent", e.agent), t.attempt_began,
                  e.at);
    add(s.attributes, "gen_ai.operation.name", "invoke_agent");
    add(s.attributes, "gen_ai.agent.name", e.agent);
    add(s.attributes, "corchestra.task.id", e.task_id);
    add(s.attributes, "corchestra.attempt", t.attempt);
    if (is_terminal(e.outcome)) add(s.attributes, "corchestra.attempt.outcome", to_lower(to_string(e.outcome)));
    if (e.retry_in)
      add(s.attributes, "corchestra.attempt.retry_in_ms",
          std::chrono::duration_cast<std::chrono::milliseconds>(*e.retry_in).count());
    if (e.error) fail_with(s, *e.error);
    t.attempt = 0;
    sink(std::move(s));
  }

  span task_span(task_index n, const live_task& t, time_point end) const {
    span s = make(ids->task(n), t.parent == no_task ? ids->run() : ids->task(t.parent),
                  joined("task", t.type.empty() ? t.agent : t.type), t.submitted, end);
    add(s.attributes, "corchestra.task.id", t.id);
    add(s.attributes, "corchestra.task.type", t.type);
    add(s.attributes, "gen_ai.agent.name", t.agent);
    for (const task_index need : t.needs) {
      if (s.links.size() == max_links) {
        s.dropped_links = static_cast<std::uint32_t>(t.needs.size() - max_links);
        break;
      }
      s.links.push_back({ids->trace(), ids->task(need & ~subtree_bit)});
    }
    add(s.attributes, "gen_ai.input.messages", t.input);
    return s;
  }

  void task_ended(const event& e, live_task& t) {
    t.identify(e);
    span s = task_span(e.task, t, e.at);
    if (const task_result* r = e.result) {
      add(s.attributes, "corchestra.task.state", to_lower(to_string(r->state)));
      add(s.attributes, "corchestra.task.attempts", r->attempts);
      if (r->iterations > 1) add(s.attributes, "corchestra.task.iterations", r->iterations);
      if (r->skipped != skip_cause::none) add(s.attributes, "corchestra.task.skipped", to_string(r->skipped));
      if (r->cancelled != cancel_reason::none) add(s.attributes, "corchestra.task.cancelled", to_string(r->cancelled));
      const bool fine = r->success() || (r->state == task_state::skipped && is_good(r->skipped));
      if (r->success() && options.capture_content)
        add(s.attributes, "gen_ai.output.messages", output_message(r->output.value, options.max_content_bytes));
      if (!fine) fail_with(s, r->error ? code_name(*r->error) : to_lower(to_string(r->state)), r->reason);
    }
    sink(std::move(s));
  }

  void call_ended(const event& e, const model_call_facts& f) {
    const auto it = tasks.find(e.task);
    if (it == tasks.end() || it->second.attempt == 0) return;
    live_task& t = it->second;
    const std::uint32_t attempt = t.attempt;
    span s = make(
        f.number == 0 ? ids->other_call(e.task, attempt, ++t.other_calls) : ids->model_call(e.task, attempt, f.number),
        ids->attempt(e.task, attempt), joined("chat", f.asked), std::max(t.attempt_began, e.at - f.elapsed), e.at);
    s.kind = span_kind::client;
    add(s.attributes, "gen_ai.operation.name", "chat");
    s.attributes.insert(s.attributes.end(), options.endpoint.begin(), options.endpoint.end());
    add(s.attributes, "gen_ai.request.model", f.asked);
    add(s.attributes, "gen_ai.response.model", f.answered);
    if (!f.finish.empty() && f.error.empty())
      s.attributes.emplace_back("gen_ai.response.finish_reasons", std::vector<std::string>{f.finish});
    if (f.usage.known()) {
      add(s.attributes, "gen_ai.usage.input_tokens", f.usage.prompt_tokens);
      add(s.attributes, "gen_ai.usage.output_tokens", f.usage.completion_tokens);
      if (f.usage.cached_tokens > 0) add(s.attributes, "gen_ai.usage.cache_read.input_tokens", f.usage.cached_tokens);
      if (f.usage.cache_write_tokens > 0)
        add(s.attributes, "gen_ai.usage.cache_creation.input_tokens", f.usage.cache_write_tokens);
      if (f.usage.reasoning_tokens > 0)
        add(s.attributes, "gen_ai.usage.reasoning.output_tokens", f.usage.reasoning_tokens);
    }
    add(s.attributes, "openai.response.service_tier", f.service_tier);
    if (f.first_token) s.attributes.emplace_back("gen_ai.response.time_to_first_chunk", to_seconds(*f.first_token));
    if (f.http_attempts > 0) add(s.attributes, "corchestra.http.attempts", f.http_attempts);
    add(s.attributes, "corchestra.hedge", f.hedge);
    if (f.dollars) s.attributes.emplace_back("corchestra.cost_usd", *f.dollars);
    if (!f.error.empty()) fail_with(s, f.error, e.error ? std::string_view(e.error->message) : std::string_view());
    sink(std::move(s));
  }

  void tool_ended(const event& e) {
    const auto it = tasks.find(e.task);
    if (it == tasks.end() || it->second.attempt == 0 || !e.data.is_object()) return;
    live_task& t = it->second;
    const std::string tool = e.data.value("tool", ""), outcome = e.data.value("outcome", "");
    const duration elapsed =
        std::chrono::milliseconds(std::max<std::int64_t>(0, e.data.value("elapsed_ms", std::int64_t(0))));
    span s = make(ids->other_call(e.task, t.attempt, ++t.other_calls), ids->attempt(e.task, t.attempt),
                  joined("execute_tool", tool), std::max(t.attempt_began, e.at - elapsed), e.at);
    add(s.attributes, "gen_ai.operation.name", "execute_tool");
    add(s.attributes, "gen_ai.tool.name", tool);
    add(s.attributes, "gen_ai.tool.call.id", e.data.value("call", ""));
    add(s.attributes, "gen_ai.tool.type", "function");
    if (outcome != "ok") fail_with(s, outcome, e.data.value("message", ""));
    sink(std::move(s));
  }

  void analysis_ended(const event& e) {
    if (!analysis_began) return;
    span s = make(ids->analysis(), ids->run(), "analyze_dependencies", *analysis_began, e.at);
    add(s.attributes, "gen_ai.request.model", analysis_model);
    add(s.attributes, "corchestra.analysis.source", e.data.value("source", ""));
    sink(std::move(s));
  }

  void run_ended(const event& e) {
    for (const auto& [n, t] : tasks) {
      if (!t.begun) continue;
      span s = task_span(n, t, e.at);
      add(s.attributes, "corchestra.task.state", "unfinished");
      sink(std::move(s));
    }
    tasks.clear();
    span s = make(ids->run(), options.trace.parent.span, joined("invoke_workflow", name), *began, e.at);
    add(s.attributes, "gen_ai.operation.name", "invoke_workflow");
    add(s.attributes, "gen_ai.workflow.name", name);
    add(s.attributes, "corchestra.run.id", e.run_id);
    add(s.attributes, "corchestra.run.tasks", count);
    const std::string state = to_lower(e.data.value("state", ""));
    add(s.attributes, "corchestra.run.state", state);
    if (state == "failed" || state == "cancelled") fail_with(s, state, e.data.value("reason", ""));
    sink(std::move(s));
  }

  void take(const event& e) {
    if (!ids) ids.emplace(e.run_id, options.trace.parent);
    if (!began) began = e.at;
    switch (e.type) {
      case event_type::analysis_started:
        analysis_began = e.at;
        analysis_model = e.data.value("model", "");
        return;
      case event_type::analysis_ended:
        return analysis_ended(e);
      case event_type::run_started:
        name = e.data.value("name", "");
        return;
      case event_type::run_ended:
        return run_ended(e);
      case event_type::task_submitted:
        ++count;
        return submitted(e);
      case event_type::model_call:
      case event_type::model_call_ended:
        if (const auto f = facts_of_model_call(e)) call_ended(e, *f);
        return;
      case event_type::tool_ended:
        return tool_ended(e);
      default:
        break;
    }
    const auto it = tasks.find(e.task);
    if (it == tasks.end()) return;
    live_task& t = it->second;
    if (e.type == event_type::attempt_started) {
      t.attempt = e.attempt;
      t.attempt_began = e.at;
      t.other_calls = 0;
      if (!std::exchange(t.begun, true)) t.identify(e);
    } else if (e.type == event_type::attempt_ended) {
      attempt_ended(e, t);
    } else if (e.type == event_type::task_ended) {
      task_ended(e, t);
      tasks.erase(it);
    }
  }

  span_options options;
  std::function<void(span)> sink;
  std::optional<run_trace> ids;
  std::optional<time_point> began, analysis_began;
  std::string name, analysis_model;
  std::int64_t count = 0;
  std::unordered_map<task_index, live_task> tasks;  // that have not ended
};

span_fold::span_fold(span_options options, std::function<void(span)> sink)
    : impl_(std::make_unique<impl>(std::move(options), std::move(sink))) {}
span_fold::~span_fold() = default;
span_fold::span_fold(span_fold&&) noexcept = default;

void span_fold::operator()(const event& e) {
  if (impl_->options.trace.parent.sampled()) impl_->take(e);
}

}  // namespace corchestra::telemetry
