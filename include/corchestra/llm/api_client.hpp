#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/llm/chat.hpp>
#include <corchestra/llm/limiter.hpp>

namespace corchestra::llm {

/// A JSON request to any path of an endpoint: chat completions, embeddings, responses. Sent as it is.
struct api_request {
  std::string path;                 ///< below the base URL: `chat/completions`
  std::string body;                 ///< JSON text
  std::string model;                ///< whose limits it counts to
  std::int64_t tokens = 0;          ///< estimated, of prompt and answer: for the limit of tokens a minute
  std::uint64_t prefix = 0;         ///< as call_request::prefix
  std::optional<duration> timeout;  ///< of the whole call with its retries; absent: the client's
  std::function<awaitable<void>(awaitable<void>)> while_waiting;  ///< as chat_request::while_waiting
  /// After a try that failed (`status` 0: no reply came), before another: an error ends the call with it.
  std::function<std::optional<error>(int status, const error& why, const billed_call& billed)> before_retry;
};

struct api_reply {
  int status = 0;    ///< of the last try; 0: it got no reply
  std::string body;  ///< of the last try: JSON text unless there is a failure
  std::optional<error> failure;
  billed_call billed;                     ///< of the last try, whether it failed or not
  std::vector<billed_call> failed_tries;  ///< earlier tries that were billed all the same
  std::string request_id;                 ///< of the header `x-request-id`
  int http_attempts = 0;
  duration elapsed{};  ///< all tries together, the limiter's waits included
};

/// A seam: requests to an endpoint, with its limits and retries, whose replies are only looked at as far as every JSON
/// API is alike: status, error object, usage. Cancelling the awaiting coroutine closes the socket at once. Thread-safe.
class api_client {
 public:
  virtual ~api_client() = default;
  /// A 2xx reply that is not a JSON object, or that holds an error object, is a failure as well.
  virtual awaitable<api_reply> post(api_request request) = 0;
  /// Of this model's calls; absent: they have no limits.
  virtual std::optional<limiter_status> limits(const std::string& model, time_point now) const = 0;
};

}  // namespace corchestra::llm
