#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <corchestra/base/json.hpp>

namespace corchestra::batch {

/// How lines become requests. Lines of OpenAI's batch format are sent as they are, but for a model that is forced.
struct request_options {
  std::string model;          ///< of lines that name none
  bool model_forced = false;  ///< it replaces the model of every line
  /// Text with `${column}`: every line is a row of columns, and this the question about it. Empty: lines say it.
  std::string prompt;
  std::string system;                      ///< goes before; may have columns as well
  std::optional<std::int64_t> max_tokens;  ///< of chats that are made here and say none
  std::string max_tokens_field = "max_tokens";
  ordered_json body;  ///< further members of the bodies that are made here; null: none
};

}  // namespace corchestra::batch
