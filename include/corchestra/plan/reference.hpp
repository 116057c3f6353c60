#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/json.hpp>

namespace corchestra {

/// One `${...}` of a template: `${tasks.ID.output}`, `${context.KEY.KEY}`, `${inputs.KEY.KEY}`, `${state.KEY.KEY}`,
/// `${previous.KEY}` (of a loop) or `${iteration}`, each but the last with an optional `#/json/pointer` at its end.
/// An id may hold dots; it ends before the last `.output`. Indexes of arrays are keys.
struct reference {
  enum class kind : std::uint8_t { task_output, context, inputs, state, previous, iteration };
  kind where{};
  std::string task;  ///< task_output: the task's id
  std::string key;   ///< state: the first key
  std::string
      pointer;       ///< JSON pointer into the output, the context, the inputs, the state's value; empty: the whole
  std::string text;  ///< as written, for messages
};

/// Every reference of a string. Error: `unresolved_reference` for a malformed one (`${tasks.x}`, an unclosed brace).
result<std::vector<reference>> find_references(std::string_view text);
inline result<std::vector<reference>> find_references(const std::string& text) {
  return find_references(std::string_view(text));
}
inline result<std::vector<reference>> find_references(const char* text) {
  return find_references(std::string_view(text));
}
/// Every reference of all strings inside a value.
result<std::vector<reference>> find_references(const json& value);

/// Where references get their values.
struct reference_scope {
  std::function<const json*(std::string_view task)> task_output;  ///< null: no such output
  const json* context = nullptr;
  const json* inputs = nullptr;
  std::function<const json*(std::string_view key)> state;  ///< the run's shared state; null: nothing is there yet
  const json* previous = nullptr;  ///< a loop's last output; null in its first iteration
  std::uint32_t iteration = 1;
};

/// `${...}` alone becomes the JSON value; inside other text, its text (strings as they are, other values as JSON);
/// `$${` stands for a literal `${`. In a loop's first iteration `${previous}`, whatever its pointer, is null, and nothing
/// inside other text. Error: `unresolved_reference`, naming the reference, the missing step, and what is
/// there instead.
result<json> substitute(std::string_view text, const reference_scope& scope);
result<std::string> substitute_text(std::string_view text, const reference_scope& scope);
inline result<json> substitute(const std::string& text, const reference_scope& scope) {
  return substitute(std::string_view(text), scope);
}
inline result<json> substitute(const char* text, const reference_scope& scope) {
  return substitute(std::string_view(text), scope);
}
/// All strings inside a value.
result<json> substitute(const json& value, const reference_scope& scope);

}  // namespace corchestra
