#include "plan/plan_reader.hpp"

#include "plan/agent_reader.hpp"
#include "plan/resource_rules_reader.hpp"
#include "plan/run_options_reader.hpp"
#include "plan/tool_reader.hpp"

namespace corchestra {

std::string_view to_string(analysis_mode m) noexcept {
  constexpr std::string_view names[] = {"auto", "always", "never"};
  return names[static_cast<std::size_t>(m)];
}

namespace plan_file {

namespace {

plan_defaults read_defaults(const field& f, plan_document& out) {
  plan_defaults d;
  if (!f.object({"model", "system", "agent", "priority", "limits", "retries"})) return d;
  if (const auto x = f.member("model")) {
    out.default_model = x->non_empty("a model's name");
    declare(out, "endpoint.model", *x);
  }
  if (const auto x = f.member("system")) d.system = x->text();
  if (const auto x = f.member("agent")) d.agent = x->non_empty("an agent's name");
  if (const auto x = f.member("priority")) d.priority = read_priority(*x);
  if (const auto x = f.member("limits")) d.limits = read_task_limits(*x);
  if (const auto x = f.member("retries")) out.plan.options.retry = read_retries(*x);
  if (d.limits.start_to_close) out.plan.options.limits.default_start_to_close = *d.limits.start_to_close;
  return d;
}

void read_analysis_mode(const field& f, plan_document& out) {
  out.analysis = f.choice<analysis_mode>(
      {{"auto", analysis_mode::automatic}, {"always", analysis_mode::always}, {"never", analysis_mode::never}});
  declare(out, "analysis", f);
}

void read_analysis(const field& f, plan_document& out) {
  if (!f.is_object()) return read_analysis_mode(f, out);
  f.object({"mode", "model"});
  if (const auto x = f.member("mode")) read_analysis_mode(*x, out);
  if (const auto x = f.member("model")) {
    out.analysis_model = x->non_empty("a model's name");
    declare(out, "analysis_model", *x);
  }
}

}  // namespace

void declare(plan_document& out, const std::string& key, const field& f) {
  if (!f.log().first) out.declared[key] = {to_text(f.value().value), f.place()};
}

plan_defaults read_head(const field& root, bool with_tasks, plan_document& out) {
  plan_defaults defaults;
  if (!with_tasks)
    if (const auto t = root.member("tasks")) t->fail("tasks do not belong into a file of agents");
  if (!root.object({"name",     "inputs",    "defaults",       "limits",       "agents",
                    "tools",    "analysis",  "fail_fast",      "max_failed",   "mode",
                    "order",    "resources", "resource_rules", "groups",       "budget",
                    "fairness", "state",     "keep",           "retry_budget", "unsafe_ignore_dependencies",
                    "tasks",    "$schema"},
                   true))
    return defaults;
  if (const auto x = root.member("$schema")) x->text();
  if (const auto x = root.member("name")) out.plan.options.name = x->non_empty("a name");
  if (const auto x = root.member("inputs")) out.inputs = x->any_object();
  if (const auto x = root.member("defaults")) defaults = read_defaults(*x, out);
  if (const auto x = root.member("analysis")) read_analysis(*x, out);
  if (const auto x = root.member("tools")) {
    if (!x->is_object()) x->expected("an object of tools by name");
    for (const auto& [name, t] : x->entries()) out.tools.emplace(name, read_tool(t, name, out.inputs));
  }
  if (const auto x = root.member("agents")) {
    if (!x->is_object()) x->expected("an object of agents by name");
    for (const auto& [name, a] : x->entries()) {
      out.agents.emplace(name, read_agent(a, name, defaults.system));
      if (const auto tools = a.member("tools")) check_tool_names(*tools, out.tools);
    }
  }
  if (const auto x = root.member("resource_rules")) defaults.identify = read_plan_resource_rules(*x, out.folder);
  read_run_options(root, out);
  return defaults;
}

}  // namespace plan_file

}  // namespace corchestra
