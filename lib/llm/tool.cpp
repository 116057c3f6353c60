#include <corchestra/llm/tool.hpp>

#include <corchestra/base/text.hpp>

#include "base/api_name.hpp"

namespace corchestra::llm {

namespace {

json no_arguments() { return {{"type", "object"}, {"properties", json::object()}}; }

result<std::shared_ptr<const tool_set::entry>> checked(tool t) {
  if (!detail::is_api_name(t.name))
    return fail(errc::invalid_argument, concat("the tool's name ", quote(t.name), " is not [A-Za-z0-9_-]{1,64}"));
  const std::string place = concat("tool ", quote(t.name));
  if (!t.call) return fail(errc::invalid_argument, concat(place, ": there is nothing to call"));
  if (t.timeout <= duration::zero())
    return fail(errc::invalid_argument, concat(place, ": its timeout is not above zero"));
  if (t.parameters.is_null()) t.parameters = no_arguments();
  const auto type = t.parameters.find("type");
  if (!t.parameters.is_object() || type == t.parameters.end() || *type != "object")
    return fail(errc::invalid_argument, concat(place, ": parameters: expected a schema of type 'object'"));
  auto schema = json_schema::compile(t.parameters);
  if (!schema) return in_place(schema.error(), concat(place, ": parameters"));
  return std::make_shared<const tool_set::entry>(tool_set::entry{std::move(t), std::move(*schema)});
}

}  // namespace

result<tool_set> tool_set::make(std::vector<tool> tools) {
  tool_set set;
  if (const auto added = set.add(std::move(tools)); !added) return added.error();
  return set;
}

result<void> tool_set::add(std::vector<tool> tools) {
  for (tool& t : tools) {
    std::string name = t.name;
    auto made = checked(std::move(t));
    if (!made) return made.error();
    if (!entries_.emplace(name, std::move(*made)).second)
      return fail(errc::invalid_argument, concat("two tools have the name ", quote(name)));
  }
  return {};
}

result<tool_set> tool_set::only(const std::vector<std::string>& names) const {
  tool_set some;
  for (const std::string& name : names) {
    const auto found = entries_.find(name);
    if (found == entries_.end())
      return fail(errc::invalid_argument, concat("there is no tool ", quote(name)), retry_class::terminal);
    some.entries_.insert(*found);
  }
  return some;
}

tool_set tool_set::with(const tool_variables& variables) const {
  tool_set set = *this;
  if (variables.empty()) return set;
  for (auto& [name, one] : set.entries_) {
    if (!one->tool.call_with) continue;
    entry more = *one;
    more.tool.call = more.tool.call_with(variables);
    one = std::make_shared<const entry>(std::move(more));
  }
  return set;
}

const tool_set::entry* tool_set::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.get();
}

std::vector<std::string> tool_set::names() const {
  std::vector<std::string> out;
  for (const auto& [name, e] : entries_) out.push_back(name);
  return out;
}

std::vector<tool_definition> tool_set::definitions() const {
  std::vector<tool_definition> out;
  for (const auto& [name, e] : entries_) out.push_back({name, e->tool.description, e->tool.parameters});
  return out;
}

}  // namespace corchestra::llm
