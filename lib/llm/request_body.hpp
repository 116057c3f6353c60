#pragma once

#include <string>

#include <corchestra/llm/chat.hpp>

namespace corchestra::llm {

struct request_format {
  std::string model;             // of requests that name none
  std::string max_tokens_field;  // `max_tokens` or `max_completion_tokens`
  bool stream = false;
  bool include_usage = false;  // sends `stream_options`
};

/// The request as JSON text for chat/completions. Errors (`invalid_argument`) name the member that is wrong.
result<std::string> request_body(const chat_request& request, const request_format& format);

}  // namespace corchestra::llm
