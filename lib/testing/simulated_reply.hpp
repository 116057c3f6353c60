#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <corchestra/base/json.hpp>
#include <corchestra/base/time.hpp>
#include <corchestra/llm/chat.hpp>
#include <corchestra/testing/simulated_model.hpp>

namespace corchestra::testing {

/// What the simulated model is going to say, and how long it takes. Pure: seed and request fix all of it.
struct simulated_reply {
  std::string id, model, content, finish_reason;
  std::vector<llm::tool_call> tool_calls;  // instead of content
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
  duration first_token{}, per_token{};
  bool streamed = false, include_usage = false;

  json body() const;
  /// The pieces of `content` as a stream sends them.
  std::vector<std::string> pieces() const;
  json first_chunk() const;
  std::vector<json> delta_chunks() const;
  json last_chunk() const;
  json usage_chunk() const;

 private:
  json chunk(json delta, json finish) const;
  json usage() const;
};

/// An error reply in OpenAI's shape.
struct simulated_error {
  int status = 400;
  std::string message, type, param, code;
  json body() const;
};

/// Identifies a request by its content, streamed or not.
std::uint64_t request_key(const json& request, std::uint64_t seed);

/// Error: `bad_request`, with the parameter that is wrong.
boost::system::result<simulated_reply, simulated_error> plan_reply(const json& request,
                                                                   const simulated_model_options& options);

[[noreturn]] void throw_exception_from_error(const simulated_error& e, const boost::source_location& where);

}  // namespace corchestra::testing
