#include "session/agent_factory.hpp"

#include <algorithm>

#include <set>
#include <string_view>

#include <corchestra/agents/command_agent.hpp>
#include <corchestra/agents/command_tool.hpp>
#include <corchestra/agents/llm_agent.hpp>
#include <corchestra/base/text.hpp>

#include "agents/call_budget.hpp"
#include "agents/child_process.hpp"
#include "session/endpoint.hpp"

namespace corchestra {

namespace {

command_agent_options command_options(const command_spec& spec, const plan_document& plan) {
  command_agent_options o;
  o.argv = spec.argv;
  o.cwd = plan.folder / spec.cwd;
  o.env = spec.env;
  o.limits.memory_bytes = spec.limits.memory_bytes;
  o.limits.cpu_time = spec.limits.cpu_time;
  o.limits.open_files = spec.limits.open_files;
  // Killed before the engine would give it up.
  o.kill_grace = std::min<duration>(o.kill_grace, plan.plan.options.limits.cancel_grace / 2);
  o.inputs = plan.inputs;
  return o;
}

result<std::vector<llm::tool>> make_tools(const plan_document& plan) {
  std::vector<llm::tool> tools;
  for (const auto& [name, spec] : plan.tools) {
    command_tool_options o;
    o.name = name;
    o.description = spec.description;
    o.parameters = spec.parameters;
    o.command = command_options(spec, plan);
    if (spec.timeout) o.timeout = *spec.timeout;
    if (spec.max_output_bytes) o.max_output_bytes = static_cast<std::size_t>(*spec.max_output_bytes);
    o.requires_approval = spec.approval;
    auto made = make_command_tool(std::move(o));
    if (!made) return in_place(made.error(), concat(plan.source, ": tool ", quote(name)));
    tools.push_back(std::move(*made));
  }
  return tools;
}

/// What the agents of one plan share.
struct shared_parts {
  std::shared_ptr<llm::chat_model> model;
  std::shared_ptr<const llm::price_table> prices;
  std::shared_ptr<llm::output_capabilities> capabilities;
  std::vector<llm::tool> tools;
  std::shared_ptr<llm::usage_watch> usage = std::make_shared<llm::usage_watch>();
};

result<std::shared_ptr<agent>> make_llm(const agent_spec& spec, const plan_document& plan, const settings& s,
                                        const shared_parts& shared) {
  llm_agent_options o;
  o.model = model_of(spec, plan, s);
  o.model_forced = s.model_forced;
  o.system = spec.system;
  o.prompt = spec.prompt;
  o.temperature = spec.temperature;
  o.max_tokens = spec.max_tokens;
  o.output_schema = spec.output_schema;
  o.stream = spec.stream;
  o.inputs = plan.inputs;
  o.prices = shared.prices;
  o.allow_unpriced = s.allow_unpriced.value_or(false);
  o.usage = shared.usage;
  o.endpoint = s.base_url;
  o.capabilities = shared.capabilities;
  o.tools = shared.tools;
  o.offered_tools = spec.tools;
  if (spec.max_steps) o.max_steps = *spec.max_steps;
  if (spec.parallel_tools) o.parallel_tools = static_cast<std::size_t>(*spec.parallel_tools);
  return make_llm_agent(shared.model, std::move(o));
}

bool names_a_model(const task_call& t) {
  return t.options.is_object() && t.options.contains("model") && t.options["model"].is_string() &&
         !t.options["model"].get_ref<const std::string&>().empty();
}

bool spends_dollars(const task_call& t, const budget_options& budget) {
  const auto agent = budget.agents.find(t.agent);
  return budget.run.micro_dollars || (agent != budget.agents.end() && agent->second.micro_dollars) ||
         (t.rules && t.rules->budget.micro_dollars);
}

result<void> check_models(const plan_document& plan, const settings& s, const llm::price_table* prices) {
  for (const auto& t : plan.plan.tasks) {
    const auto spec = plan.agents.find(t.agent);
    if (spec == plan.agents.end() || spec->second.kind != agent_kind::llm) continue;
    const std::string place = concat(plan.source, ": task ", quote(t.id));
    const bool own = names_a_model(t) && !s.model_forced;
    const std::string model = own ? t.options["model"].get<std::string>() : model_of(spec->second, plan, s);
    if (model.empty() && !names_a_model(t))
      return fail(errc::invalid_config, concat(place, ": agent ", quote(t.agent),
                                               " names no model: set one in the plan, or --model or OPENAI_MODEL"));
    if (s.allow_unpriced.value_or(false) || !spends_dollars(t, plan.plan.options.budget)) continue;
    const bool limited = spec->second.max_tokens || (t.options.is_object() && t.options.contains("max_tokens"));
    if (const auto bounded = detail::check_bounded(prices, model, limited); !bounded) {
      error e = in_place(bounded.error(), place);
      e.code = make_error_code(errc::invalid_config);
      return e;
    }
  }
  return {};
}

std::set<std::string_view> agents_in_use(const plan_document& plan) {
  std::set<std::string_view> used;
  for (const auto& t : plan.plan.tasks) used.insert(t.agent);
  return used;
}

}  // namespace

std::string model_of(const agent_spec& spec, const plan_document& plan, const settings& s) {
  if (s.model_forced) return s.model;
  if (!spec.model.empty()) return spec.model;
  return plan.default_model.empty() ? s.model : plan.default_model;
}

result<agent_registry> make_agents(const plan_document& plan, const settings& s, std::shared_ptr<llm::chat_model> model,
                                   std::shared_ptr<const llm::price_table> prices,
                                   std::shared_ptr<llm::output_capabilities> capabilities) {
  auto tools = make_tools(plan);
  if (!tools) return tools.error();
  const shared_parts shared{std::move(model), std::move(prices), std::move(capabilities), std::move(*tools)};
  const auto used = agents_in_use(plan);
  agent_registry agents;
  for (const auto& [name, spec] : plan.agents) {
    if (!used.contains(name)) continue;
    const std::string place = concat(plan.source, ": agent ", quote(name));
    if (spec.kind == agent_kind::llm && !shared.model)
      return fail(errc::no_endpoint,
                  concat(place, " asks a model and no endpoint is configured: ", how_to_configure_an_endpoint()));
    auto made = spec.kind == agent_kind::llm ? make_llm(spec, plan, s, shared)
                                             : make_command_agent(command_options(spec, plan));
    if (made.has_error()) return in_place(made.error(), place);
    agents.add(name, std::move(*made));
  }
  if (const auto checked = check_models(plan, s, shared.prices.get()); checked.has_error()) return checked.error();
  return agents;
}

std::vector<std::string> missing_programs(const plan_document& plan) {
  const auto used = agents_in_use(plan);
  std::vector<std::string> missing;
  for (const auto& [name, spec] : plan.agents) {
    if (spec.kind != agent_kind::command || !used.contains(name) || spec.argv[0].find("${") != std::string::npos) continue;
    auto env = detail::current_environment();
    for (const auto& [variable, value] : spec.env) env.insert_or_assign(variable, value);
    std::error_code ignored;
    const auto found = detail::find_program(spec.argv[0], std::filesystem::absolute(plan.folder / spec.cwd, ignored), env);
    if (found.has_error()) missing.push_back(concat(plan.source, ": agent ", quote(name), ": ", found.error().message));
  }
  return missing;
}

}  // namespace corchestra
