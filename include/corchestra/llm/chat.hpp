#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/json.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/base/token_usage.hpp>

namespace corchestra::llm {

enum class role : std::uint8_t { system, developer, user, assistant, tool };
std::string_view to_string(role r) noexcept;

/// The model's request to call a tool. `arguments` is JSON text as the model wrote it, valid or not.
struct tool_call {
  std::string id, name, arguments;
  friend bool operator==(const tool_call&, const tool_call&) = default;
};

struct chat_message {
  llm::role role = role::user;
  std::string content;
  std::vector<tool_call> tool_calls;  ///< of an assistant
  std::string tool_call_id;           ///< of a tool's answer
};

struct tool_definition {
  std::string name, description;
  json parameters;  ///< a JSON Schema
};

/// The shape that the answer must have. Strict schemas are the caller's duty (every property required, no extras).
struct output_schema {
  std::string name = "output";  ///< [A-Za-z0-9_-]{1,64}
  json schema;
  bool strict = true;
};

/// What a reply was billed for, by whom: all that its price depends on.
struct billed_call {
  token_usage usage;         ///< `known()` is false when the server sent none
  std::string model;         ///< as the server named it
  std::string service_tier;  ///< that it was served at: `default`, `flex`, `priority`; empty: the server did not say
};

/// How one try of a call failed.
struct failed_try {
  int status = 0;    ///< of the reply; 0: none came
  bool sent = true;  ///< the endpoint may have begun to work on it
};

struct chat_request {
  std::string model;  ///< empty: the client's default
  std::vector<chat_message> messages;
  std::optional<double> temperature;
  std::optional<std::int64_t> max_tokens;
  std::optional<std::int64_t> seed;
  std::vector<std::string> stop;
  std::vector<tool_definition> tools;
  json tool_choice;  ///< null: the server's default
  std::optional<output_schema> output;
  json extra;                       ///< further members of the request body, as they are
  std::vector<std::pair<std::string, std::string>> headers;  ///< of its HTTP requests, besides the client's own
  std::optional<duration> timeout;  ///< of the whole call with its retries; absent: the client's
  /// Awaits, for the call, the time until it may go out: to give something back meanwhile, as a task its slot. Not called
  /// when it may go out at once.
  std::function<awaitable<void>(awaitable<void>)> while_waiting;
  /// Called for each try whose reply has usage and yet is no answer (refused, filtered, empty, broken off): it is
  /// billed as well. On the caller's executor, before the next try or the call's error. Also for a call that its hedge
  /// overtook, mostly with unknown usage.
  std::function<void(const billed_call&)> on_failed_usage;
  /// Called for each try that failed, after `on_failed_usage`.
  std::function<void(const failed_try&)> on_failed_try;
  /// Awaited before every further try, not counted to the call's time; an error ends the call.
  std::function<awaitable<result<void>>()> before_retry;
};

enum class finish_reason : std::uint8_t { stop, length, tool_calls, content_filter, other };
std::string_view to_string(finish_reason r) noexcept;

/// Whether a call was asked a second time (see hedging.hpp), and if so whether that answered.
enum class hedge_outcome : std::uint8_t { none, overtaken, answered };
std::string_view to_string(hedge_outcome h) noexcept;

struct chat_response {
  chat_message message;
  llm::finish_reason finish = finish_reason::stop;
  std::string reasoning;     ///< `reasoning_content` of servers that show it
  token_usage usage;         ///< `known()` is false when the server sent none
  std::string model;         ///< as the server named it
  std::string service_tier;  ///< that it was served at, which decides the price; empty: the server did not say
  std::string request_id;
  int http_attempts = 1;
  hedge_outcome hedge = hedge_outcome::none;
  duration elapsed{};
  std::optional<duration> time_to_first_token;  ///< streaming only
};

struct chat_delta {
  std::string_view text, reasoning;
};

}  // namespace corchestra::llm
