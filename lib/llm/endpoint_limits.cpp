#include "llm/endpoint_limits.hpp"

#include <boost/asio/this_coro.hpp>
#include <functional>

#include <corchestra/async/time_service.hpp>

namespace corchestra::llm {

namespace {

// A token has about four bytes; what the model may answer counts too, as endpoints do. Put right by the reply's usage.
std::int64_t estimated_tokens(const chat_request& request, std::size_t bytes) {
  constexpr std::int64_t usual_answer = 500;
  return static_cast<std::int64_t>(bytes / 4) + request.max_tokens.value_or(usual_answer);
}

// Of what comes before this call's own question: calls that share it profit from the endpoint's prompt cache.
std::uint64_t prefix_of(const chat_request& request) {
  if (request.messages.size() < 2) return 0;
  return std::hash<std::string>()(request.messages.front().content) | 1;
}

call_request asked(const gated_call& call, bool again) {
  return {.tokens = call.tokens, .again = again, .prefix = call.prefix};
}

}  // namespace

gated_call gated(const chat_request& request, const std::string& model, std::size_t bytes) {
  return {model, estimated_tokens(request, bytes), prefix_of(request), request.while_waiting};
}

call_gate endpoint_limits::gate_of(const std::string& model) {
  std::lock_guard lock(mutex_);
  return gates_.try_emplace(model, *options_).first->second;
}

std::optional<limiter_status> endpoint_limits::status(const std::string& model, time_point now) const {
  std::lock_guard lock(mutex_);
  const auto gate = gates_.find(model);
  if (gate == gates_.end()) return std::nullopt;
  return gate->second.status(now);
}

bool endpoint_limits::try_enter(const gated_call& call, bool again, time_point now, call_gate::permit& to) {
  if (!options_) return true;
  to = gate_of(call.model).try_enter(asked(call, again), now);
  return static_cast<bool>(to);
}

awaitable<result<call_gate::permit>> endpoint_limits::enter(const gated_call& call, bool again, duration& waited) {
  if (!options_) co_return call_gate::permit();
  call_gate gate = gate_of(call.model);
  time_service& clock = time_service::of(co_await asio::this_coro::executor);
  const call_request request = asked(call, again);
  const time_point began = clock.now();
  if (auto permit = gate.try_enter(request, began)) co_return permit;
  result<call_gate::permit> entry = call_gate::permit();
  const auto wait = [](call_gate g, call_request c, result<call_gate::permit>& to) -> awaitable<void> {
    to = co_await g.enter(c);
  };
  if (call.while_waiting) {
    co_await call.while_waiting(wait(gate, request, entry));
  } else {
    co_await wait(gate, request, entry);
  }
  waited += clock.now() - began;
  co_return entry;
}

call_report report_of(int status, const error* failure, const rate_limits& limits, const token_usage& usage) {
  call_report r;
  r.limits = limits;
  if (usage.known()) r.tokens = usage.total_tokens();
  if (failure == nullptr) return r;
  if (failure->retry_after) r.retry_after = *failure->retry_after;
  if (failure->is(errc::quota_exhausted) || status == 401) {
    r.answer = endpoint_answer::fatal;
    r.why = *failure;
  } else if (status == 429 || (status == 503 && failure->retry_after)) {
    r.answer = endpoint_answer::throttled;
  } else if (status == 0 || status >= 500) {
    r.answer = endpoint_answer::overloaded;
    r.why = *failure;
  } else if (status < 200 || status > 299) {
    r.answer = endpoint_answer::rejected;
  }
  return r;
}

}  // namespace corchestra::llm
