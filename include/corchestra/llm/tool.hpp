#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/json_schema.hpp>
#include <corchestra/llm/chat.hpp>

namespace corchestra::llm {

/// Variables of an environment.
using tool_variables = std::vector<std::pair<std::string, std::string>>;

/// Something that a model may call.
struct tool {
  std::string name;         ///< [A-Za-z0-9_-]{1,64}
  std::string description;  ///< for the model: what it does and when to call it
  json parameters;          ///< JSON Schema of the arguments, an object's; null: no arguments
  /// Called with arguments that match `parameters`, on the executor of the conversation, possibly several times at
  /// once. Its text, or any other JSON value, is told to the model, and so is the message of its error. Cancelled at
  /// `timeout` and when the conversation is.
  std::function<awaitable<result<json>>(json arguments)> call;
  /// Of a tool that runs a program: a `call` whose program has these variables as well. Absent: it runs none.
  std::function<std::function<awaitable<result<json>>(json)>(const tool_variables&)> call_with;
  duration timeout = std::chrono::seconds(60);
  std::size_t max_output_bytes = 64u << 10;  ///< the rest is cut off, with a mark
  bool requires_approval = false;            ///< a person is asked before each call
};

/// Tools by name, checked. A cheap handle.
class tool_set {
 public:
  struct entry {
    llm::tool tool;
    json_schema schema;
  };

  tool_set() = default;
  /// Error: `invalid_argument` for a bad or repeated name, a malformed schema, or a tool without `call`.
  static result<tool_set> make(std::vector<tool> tools);
  /// The same for more of them; what was added before a bad one stays.
  result<void> add(std::vector<tool> tools);

  /// Some of them. Error: `invalid_argument` for a name that is not there.
  result<tool_set> only(const std::vector<std::string>& names) const;

  /// The same, whose programs have these variables.
  tool_set with(const tool_variables& variables) const;

  bool empty() const noexcept { return entries_.empty(); }
  const entry* find(std::string_view name) const;
  std::vector<std::string> names() const;
  /// In order of names.
  std::vector<tool_definition> definitions() const;

 private:
  std::map<std::string, std::shared_ptr<const entry>, std::less<>> entries_;
};

}  // namespace corchestra::llm
