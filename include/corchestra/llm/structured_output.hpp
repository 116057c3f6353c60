#pragma once

#include <functional>
#include <memory>
#include <string>

#include <corchestra/base/json_schema.hpp>
#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/output_capabilities.hpp>

namespace corchestra::llm {

struct structured_output_options {
  std::string name = "output";  ///< of the schema: [A-Za-z0-9_-]{1,64}
  bool describe = true;  ///< puts the schema at the end of the last message; some servers do not show it to models
  /// The first question goes without a format, for a conversation whose tools must stay in reach: the schema is in its
  /// words only, and an answer that breaks it is asked for again with the format and without the tools.
  bool free_first = false;
  std::function<result<void>(const json&)> check;      ///< beyond the schema: its error is told to the model
  std::string endpoint;                                ///< for `capabilities`: any name of the server
  std::shared_ptr<output_capabilities> capabilities;   ///< null: every call begins at the first rung
  std::function<void(const chat_response&)> on_reply;  ///< each reply, accepted or not
  std::function<void(const error&)> on_correction;     ///< before the answer is asked for once more
  std::function<void(output_rung left, const error&)> on_rung_left;  ///< the endpoint rejected it
};

struct structured_answer {
  json value;           ///< valid
  chat_response reply;  ///< that it came with
  output_rung rung = output_rung::prompt;
  bool corrected = false;  ///< asked for once more
  token_usage usage;       ///< of all replies, also of failed tries that were billed
};

/// Asks once. May add to the conversation what came before its reply (calls of tools). `formatted` is false only for
/// the first question of `free_first`.
using structured_ask = std::function<awaitable<result<chat_response>>(chat_request& request, bool formatted)>;

/// Asks for JSON that matches a schema, on the firmest rung that the endpoint supports. A rung is left, at no cost,
/// when the endpoint says that it does not support it; where the complaint is about this very schema, for this call
/// only. Answers are always validated here. One that cannot be used is asked for once more with the reason; a refusal
/// or a cut answer is not. `request` has the conversation; `output` and, but for `free_first`, `tools` are replaced.
/// Errors: those of the model (`refused`, `content_filtered`, ...), `truncated`, `schema_mismatch`.
awaitable<result<structured_answer>> ask_structured(structured_ask ask, chat_request request, json_schema schema,
                                                    structured_output_options options = {});
awaitable<result<structured_answer>> ask_structured(std::shared_ptr<chat_model> model, chat_request request,
                                                    json_schema schema, structured_output_options options = {});

}  // namespace corchestra::llm
