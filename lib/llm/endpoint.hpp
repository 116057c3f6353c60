#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include <corchestra/llm/openai_client.hpp>

#include "llm/endpoint_limits.hpp"
#include "llm/retry.hpp"

namespace corchestra::llm {

/// What all calls to one endpoint share: connections, the key, limits. Thread-safe.
class endpoint {
 public:
  static result<std::shared_ptr<endpoint>> make(std::shared_ptr<net::http_client> http, openai_options options);

  endpoint(std::shared_ptr<net::http_client> http, openai_options options, net::url base);

  net::http_client& http() const noexcept { return *http_; }
  const openai_options& options() const noexcept { return options_; }
  std::string origin() const { return base_.origin(); }
  endpoint_limits& limits() noexcept { return limits_; }
  const endpoint_limits& limits() const noexcept { return limits_; }

  net::http_request request(std::string_view path, std::string body, std::string_view accept) const;
  retry_schedule new_retries() { return {options_.retry, options_.seed + calls_.fetch_add(1)}; }

  /// Without the key, if the server echoed it.
  std::string clean(std::string text) const { return redact_.empty() ? text : redact_(std::move(text)); }
  error clean(error e) const;
  billed_call clean(billed_call b) const;
  bool holds_secrets() const noexcept { return !redact_.empty(); }
  const redactor& secrets() const noexcept { return redact_; }

  /// The error of a reply, naming the endpoint.
  error in_reply(error e) const { return in_place(std::move(e), base_.origin()); }
  error refusal(const net::http_response& reply, wall_time now) const;

 private:
  std::shared_ptr<net::http_client> http_;
  openai_options options_;
  net::url base_;
  redactor redact_;
  endpoint_limits limits_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace corchestra::llm
