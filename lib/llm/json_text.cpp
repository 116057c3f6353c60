#include <algorithm>
#include <optional>

#include <corchestra/base/text.hpp>
#include <corchestra/llm/json_text.hpp>

namespace corchestra::llm {

namespace {

// Every start that does not lead to a value costs a walk over the rest of the text.
constexpr int max_starts = 200;

// Some templates put the opening mark into the prompt, and a cut answer lacks the closing one.
std::string without_thoughts(std::string_view text) {
  constexpr std::string_view open = "<think>", close = "</think>";
  std::string out;
  if (const auto end = text.find(close); end < text.find(open)) text.remove_prefix(end + close.size());
  for (auto begin = text.find(open); begin != std::string_view::npos; begin = text.find(open)) {
    out += text.substr(0, begin);
    const auto end = text.find(close, begin);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + close.size());
  }
  return out += text;
}

// The text from a bracket to the one that closes it; empty when none does.
std::string_view balanced(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return text.substr(0, i + 1);
    }
  }
  return {};
}

// An unclosed bracket that does begin JSON: what is inside it is not the answer.
bool is_cut_off(std::string_view text) {
  const auto next = text.find_first_not_of(" \t\r\n", 1);
  return next == std::string_view::npos || std::string_view("\"{[").find(text[next]) != std::string_view::npos;
}

// What stands between the first pair of fences, without the language's name.
std::string_view fenced(std::string_view text) {
  constexpr std::string_view fence = "```";
  const auto begin = text.find(fence);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + fence.size());
  text.remove_prefix(std::min(text.find('\n'), text.size()));
  return trim(text.substr(0, text.find(fence)));
}

}  // namespace

result<json> extract_json(std::string_view answer, const json_limits& limits) {
  if (answer.size() > limits.max_bytes)
    return fail(errc::too_large, concat("the answer has ", answer.size(), " bytes, more than ", limits.max_bytes));
  if (auto whole = parse_json(trim(answer), limits)) return whole;
  const std::string kept = without_thoughts(answer);
  const std::string_view text = trim(kept);
  if (auto whole = parse_json(text, limits)) return whole;
  if (auto block = parse_json(fenced(text), limits)) return block;

  std::optional<error> first;
  std::size_t at = text.find_first_of("{[");
  for (int starts = 0; at != std::string_view::npos && starts < max_starts; ++starts) {
    const std::string_view candidate = balanced(text.substr(at));
    auto value = parse_json(candidate.empty() ? text.substr(at) : candidate, limits);
    if (value) return value;
    if (!first) first = value.error();
    if (candidate.empty() && is_cut_off(text.substr(at))) break;
    at = text.find_first_of("{[", at + std::max<std::size_t>(candidate.size(), 1));
  }
  if (first) return fail(errc::invalid_json, concat("the answer's JSON is malformed: ", first->message));
  return fail(errc::invalid_json, concat("the answer holds no JSON: ", quote(text)));
}

std::string json_block(const json& value, int indent) {
  std::string text = dump_json(value, indent);
  for (auto at = text.find("```"); at != std::string::npos; at = text.find("```", at)) {
    text.replace(at, 3, "\\u0060\\u0060\\u0060");
  }
  return concat("```json\n", text, "\n```");
}

}  // namespace corchestra::llm
