#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <corchestra/llm/call_gate.hpp>
#include <corchestra/llm/chat.hpp>

namespace corchestra::llm {

/// A gate for each model of an endpoint: that is what endpoints limit. Thread-safe.
class endpoint_limits {
 public:
  explicit endpoint_limits(std::optional<limiter_options> options) : options_(std::move(options)) {}

  /// Awaits until a call may go out, and nothing when there are no limits; `waited` is added to.
  awaitable<result<call_gate::permit>> enter(const std::string& model, const chat_request& request, std::size_t bytes,
                                             bool again, duration& waited);

 private:
  call_gate gate_of(const std::string& model);

  std::optional<limiter_options> options_;
  std::mutex mutex_;
  std::map<std::string, call_gate> gates_;
};

/// How the endpoint took a call: `status` is that of its reply, 0 when there was none; no `failure` when it was served.
call_report report_of(int status, const error* failure, const rate_limits& limits, const token_usage& usage);

}  // namespace corchestra::llm
