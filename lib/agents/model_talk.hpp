#pragma once

#include <memory>
#include <optional>
#include <string>

#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/price_table.hpp>
#include <corchestra/runtime/task_context.hpp>

namespace corchestra::detail {

/// Asks a model for one attempt: what every reply and every billed failure cost is reported, waiting for a limiter
/// gives the slot back, and the pieces of a stream are heartbeats and progress. A cheap handle.
class model_talk {
 public:
  model_talk(std::shared_ptr<llm::chat_model> model, std::shared_ptr<const llm::price_table> prices, bool stream,
             task_context context)
      : model_(std::move(model)), prices_(std::move(prices)), stream_(stream), context_(std::move(context)) {}

  awaitable<result<llm::chat_response>> ask(llm::chat_request request) const { return ask(*this, std::move(request)); }

 private:
  static awaitable<result<llm::chat_response>> ask(model_talk self, llm::chat_request request);

  std::shared_ptr<llm::chat_model> model_;
  std::shared_ptr<const llm::price_table> prices_;
  bool stream_;
  task_context context_;
};

}  // namespace corchestra::detail
