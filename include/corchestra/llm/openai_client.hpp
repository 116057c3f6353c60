#pragma once

#include <functional>
#include <memory>
#include <string>

#include <corchestra/base/logger.hpp>
#include <corchestra/base/secret.hpp>
#include <corchestra/llm/api_client.hpp>
#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/http_retry_policy.hpp>
#include <corchestra/llm/limiter.hpp>
#include <corchestra/net/http_client.hpp>

namespace corchestra::llm {

struct openai_options {
  std::string base_url;    ///< `https://api.openai.com/v1`, `http://127.0.0.1:8081/v1`
  secret api_key;          ///< may be empty for local servers
  std::string key_header;  ///< that carries the key as it is; empty: `api-key` for Azure's hosts, else a bearer token
  std::string model;       ///< default of requests that name none
  std::string organization, project;
  std::string max_tokens_field;  ///< empty: `max_completion_tokens` for api.openai.com, `max_tokens` elsewhere
  http_retry_policy retry;
  std::optional<limiter_options> limits;  ///< of each model's calls; absent: every call goes out at once
  duration timeout = std::chrono::seconds(600);
  duration idle_timeout = std::chrono::seconds(120);  ///< between two pieces of a stream
  optional_duration first_token_timeout;  ///< of a stream: until there is something of the answer; absent: no limit
  std::uint64_t seed = 0;                 ///< of the jitter; 0: random
  corchestra::logger logger;
  std::function<void(int attempt, const error&, duration delay)> on_retry;  ///< before each wait for another try
};

/// The client for any OpenAI-compatible chat/completions API. Error: `invalid_argument` for a bad base URL, or an API
/// key or header value that is not printable ASCII. The key is removed from every error, answer and log line in which a
/// server echoes it. A failure after visible output of a stream is not retried. A server that rejects `stream_options`
/// is asked once more without it, and this client remembers.
result<std::shared_ptr<chat_model>> make_openai_client(std::shared_ptr<net::http_client> http, openai_options options);

/// The same endpoint for chats and for requests to any path: they share key, limits and connections.
struct openai_endpoint {
  std::shared_ptr<chat_model> chat;
  std::shared_ptr<api_client> api;
};
/// As make_openai_client.
result<openai_endpoint> make_openai_endpoint(std::shared_ptr<net::http_client> http, openai_options options);

}  // namespace corchestra::llm
