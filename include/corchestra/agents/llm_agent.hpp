#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/price_table.hpp>
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
};

/// An agent that asks a model once: the task's prompt template with its references filled in (absent: description and
/// context). A task's `options` may hold its own `model`, `temperature` and `max_tokens`. Answers that break
/// `output_schema` are asked for once more with the validator's message; an object's members `confidence` (in [0, 1])
/// and `evidence` (a list of texts) become the result's as well. Text that was cut by `max_tokens` is an output with a
/// warning. Every reply with usage is reported with its tokens and, where the price is known, its cost in
/// micro-dollars, also of tries that gave no answer (event `model_call`). Its errors are those of `chat_model`, plus
/// `unresolved_reference`, `invalid_argument` for unusable task options, `schema_mismatch` and `truncated`. Error of
/// the factory: a malformed schema.
result<std::shared_ptr<agent>> make_llm_agent(std::shared_ptr<llm::chat_model> model, llm_agent_options options);

}  // namespace corchestra
