#include "llm/structured_turns.hpp"

#include <algorithm>

#include <corchestra/base/text.hpp>
#include <corchestra/llm/json_text.hpp>

#include "llm/format_rejection.hpp"
#include "llm/strict_schema.hpp"

namespace corchestra::llm {

namespace {

bool is_object_schema(const json& schema) {
  const auto type = schema.is_object() ? schema.find("type") : schema.end();
  return schema.is_object() && type != schema.end() && *type == "object";
}

const tool_call* find_call(const chat_message& message, std::string_view name) {
  const auto& calls = message.tool_calls;
  const auto found = std::find_if(calls.begin(), calls.end(), [&](const tool_call& c) { return c.name == name; });
  return found == calls.end() ? nullptr : &*found;
}

// Every call must be answered before anything else is said.
std::vector<chat_message> correction(chat_message said, const error& problem) {
  const std::string text =
      concat("Your answer cannot be used: ", problem.message, "\nAnswer again with the corrected JSON value only.");
  std::vector<chat_message> out;
  const auto calls = said.tool_calls;
  out.push_back(std::move(said));
  out.front().role = role::assistant;
  for (const auto& c : calls) out.push_back({role::tool, text, {}, c.id});
  if (calls.empty()) out.push_back({role::user, text, {}, {}});
  return out;
}

error cut(std::optional<std::int64_t> max_tokens) {
  return fail(errc::truncated,
              concat("the answer was cut before its JSON was complete: raise max_tokens",
                     max_tokens ? concat(" (", *max_tokens, ")") : std::string()),
              retry_class::terminal);
}

}  // namespace

structured_turns::structured_turns(json_schema schema, std::string name, std::function<result<void>(const json&)> check,
                                   output_rung first, bool free_first)
    : schema_(std::move(schema)),
      name_(std::move(name)),
      check_(std::move(check)),
      rung_(first),
      object_(is_object_schema(schema_.source())),
      free_(free_first) {
  if (rung_ == output_rung::strict_schema && !is_strict_schema(schema_.source())) rung_ = output_rung::schema;
  if (!object_ && (rung_ == output_rung::tool_call || rung_ == output_rung::json_object)) rung_ = output_rung::prompt;
}

void structured_turns::dress(chat_request& request) const {
  request.output.reset();
  if (free_) return;
  request.tools.clear();
  request.tool_choice = nullptr;
  switch (rung_) {
    case output_rung::strict_schema:
    case output_rung::schema:
      request.output = output_schema{name_, schema_.source(), rung_ == output_rung::strict_schema};
      break;
    case output_rung::tool_call:
      request.tools.push_back({name_, "Gives the answer.", schema_.source()});
      request.tool_choice = {{"type", "function"}, {"function", {{"name", name_}}}};
      break;
    case output_rung::json_object:
      if (request.extra.is_null() || request.extra.is_object())
        request.extra["response_format"] = {{"type", "json_object"}};
      break;
    case output_rung::prompt:
      break;
  }
}

// Arguments of tools and the object mode are objects.
output_rung structured_turns::below(output_rung r) const {
  if (r == output_rung::schema && !object_) return output_rung::prompt;
  return static_cast<output_rung>(static_cast<int>(r) + 1);
}

structured_turns::step structured_turns::leave_rung(error problem) {
  rung_ = below(rung_);
  return {verdict::next_rung, nullptr, std::move(problem), {}};
}

result<json> structured_turns::read(const chat_response& reply) const {
  const tool_call* call = !free_ && rung_ == output_rung::tool_call ? find_call(reply.message, name_) : nullptr;
  auto value = extract_json(call ? call->arguments : reply.message.content);
  if (!value) return fail(errc::schema_mismatch, value.error().message);
  if (const auto valid = schema_.validate(*value); !valid)
    return fail(errc::schema_mismatch, concat("the answer does not match its schema: ", valid.error().message));
  if (const auto sound = check_ ? check_(*value) : result<void>(); !sound)
    return fail(errc::schema_mismatch, sound.error().message);
  return value;
}

structured_turns::step structured_turns::after(result<chat_response> reply, std::optional<std::int64_t> max_tokens) {
  if (!reply) {
    const auto rejection = free_ ? format_rejection::none : rejection_of(reply.error(), rung_);
    if (rejection == format_rejection::none) return {verdict::given_up, nullptr, reply.error(), {}};
    learnt_ = learnt_ || rejection == format_rejection::format;
    return leave_rung(reply.error());
  }
  if (reply->finish == finish_reason::length) return {verdict::given_up, nullptr, cut(max_tokens), {}};
  auto value = read(*reply);
  if (value) return {verdict::accepted, std::move(*value), {}, {}};
  if (corrected_) return {verdict::given_up, nullptr, in_place(value.error(), "after one correction"), {}};
  corrected_ = true;
  free_ = false;
  return {verdict::correct, nullptr, value.error(), correction(std::move(reply->message), value.error())};
}

}  // namespace corchestra::llm
