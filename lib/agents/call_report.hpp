#pragma once

#include <memory>
#include <optional>
#include <string>

#include <corchestra/llm/chat.hpp>
#include <corchestra/llm/money.hpp>
#include <corchestra/llm/price_table.hpp>
#include <corchestra/runtime/task_context.hpp>

#include "agents/call_budget.hpp"

namespace corchestra::detail {

/// One call of a model with all its tries: publishes each bill (`model_call`) and what the call came to
/// (`model_call_ended`).
class call_report {
 public:
  /// `asked`: the model of the request. The call begins now. Bills settle what `budget` has reserved.
  call_report(task_context context, std::string asked, std::shared_ptr<const llm::price_table> prices,
              std::shared_ptr<call_budget> budget);

  /// The headers by which the endpoint can tell what trace the call belongs to.
  void add_trace_headers(llm::chat_request& request) const;
  /// A try that was billed and is no answer.
  void failed_try(const llm::billed_call& call) { bill(call, {{"finish", "failed"}}); }
  /// The call's end.
  void answered(const llm::chat_response& reply);
  void failed(const error& e);

 private:
  // The model that the server names is the one that is billed: a local server may well be asked for a name that costs.
  void bill(const llm::billed_call& call, json details);
  void end(json details, const error* failure);

  task_context context_;
  std::string asked_;
  std::shared_ptr<const llm::price_table> prices_;  // null: no cost is known
  std::shared_ptr<call_budget> budget_;
  std::uint32_t number_;
  time_point began_;
  token_usage usage_;
  std::optional<llm::money> cost_ = llm::money();  // absent: a part of it is not known
};

}  // namespace corchestra::detail
