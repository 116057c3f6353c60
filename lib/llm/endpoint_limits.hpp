#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <corchestra/llm/call_gate.hpp>
#include <corchestra/llm/chat.hpp>

namespace corchestra::llm {

/// A call on its way to its model's gate.
struct gated_call {
  std::string model;
  std::int64_t tokens = 0;                                        ///< estimated, of prompt and answer
  std::uint64_t prefix = 0;                                       ///< as call_request::prefix
  std::function<awaitable<void>(awaitable<void>)> while_waiting;  ///< as chat_request::while_waiting
};

/// Of a chat request whose body has so many bytes.
gated_call gated(const chat_request& request, const std::string& model, std::size_t bytes);

/// A gate for each model of an endpoint: that is what endpoints limit. Thread-safe.
class endpoint_limits {
 public:
  explicit endpoint_limits(std::optional<limiter_options> options) : options_(std::move(options)) {}

  /// Whether the call may go out at once, with the permit if there are limits.
  bool try_enter(const gated_call& call, bool again, time_point now, call_gate::permit& to);
  /// Awaits until a call may go out, and nothing when there are no limits; `waited` is added to.
  awaitable<result<call_gate::permit>> enter(const gated_call& call, bool again, duration& waited);

  std::optional<limiter_status> status(const std::string& model, time_point now) const;

 private:
  call_gate gate_of(const std::string& model);

  std::optional<limiter_options> options_;
  mutable std::mutex mutex_;
  std::map<std::string, call_gate> gates_;
};

/// How the endpoint took a call: `status` is that of its reply, 0 when there was none; no `failure` when it was served.
call_report report_of(int status, const error* failure, const rate_limits& limits, const token_usage& usage);

}  // namespace corchestra::llm
