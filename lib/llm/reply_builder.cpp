#include "llm/reply_builder.hpp"

#include <corchestra/base/text.hpp>

#include "llm/usage_reader.hpp"

namespace corchestra::llm {

namespace {

constexpr std::int64_t max_tool_calls = 1024;

const json* member(const json& object, std::string_view name) {
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

error wrong_type(std::string_view place, std::string_view name, std::string_view expected, const json& got) {
  return fail(errc::invalid_reply, concat(place, ".", name, ": expected ", expected, ", got ", got.type_name()));
}

/// A string, or an array of content parts of which the text ones count.
result<std::string> text_of(const json& object, std::string_view name, std::string_view place) {
  const json* value = member(object, name);
  if (!value) return std::string();
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_array()) return wrong_type(place, name, "text", *value);
  std::string text;
  for (const auto& part : *value) {
    if (!part.is_object()) return wrong_type(place, name, "an array of content parts", part);
    if (const json* t = member(part, "text"); t && t->is_string()) text += t->get_ref<const std::string&>();
  }
  return text;
}

std::string string_or_empty(const json& object, std::string_view name) {
  const json* value = member(object, name);
  return value && value->is_string() ? value->get<std::string>() : std::string();
}

}  // namespace

result<reply_piece> reply_builder::add(const json& message, part kind, std::string_view place) {
  if (!message.is_object())
    return fail(errc::invalid_reply, concat(place, ": expected an object, got ", message.type_name()));
  auto text = text_of(message, "content", place);
  if (!text) return text.error();
  auto refusal = text_of(message, "refusal", place);
  if (!refusal) return refusal.error();
  reply_piece piece{std::move(*text), string_or_empty(message, "reasoning_content")};
  if (piece.reasoning.empty()) piece.reasoning = string_or_empty(message, "reasoning");
  if (const json* calls = member(message, "tool_calls")) {
    auto ok = add_tool_calls(*calls, kind, place);
    if (!ok) return ok.error();
  }
  refusal_ += *refusal;
  response_.message.content += piece.text;
  response_.reasoning += piece.reasoning;
  return piece;
}

void reply_builder::take(usual_reply reply) {
  response_.message.content = std::move(reply.content);
  response_.reasoning = std::move(reply.reasoning);
  refusal_ = std::move(reply.refusal);
  response_.model = std::move(reply.model);
  response_.request_id = std::move(reply.id);
  response_.service_tier = std::move(reply.service_tier);
  if (reply.usage) response_.usage = *reply.usage;
  if (reply.finish_reason) finish(*reply.finish_reason);
}

std::int64_t reply_builder::tool_call_key(const json& call, part kind) const {
  const std::int64_t next = calls_.empty() ? 0 : calls_.rbegin()->first + 1;
  if (kind == part::whole) return next;
  if (const json* index = member(call, "index"); index && index->is_number_integer()) return index->get<std::int64_t>();
  const std::string id = string_or_empty(call, "id");
  if (id.empty()) return calls_.empty() ? 0 : next - 1;
  for (const auto& [key, known] : calls_)
    if (known.id == id) return key;
  return next;
}

result<void> reply_builder::add_tool_calls(const json& calls, part kind, std::string_view place) {
  if (!calls.is_array()) return wrong_type(place, "tool_calls", "an array", calls);
  for (const auto& c : calls) {
    if (!c.is_object()) return wrong_type(place, "tool_calls", "an array of objects", c);
    const std::int64_t key = tool_call_key(c, kind);
    if (key < 0 || key >= max_tool_calls)
      return fail(errc::invalid_reply, concat(place, ".tool_calls: the index ", key, " is out of range"));
    tool_call& call = calls_[key];
    if (call.id.empty()) call.id = string_or_empty(c, "id");
    const json* function = member(c, "function");
    if (!function) continue;
    if (!function->is_object()) return wrong_type(place, "tool_calls.function", "an object", *function);
    if (call.name.empty()) call.name = string_or_empty(*function, "name");
    if (const json* arguments = member(*function, "arguments")) call.arguments += to_text(*arguments);
  }
  return {};
}

void reply_builder::finish(std::string_view reason) {
  finished_ = true;
  response_.finish = reason == "stop"             ? finish_reason::stop
                     : reason == "length"         ? finish_reason::length
                     : reason == "tool_calls"     ? finish_reason::tool_calls
                     : reason == "function_call"  ? finish_reason::tool_calls
                     : reason == "content_filter" ? finish_reason::content_filter
                                                  : finish_reason::other;
}

void reply_builder::identify(const json& reply) {
  if (const json* usage = member(reply, "usage"))
    if (const auto read = read_usage(*usage)) response_.usage = *read;
  if (auto tier = string_or_empty(reply, "service_tier"); !tier.empty()) response_.service_tier = std::move(tier);
  if (response_.model.empty()) response_.model = string_or_empty(reply, "model");
  if (response_.request_id.empty()) response_.request_id = string_or_empty(reply, "id");
}

result<chat_response> reply_builder::build() && {
  chat_message& message = response_.message;
  message.role = role::assistant;
  for (auto& [key, call] : calls_) {
    if (call.name.empty())
      return fail(errc::invalid_reply, concat("tool call ", key, " of the reply names no function"));
    if (call.id.empty()) call.id = concat("call_", key);
    message.tool_calls.push_back(std::move(call));
  }
  if (!finished_) response_.finish = message.tool_calls.empty() ? finish_reason::stop : finish_reason::tool_calls;

  if (response_.finish == finish_reason::content_filter)
    return fail(errc::content_filtered, "the provider's filter removed the output", retry_class::terminal);
  if (!message.content.empty() || !message.tool_calls.empty()) return std::move(response_);
  if (!refusal_.empty())
    return fail(errc::refused, concat("the model declined: ", one_line(refusal_, 300)), retry_class::terminal);
  if (response_.finish == finish_reason::length) return std::move(response_);
  return fail(errc::invalid_reply, response_.reasoning.empty()
                                       ? "the reply has neither text nor tool calls"
                                       : "the reply has reasoning but neither text nor tool calls");
}

}  // namespace corchestra::llm
