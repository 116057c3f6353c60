#include "telemetry/span_content.hpp"

#include <corchestra/base/text.hpp>

namespace corchestra::telemetry {

namespace {

ordered_json message(std::string_view role, std::string_view text, std::size_t max) {
  const bool cut = text.size() > max;
  ordered_json part{{"type", "text"}, {"content", concat(text.substr(0, max), cut ? "..." : "")}};
  return {{"role", role}, {"parts", ordered_json::array({std::move(part)})}};
}

}  // namespace

std::string input_message(const task_call& call, std::size_t max) {
  std::string text = call.prompt ? *call.prompt : call.description;
  if (!call.context.is_null() && text.size() < max) text += concat("\n\n", dump_json(call.context));
  return dump_json(ordered_json::array({message("user", text, max)}));
}

std::string output_message(const json& output, std::size_t max) {
  ordered_json answer = message("assistant", to_text(output), max);
  answer["finish_reason"] = "stop";
  return dump_json(ordered_json::array({std::move(answer)}));
}

}  // namespace corchestra::telemetry
