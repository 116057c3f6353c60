#pragma once

#include "llm/dialect.hpp"

namespace corchestra::tests {

/// The shapes of error bodies.
inline refusal object_refusal(int status, std::string message, json type, json code, json param = nullptr) {
  return {status, json{{"error", {{"message", message}, {"type", type}, {"param", param}, {"code", code}}}}.dump()};
}
inline refusal numbered_refusal(int status, std::string message, std::string type, json more = json::object()) {
  json e = {{"code", status}, {"message", message}, {"type", type}};
  e.update(more);
  return {status, json{{"error", e}}.dump()};
}
inline refusal flat_refusal(int status, std::string message, std::string type) {
  return {status,
          json{{"object", "error"}, {"message", message}, {"type", type}, {"param", nullptr}, {"code", status}}.dump()};
}
inline refusal bare_refusal(int status, std::string message) { return {status, json{{"error", message}}.dump()}; }
inline refusal fastapi_refusal(std::vector<std::string> place, std::string message) {
  place.insert(place.begin(), "body");
  return {422, json{{"detail", json::array({{{"loc", place}, {"msg", message}}})}}.dump()};
}

/// OpenAI: `max_completion_tokens` only (o-series), rate limits in headers, `obfuscation` in chunks.
inline dialect openai_dialect() {
  dialect d{.name = "OpenAI", .model = "gpt-m-2026-08-07", .limit_name = "max_completion_tokens"};
  d.in_chunks = {{"obfuscation", "aW8"}, {"system_fingerprint", "fp_1"}, {"service_tier", "default"}};
  d.in_replies = {{"system_fingerprint", "fp_1"}, {"service_tier", "default"}};
  d.headers = {{"x-request-id", "req_1"},
               {"x-ratelimit-limit-requests", "6000"},
               {"x-ratelimit-remaining-requests", "5999"},
               {"x-ratelimit-reset-requests", "10ms"},
               {"x-ratelimit-limit-tokens", "150000"},
               {"x-ratelimit-remaining-tokens", "149984"},
               {"x-ratelimit-reset-tokens", "6m0s"}};
  d.refuse = [](trouble t) -> std::optional<refusal> {
    const std::string bad = "invalid_request_error";
    switch (t) {
      case trouble::wrong_key:
        return object_refusal(
            401, "Incorrect API key provided: sk-wrong. You can find your API key at https://platform.openai.com.", bad,
            "invalid_api_key");
      case trouble::unknown_model:
        return object_refusal(404, "The model `nope` does not exist or you do not have access to it.", bad,
                              "model_not_found");
      case trouble::too_long:
        return object_refusal(400, "This model's maximum context length is 8192 tokens.", bad,
                              "context_length_exceeded", "messages");
      case trouble::overloaded: {
        refusal r = object_refusal(429, "Rate limit reached for requests", "requests", "rate_limit_exceeded");
        r.headers = {{"retry-after-ms", "1"}, {"retry-after", "60"}};
        return r;
      }
      case trouble::quota:
        return object_refusal(429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota");
      case trouble::bad_parameter:
        return object_refusal(400, "Unsupported parameter: 'logit_bias'.", bad, "unsupported_parameter", "logit_bias");
      case trouble::limit_name:
        return object_refusal(400,
                              "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                              "'max_completion_tokens' instead.",
                              bad, "unsupported_parameter", "max_tokens");
      case trouble::schema:
        return object_refusal(
            400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", bad,
            nullptr, "response_format");
      default:
        return std::nullopt;
    }
  };
  return d;
}

/// vLLM: flat errors with numbers, FastAPI's findings, usage in every chunk, no rate limits: it queues.
inline dialect vllm_dialect() {
  dialect d{.name = "vLLM",
            .old_tool_choice = takes::no,
            .usage = usage_place::every_chunk,
            .reasoning = "reasoning_content",
            .call_id = "chatcmpl-tool-%",
            .finish_of_calls = "stop"};
  d.refuse = [](trouble t) -> std::optional<refusal> {
    switch (t) {
      case trouble::wrong_key:
        return bare_refusal(401, "Unauthorized");
      case trouble::unknown_model:
        return flat_refusal(404, "The model `nope` does not exist.", "NotFoundError");
      case trouble::too_long:
        return flat_refusal(400, "This model's maximum context length is 8192 tokens. However, you requested 9000.",
                            "BadRequestError");
      case trouble::bad_parameter:
        return fastapi_refusal({"logit_bias"}, "Input should be a valid dictionary");
      case trouble::schema:
        return fastapi_refusal({"response_format", "type"}, "Input should be 'text' or 'json_object'");
      case trouble::tool_choice:
        return flat_refusal(400,
                            "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set",
                            "BadRequestError");
      default:
        return std::nullopt;
    }
  };
  return d;
}

/// llama.cpp: numbers as codes, comment pings, `timings`, ids without `call_`, a named tool that is not forced. Its old
/// model has a tokeniser that its grammars cannot do.
inline dialect llama_cpp_dialect() {
  dialect d{.name = "llama.cpp",
            .old_tool_choice = takes::no,
            .old_json_object = takes::no,
            .named_choice = false,
            .reasoning = "reasoning_content",
            .call_id = "0123456789abcdefghijklmnopqrst0%",
            .beside_calls = "",
            .ping = ":\n\n",
            .closes = true};
  d.in_replies = {{"timings", {{"cache_n", 0}, {"prompt_n", 5}, {"predicted_per_second", 190.5}}},
                  {"system_fingerprint", "b11669-Debian"}};
  d.in_chunks = {{"system_fingerprint", "b11669-Debian"}};
  d.headers = {{"Keep-Alive", "timeout=5, max=100"}};
  d.refuse = [](trouble t) -> std::optional<refusal> {
    switch (t) {
      case trouble::wrong_key:
        return numbered_refusal(401, "Invalid API Key", "authentication_error");
      case trouble::unknown_model:
        return numbered_refusal(400, "model 'nope' not found", "invalid_request_error");
      case trouble::too_long:
        return numbered_refusal(400, "the request exceeds the available context size, try increasing it",
                                "exceed_context_size_error", {{"n_prompt_tokens", 9000}, {"n_ctx", 8192}});
      case trouble::overloaded:
        return numbered_refusal(503, "Loading model", "unavailable_error");
      case trouble::bad_parameter:
        return numbered_refusal(400, "\"logit_bias\" must be an object", "invalid_request_error");
      case trouble::schema:
      case trouble::tool_choice:
      case trouble::json_object:
        return numbered_refusal(400, "Failed to initialize samplers: std::exception", "invalid_request_error");
      default:
        return std::nullopt;
    }
  };
  return d;
}

/// Ollama: `max_tokens` and no `tool_choice`; its old model does not see formats. Checks no key.
inline dialect ollama_dialect() {
  dialect d{.name = "Ollama",
            .checks_key = false,
            .limit_name = "max_tokens",
            .old_schema = takes::silently_not,
            .old_tool_choice = takes::silently_not,
            .old_json_object = takes::silently_not,
            .named_choice = false,
            .reasoning = "reasoning",
            .whole_calls = true,
            .beside_calls = ""};
  d.in_replies = {{"system_fingerprint", "fp_ollama"}};
  d.in_chunks = d.in_replies;
  d.refuse = [](trouble t) -> std::optional<refusal> {
    switch (t) {
      case trouble::unknown_model:
        return object_refusal(404, "model \"nope\" not found, try pulling it first", "api_error", nullptr);
      case trouble::overloaded:
        return bare_refusal(503, "server busy, please try again. maximum pending requests exceeded");
      default:
        return std::nullopt;
    }
  };
  return d;
}

/// LM Studio: errors are a bare text, and there is no `json_object`. Checks no key.
inline dialect lm_studio_dialect() {
  dialect d{.name = "LM Studio",
            .checks_key = false,
            .old_schema = takes::silently_not,
            .old_tool_choice = takes::silently_not,
            .old_json_object = takes::no,
            .json_object = takes::no,
            .usage = usage_place::last_choice,
            .reasoning = "reasoning_content",
            .ids_in_every_piece = true,
            .call_id = "%00000000"};
  d.refuse = [](trouble t) -> std::optional<refusal> {
    switch (t) {
      case trouble::too_long:
        return bare_refusal(400, "Trying to keep the first 9000 tokens when context the overflows.");
      case trouble::bad_parameter:
        return bare_refusal(400, "'logit_bias' must be an object");
      case trouble::json_object:
        return bare_refusal(400, "'response_format.type' must be 'json_schema' or 'text'");
      default:
        return std::nullopt;
    }
  };
  return d;
}

/// Azure: the key in `api-key`, `api-version` in the query, texts as codes, a first chunk about the prompt's filter,
/// and rate limits of -1.
inline dialect azure_dialect() {
  dialect d{.name = "Azure",
            .path = "/openai/deployments/d",
            .query = "api-version=2024-10-21",
            .key_header = "api-key",
            .model = "gpt-m-2026-08-07"};
  d.prelude = json::parse(
      R"({"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]})");
  d.headers = {{"x-ratelimit-limit-requests", "-1"},
               {"x-ratelimit-remaining-requests", "-1"},
               {"x-ratelimit-remaining-tokens", "0"},
               {"apim-request-id", "a1"}};
  d.refuse = [](trouble t) -> std::optional<refusal> {
    switch (t) {
      case trouble::wrong_key:
        return object_refusal(401, "Access denied due to invalid subscription key or wrong API endpoint.", nullptr,
                              "401");
      case trouble::unknown_model:
        return object_refusal(404, "The API deployment for this resource does not exist.", nullptr,
                              "DeploymentNotFound");
      case trouble::too_long:
        return object_refusal(400, "This model's maximum context length is 8192 tokens.", "invalid_request_error",
                              "context_length_exceeded", "messages");
      case trouble::overloaded:
        return object_refusal(429, "Requests have exceeded the call rate limit of your current pricing tier.", nullptr,
                              "429");
      case trouble::filtered:
        return object_refusal(
            400, "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
            nullptr, "content_filter", "prompt");
      case trouble::bad_parameter:
        return object_refusal(400, "Unrecognized request argument supplied: logit_bias", "invalid_request_error",
                              nullptr);
      case trouble::schema:
        return object_refusal(
            400, "response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later",
            nullptr, "BadRequest");
      default:
        return std::nullopt;
    }
  };
  return d;
}

inline std::vector<dialect> all_dialects() {
  return {openai_dialect(), vllm_dialect(),      llama_cpp_dialect(),
          ollama_dialect(), lm_studio_dialect(), azure_dialect()};
}

}  // namespace corchestra::tests
