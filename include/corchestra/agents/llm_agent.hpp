#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/output_capabilities.hpp>
#include <corchestra/llm/price_table.hpp>
#include <corchestra/llm/tool.hpp>
#include <corchestra/llm/usage_watch.hpp>
#include <corchestra/runtime/agent.hpp>

namespace corchestra {

struct llm_agent_options {
  std::string model;          ///< empty: the task's `options.model`, then the model's default
  bool model_forced = false;  ///< `model` wins over the task's
  std::string system;
  std::string prompt;  ///< template for tasks without their own prompt
  std::optional<double> temperature;
  std::optional<std::int64_t> max_tokens;
  json output_schema;            ///< null: the output is text. Otherwise JSON that was checked against it. A task's own
                                 ///< (task_rules::output_schema) is asked for in its place
  bool stream = true;            ///< tokens count as heartbeats and progress
  json inputs = json::object();  ///< `${inputs.*}`
  std::shared_ptr<const llm::price_table> prices;  ///< null, or a model that is not in it: the cost is not known
  bool allow_unpriced = false;  ///< calls whose cost has no bound are made in spite of a budget in dollars
  std::vector<llm::tool> tools;                    ///< what its model may call
  /// The names of those that tasks without `options.tools` may use. Absent: all.
  std::optional<std::vector<std::string>> offered_tools;
  /// More of them, made for one attempt: tools that need the task. Offered always.
  std::function<std::vector<llm::tool>(task_context)> task_tools;
  int max_steps = 10;                                      ///< requests to the model for one answer
  std::size_t parallel_tools = 8;                          ///< calls of tools at once
  std::string endpoint;                                    ///< for `capabilities`: any name of the server
  std::shared_ptr<llm::output_capabilities> capabilities;  ///< shared with others who ask it; null: the agent's own
  std::shared_ptr<llm::usage_watch> usage;                 ///< also: warns when its replies no longer tell their usage
};

/// An agent that asks a model: the task's prompt template with its references filled in (absent: description and
/// context). A task's `options` may hold its own `model`, `temperature`, `max_tokens` and `tools` (a list of names).
///
/// With tools the model is asked again with their results until it answers (llm/tool_loop.hpp); each call is told by
/// the events `tool_started` and `tool_ended`. A text that the model gave beside calls after `max_steps` is an output
/// with a warning. A tool that requires approval asks through the run.
///
/// JSON is asked for in the firmest way that the endpoint supports (llm/structured_output.hpp). Answers that break
/// `output_schema` are asked for once more with the validator's message; an object's members `confidence` (in [0, 1])
/// and `evidence` (a list of texts) become the result's as well. Text that was cut by `max_tokens` is an output with a
/// warning.
///
/// Every reply with usage is reported with its tokens and, where the price is known, its cost in micro-dollars, also of
/// tries that gave no answer (event `model_call`). Where the task has a budget, each HTTP request reserves the most that
/// it can cost (llm/cost_bound.hpp) before it goes out, waits for others to settle if it must, and is settled by what it
/// cost; what nobody told counts as the reserve (`estimated` in the event). A budget in dollars needs a price and
/// `max_tokens`, else `invalid_argument`. Without `max_tokens` a budget of tokens counts only prompts in advance.
///
/// Its errors are those of `chat_model`, plus `unresolved_reference`,
/// `invalid_argument` for unusable task options, `schema_mismatch`, `truncated` and `limit_exceeded` (steps). Error of
/// the factory: a malformed schema or tool.
result<std::shared_ptr<agent>> make_llm_agent(std::shared_ptr<llm::chat_model> model, llm_agent_options options);

}  // namespace corchestra
