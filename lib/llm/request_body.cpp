#include "llm/request_body.hpp"

#include <array>

#include <corchestra/base/text.hpp>

#include "llm/name.hpp"

namespace corchestra::llm {

namespace {

ordered_json to_wire(const tool_call& call) {
  return {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

ordered_json to_wire(const chat_message& m) {
  ordered_json out = {{"role", to_string(m.role)}};
  if (m.content.empty() && !m.tool_calls.empty())
    out["content"] = nullptr;
  else
    out["content"] = m.content;
  if (!m.tool_calls.empty()) {
    ordered_json calls = ordered_json::array();
    for (const auto& c : m.tool_calls) calls.push_back(to_wire(c));
    out["tool_calls"] = std::move(calls);
  }
  if (m.role == role::tool) out["tool_call_id"] = m.tool_call_id;
  return out;
}

ordered_json to_wire(const tool_definition& t) {
  ordered_json function = {{"name", t.name}};
  if (!t.description.empty()) function["description"] = t.description;
  if (!t.parameters.is_null()) function["parameters"] = t.parameters;
  return {{"type", "function"}, {"function", std::move(function)}};
}

result<void> check(const chat_request& r, std::string_view model) {
  static constexpr std::array<std::string_view, 4> ours = {"model", "messages", "stream", "stream_options"};
  if (model.empty()) return fail(errc::invalid_argument, "chat request: no model is named", retry_class::terminal);
  if (r.messages.empty()) return fail(errc::invalid_argument, "chat request: no messages", retry_class::terminal);
  if (r.max_tokens && *r.max_tokens < 1)
    return fail(errc::invalid_argument, concat("max_tokens: expected at least 1, got ", *r.max_tokens),
                retry_class::terminal);
  if (r.output && !is_name(r.output->name))
    return fail(errc::invalid_argument,
                concat("output schema: the name ", quote(r.output->name), " is not [A-Za-z0-9_-]{1,64}"),
                retry_class::terminal);
  if (!r.extra.is_null() && !r.extra.is_object())
    return fail(errc::invalid_argument, concat("extra: expected an object, got ", r.extra.type_name()),
                retry_class::terminal);
  for (const auto name : ours)
    if (r.extra.is_object() && r.extra.contains(name))
      return fail(errc::invalid_argument, concat("extra: ", quote(name), " is set by the client"),
                  retry_class::terminal);
  return {};
}

}  // namespace

result<std::string> request_body(const chat_request& r, const request_format& format) {
  const std::string& model = r.model.empty() ? format.model : r.model;
  if (auto ok = check(r, model); !ok) return ok.error();

  ordered_json body = {{"model", model}};
  auto& messages = body["messages"] = ordered_json::array();
  for (const auto& m : r.messages) messages.push_back(to_wire(m));
  if (r.temperature) body["temperature"] = *r.temperature;
  if (r.max_tokens) body[format.max_tokens_field] = *r.max_tokens;
  if (r.seed) body["seed"] = *r.seed;
  if (!r.stop.empty()) body["stop"] = r.stop;
  if (!r.tools.empty()) {
    auto& tools = body["tools"] = ordered_json::array();
    for (const auto& t : r.tools) tools.push_back(to_wire(t));
  }
  if (!r.tool_choice.is_null()) body["tool_choice"] = r.tool_choice;
  if (r.output) {
    ordered_json schema = {{"name", r.output->name}};
    if (r.output->strict) schema["strict"] = true;
    schema["schema"] = r.output->schema;
    body["response_format"] = {{"type", "json_schema"}, {"json_schema", std::move(schema)}};
  }
  if (r.extra.is_object())
    for (const auto& [name, value] : r.extra.items()) body[name] = value;
  if (format.stream) body["stream"] = true;
  if (format.stream && format.include_usage) body["stream_options"] = {{"include_usage", true}};
  return dump_json(body);
}

}  // namespace corchestra::llm
