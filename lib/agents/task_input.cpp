#include "agents/task_input.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>
#include <corchestra/plan/reference.hpp>

namespace corchestra::detail {

namespace {

reference_scope scope_of(const task_context& context, const json& inputs) {
  reference_scope scope;
  scope.task_output = [&context](std::string_view id) -> const json* {
    const task_result* r = context.upstream(id);
    return r && r->success() ? &r->output.value : nullptr;
  };
  scope.state = [&context](std::string_view key) -> const json* {
    const json& state = context.shared_state();
    const auto it = state.find(key);
    return it == state.end() ? nullptr : &*it;
  };
  scope.inputs = context.inputs() != nullptr ? context.inputs() : &inputs;
  scope.previous = context.previous();
  scope.iteration = context.iteration();
  return scope;
}

error in_task(const error& e, const task_call& task) { return in_place(e, concat("task ", quote(task.id))); }

}  // namespace

result<void> task_input::resolve_context() {
  auto filled = substitute(context_.task().context, scope_of(context_, inputs_));
  if (!filled) return in_task(filled.error(), context_.task());
  resolved_ = std::move(*filled);
  return {};
}

result<std::string> task_input::text_of(std::string_view text_template) const {
  reference_scope scope = scope_of(context_, inputs_);
  scope.context = &resolved_;
  auto text = substitute_text(text_template, scope);
  if (!text) return in_task(text.error(), context_.task());
  return text;
}

result<std::string> task_input::prompt(std::string_view text_template) const {
  const task_call& task = context_.task();
  if (task.prompt) return text_of(*task.prompt);
  if (!text_template.empty()) return text_of(text_template);
  auto text = text_of(task.description);
  if (!text || resolved_.is_null() || resolved_.empty()) return text;
  if (!text->empty()) *text += "\n\n";
  if (!resolved_.is_object()) return *text + to_text(resolved_);
  for (const auto& [key, value] : resolved_.items()) {
    const bool long_text = value.is_string() && value.get_ref<const std::string&>().find('\n') != std::string::npos;
    *text += concat(key, long_text ? ":\n" : ": ", to_text(value), "\n");
  }
  text->pop_back();
  return text;
}

json task_input::upstream() const {
  json outputs = json::object();
  for (const std::string& id : context_.task().depends_on) {
    if (const task_result* r = context_.upstream(id); r && r->success()) outputs[id] = r->output.value;
  }
  return outputs;
}

json task_input::fences() const {
  json tokens = json::object();
  for (const resource_request& r : context_.task().resources) {
    if (r.mode != lock_mode::exclusive) continue;
    if (const std::uint64_t token = context_.fence(r.id); token > 0) tokens[r.id] = token;
  }
  return tokens;
}

task_output to_task_output(json value) {
  task_output output(std::move(value));
  if (!output.value.is_object()) return output;
  if (const auto c = output.value.find("confidence"); c != output.value.end() && c->is_number()) {
    const double confidence = c->get<double>();
    if (confidence >= 0 && confidence <= 1) output.confidence = confidence;
  }
  const auto e = output.value.find("evidence");
  if (e == output.value.end() || !e->is_array()) return output;
  if (std::all_of(e->begin(), e->end(), [](const json& v) { return v.is_string(); })) {
    output.evidence = e->get<std::vector<std::string>>();
  }
  return output;
}

}  // namespace corchestra::detail
