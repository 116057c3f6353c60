#pragma once

#include <memory>
#include <string>
#include <vector>

#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/output_capabilities.hpp>
#include <corchestra/llm/price_table.hpp>
#include <corchestra/plan/plan_document.hpp>
#include <corchestra/plan/settings.hpp>
#include <corchestra/runtime/agent_registry.hpp>

namespace corchestra {

/// The model that requests of this agent name unless a task has its own: a forced one, then the agent's, the plan's
/// default, the configured one. Empty when there is none.
std::string model_of(const agent_spec& spec, const plan_document& plan, const settings& s);

/// The agents that the plan's tasks name. Errors: `no_endpoint` when one is an LLM agent and `model` is null,
/// `invalid_config` when a task would have no model to ask, those of the agents' own factories.
result<agent_registry> make_agents(const plan_document& plan, const settings& s,
                                   std::shared_ptr<llm::chat_model> model,
                                   std::shared_ptr<const llm::price_table> prices,
                                   std::shared_ptr<llm::output_capabilities> capabilities);

/// What the plan's commands need and is not there, a line each. It may come while the plan runs.
std::vector<std::string> missing_programs(const plan_document& plan);

}  // namespace corchestra
