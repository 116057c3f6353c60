#pragma once

#include <memory>
#include <optional>
#include <string>

#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/price_table.hpp>
#include <corchestra/llm/usage_watch.hpp>
#include <corchestra/runtime/task_context.hpp>

namespace corchestra::detail {

/// What the calls of an agent have in common.
struct model_terms {
  std::shared_ptr<const llm::price_table> prices;
  bool allow_unpriced = false;
  bool stream = true;
  std::shared_ptr<llm::usage_watch> usage;  // null: nobody watches
};

/// Asks a model for one attempt: the most that a try can cost is reserved before it, what every reply and every billed
/// failure cost is reported, waiting for budget or a limiter gives the slot back, and the pieces of a stream are
/// heartbeats and progress. A cheap handle.
class model_talk {
 public:
  model_talk(std::shared_ptr<llm::chat_model> model, model_terms terms, task_context context)
      : model_(std::move(model)), terms_(std::move(terms)), context_(std::move(context)) {}

  awaitable<result<llm::chat_response>> ask(llm::chat_request request) const { return ask(*this, std::move(request)); }

 private:
  static awaitable<result<llm::chat_response>> ask(model_talk self, llm::chat_request request);
  void watch_usage(const llm::chat_response& reply);

  std::shared_ptr<llm::chat_model> model_;
  model_terms terms_;
  task_context context_;
};

}  // namespace corchestra::detail
