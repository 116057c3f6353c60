#include "session/endpoint_watch.hpp"

namespace corchestra {

bool is_unreachable(const error& e) noexcept {
  return e.is(errc::resolve_failed) || e.is(errc::connect_failed) || e.is(errc::tls_failed) ||
         e.is(errc::authentication_failed);
}

awaitable<result<llm::chat_response>> endpoint_watch::complete(llm::chat_request request) {
  result<llm::chat_response> reply = co_await model_->complete(std::move(request));
  note(reply);
  co_return reply;
}

awaitable<result<llm::chat_response>> endpoint_watch::stream(llm::chat_request request,
                                                             std::function<void(const llm::chat_delta&)> on_delta) {
  result<llm::chat_response> reply = co_await model_->stream(std::move(request), std::move(on_delta));
  note(reply);
  co_return reply;
}

std::optional<error> endpoint_watch::last_failure() const {
  std::lock_guard lock(mutex_);
  return last_failure_;
}

void endpoint_watch::note(const result<llm::chat_response>& reply) {
  if (reply.has_value() && std::string_view(reply->model).ends_with("-simulated")) simulated_ = true;
  if (reply.has_value() && reply->http_attempts == 0) remembered_ = true;
  if (reply.has_value() || !is_unreachable(reply.error())) {
    reached_ = true;
    return;
  }
  lost_ = true;
  std::lock_guard lock(mutex_);
  last_failure_ = reply.error();
}

}  // namespace corchestra
