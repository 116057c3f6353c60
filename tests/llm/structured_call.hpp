#pragma once

#include <memory>
#include <string>
#include <vector>

#include <corchestra/llm/openai_client.hpp>
#include <corchestra/llm/structured_output.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/replies.hpp"
#include "llm/scripted_http_client.hpp"

namespace corchestra::tests {

/// Structured questions to a scripted endpoint through the real client.
struct structured_call {
  testing::virtual_time_context time;
  std::shared_ptr<scripted_http_client> http = std::make_shared<scripted_http_client>();
  std::shared_ptr<llm::output_capabilities> capabilities = std::make_shared<llm::output_capabilities>();
  llm::structured_output_options options;
  json schema = {{"type", "object"},
                 {"properties", {{"stars", {{"type", "integer"}}}}},
                 {"required", json::array({"stars"})},
                 {"additionalProperties", false}};
  std::vector<std::string> left;  // rungs
  int corrections = 0;

  structured_call() {
    options.endpoint = "http://h";
    options.capabilities = capabilities;
    options.on_rung_left = [this](llm::output_rung r, const error&) { left.emplace_back(to_string(r)); };
    options.on_correction = [this](const error&) { ++corrections; };
  }

  structured_call& says(std::string text) {
    http->replies(200, reply_saying(std::move(text)).dump());
    return *this;
  }
  structured_call& rejects(int status, std::string body) {
    http->replies(status, std::move(body));
    return *this;
  }

  result<llm::structured_answer> ask(llm::chat_request request = tests::ask("Rate it")) {
    llm::openai_options o;
    o.base_url = "http://127.0.0.1:8081/v1";
    o.model = "m";
    o.seed = 1;
    o.retry.max_retries = 0;
    request.model = "m";
    return time.run(llm::ask_structured(llm::make_openai_client(http, o).value(), std::move(request),
                                        json_schema::compile(schema).value(), options));
  }

  json sent(std::size_t i) const { return json::parse(http->log().at(i).request.body); }
  /// How the i-th request asked for its answer.
  std::string asked(std::size_t i) const {
    const json body = sent(i);
    if (body.contains("tool_choice")) return "tool_call";
    if (!body.contains("response_format")) return "prompt";
    if (body["response_format"]["type"] == "json_object") return "json_object";
    return body["response_format"]["json_schema"].value("strict", false) ? "strict_schema" : "schema";
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < http->log().size(); ++i) out.push_back(asked(i));
    return out;
  }
};

using rungs = std::vector<std::string>;

}  // namespace corchestra::tests
