#include "llm/format_rejection.hpp"

#include <algorithm>
#include <span>
#include <string_view>

#include <corchestra/base/text.hpp>

namespace corchestra::llm {

namespace {

using words = std::span<const std::string_view>;

bool has_any(std::string_view text, words list) {
  return std::any_of(list.begin(), list.end(), [&](auto w) { return text.find(w) != std::string_view::npos; });
}

bool refuses_the_request(const error& e, std::string_view text) {
  if (e.is(errc::bad_request) || e.is(errc::not_found)) return true;
  return e.is(errc::server_error) && text.find("http 501") != std::string_view::npos;
}

// They count the schema or tools among what is too long, or name the model as it is called.
constexpr std::string_view other_causes[] = {"context length", "context_length",  "maximum context",
                                             "context window", "too many tokens", "model_not_found"};
constexpr std::string_view schema_words[] = {
    "response_format", "response format", "json_schema", "json schema", "structured output", "structured_output",
    "guided_json",     "guided decoding", "grammar",     "samplers"};  // llama.cpp: its grammar cannot do the tokeniser
constexpr std::string_view schema_complaints[] = {"invalid schema", "invalid json schema",   "schema contains",
                                                  "schema must",    "schema is invalid",     "unsupported schema",
                                                  "grammar",        "json schema conversion"};
constexpr std::string_view tool_words[] = {"tool", "function call", "function_call", "functions", "samplers"};
constexpr std::string_view object_words[] = {"response_format", "response format", "json_object", "json mode",
                                             "samplers"};

}  // namespace

format_rejection rejection_of(const error& e, output_rung rung) {
  const std::string text = to_lower(e.message);
  if (!refuses_the_request(e, text) || has_any(text, other_causes)) return format_rejection::none;
  switch (rung) {
    case output_rung::strict_schema:
    case output_rung::schema:
      if (has_any(text, schema_complaints)) return format_rejection::schema;
      if (has_any(text, schema_words)) return format_rejection::format;
      if (rung == output_rung::strict_schema && text.find("strict") != std::string::npos)
        return format_rejection::format;
      return format_rejection::none;
    case output_rung::tool_call:
      if (!has_any(text, tool_words)) return format_rejection::none;
      return has_any(text, schema_complaints) ? format_rejection::schema : format_rejection::format;
    case output_rung::json_object:
      return has_any(text, object_words) ? format_rejection::format : format_rejection::none;
    case output_rung::prompt:
      return format_rejection::none;
  }
  return format_rejection::none;
}

}  // namespace corchestra::llm
