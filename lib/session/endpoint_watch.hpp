#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include <corchestra/llm/chat_model.hpp>

namespace corchestra {

/// A call that ended so never reached the endpoint, or did not pass its authentication.
bool is_unreachable(const error& e) noexcept;

/// Passes every call on to a model and remembers whether any reached the endpoint.
class endpoint_watch final : public llm::chat_model {
 public:
  explicit endpoint_watch(std::shared_ptr<llm::chat_model> model) : model_(std::move(model)) {}

  awaitable<result<llm::chat_response>> complete(llm::chat_request request) override;
  awaitable<result<llm::chat_response>> stream(llm::chat_request request,
                                               std::function<void(const llm::chat_delta&)> on_delta) override;
  std::string default_model() const override { return model_->default_model(); }

  /// Calls were made and none got through.
  bool unreachable() const noexcept { return !reached_ && lost_; }
  /// A reply named itself simulated, as those of the simulated model do.
  bool simulated() const noexcept { return simulated_; }
  /// A reply was known before, and came without a request to the endpoint.
  bool remembered() const noexcept { return remembered_; }
  /// Of the last call that did not get through.
  std::optional<error> last_failure() const;

 private:
  void note(const result<llm::chat_response>& reply);

  std::shared_ptr<llm::chat_model> model_;
  std::atomic<bool> reached_ = false, lost_ = false, simulated_ = false, remembered_ = false;
  mutable std::mutex mutex_;
  std::optional<error> last_failure_;
};

}  // namespace corchestra
