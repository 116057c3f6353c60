#include "plan/tool_reader.hpp"

#include <corchestra/base/json_schema.hpp>
#include <corchestra/plan/reference.hpp>

#include "base/api_name.hpp"
#include "plan/byte_size.hpp"
#include "plan/command_reader.hpp"

namespace corchestra::plan_file {

namespace {

json read_parameters(const field& f) {
  json schema = f.any_object();
  if (!f.is_object()) return schema;
  const auto type = schema.find("type");
  if (type == schema.end() || *type != "object")
    f.fail("expected a schema with 'type: object'");
  else if (const auto compiled = json_schema::compile(schema); !compiled)
    f.fail(compiled.error().message);
  return schema;
}

void check_references(const field& argument, const json& inputs) {
  const auto report = [&](std::string_view message) { argument.fail(errc::unresolved_reference, message); };
  if (!argument.is_text()) return;
  const auto found = find_references(argument.text());
  if (!found) return report(found.error().message);
  for (const reference& r : *found) {
    if (r.where != reference::kind::inputs) return report(concat(r.text, ": a tool can only refer to inputs"));
    if (const auto value = at_pointer(inputs, r.pointer); !value)
      return report(concat(r.text, ": ", value.error().message));
  }
}

}  // namespace

void check_tool_names(const field& f, const std::map<std::string, tool_spec>& tools) {
  std::vector<std::string> known;
  for (const auto& [name, t] : tools) known.push_back(name);
  for (const field& item : f.list("a list of tools")) {
    const std::string name = item.text();
    if (item.is_text() && !tools.contains(name))
      item.fail(concat("unknown tool ", quote(name), suggestion(name, known, "tools")));
  }
}

tool_spec read_tool(const field& f, std::string name, const json& inputs) {
  tool_spec t;
  if (!corchestra::detail::is_api_name(name))
    f.fail(concat("the tool's name ", quote(name), " is not [A-Za-z0-9_-]{1,64}"));
  t.name = std::move(name);
  if (!f.object({"description", "parameters", "argv", "cwd", "env", "limits", "timeout", "max_output", "approval"}))
    return t;
  if (const auto x = f.required("description")) t.description = x->non_empty("what the tool does");
  if (const auto x = f.member("parameters")) t.parameters = read_parameters(*x);
  read_command(f, t);
  if (const auto x = f.member("argv"); x && x->is_list())
    for (const field& argument : x->list("arguments")) check_references(argument, inputs);
  if (const auto x = f.member("timeout")) t.timeout = x->time_span();
  if (const auto x = f.member("max_output")) t.max_output_bytes = read_byte_size(*x, 1024);
  if (const auto x = f.member("approval")) t.approval = x->boolean();
  return t;
}

}  // namespace corchestra::plan_file
