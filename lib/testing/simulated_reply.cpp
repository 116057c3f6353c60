#include "testing/simulated_reply.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>

#include <corchestra/base/text.hpp>

#include "testing/dependency_heuristic.hpp"
#include "testing/schema_sampler.hpp"
#include "testing/words.hpp"

namespace corchestra::testing {

namespace {

constexpr std::int64_t created = 1'767'225'600;  // fixed, so that equal requests get equal replies
constexpr std::size_t words_per_chunk = 8;

simulated_error wrong(std::string message, std::string param) {
  return {400, std::move(message), "invalid_request_error", std::move(param), {}};
}

const json* member(const json& object, std::string_view key) {
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

std::string text_of(const json& message) {
  const json* content = member(message, "content");
  if (!content) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string out;
  if (content->is_array())
    for (const json& part : *content)
      if (part.is_object() && part.contains("text") && part["text"].is_string())
        out += part["text"].get_ref<const std::string&>();
  return out;
}

std::string hex(std::uint64_t n) {
  char buffer[17] = {};
  std::to_chars(buffer, buffer + 16, n, 16);
  return buffer;
}

std::optional<simulated_error> find_fault(const json& request) {
  if (!request.is_object()) return wrong("The request body must be a JSON object.", {});
  const json* model = member(request, "model");
  if (!model || !model->is_string() || *model == "") return wrong("you must provide a model parameter", "model");
  const json* messages = member(request, "messages");
  if (!messages) return wrong("Missing required parameter: 'messages'.", "messages");
  if (!messages->is_array() || messages->empty())
    return wrong("Invalid 'messages': expected a non-empty array.", "messages");
  for (std::size_t i = 0; i < messages->size(); ++i)
    if (const json& m = (*messages)[i]; !m.is_object() || !m.contains("role") || !m["role"].is_string())
      return wrong(concat("Missing required parameter: 'messages[", i, "].role'."), concat("messages[", i, "].role"));
  return std::nullopt;
}

std::optional<std::int64_t> limit_of(const json& request) {
  for (const char* name : {"max_completion_tokens", "max_tokens"})
    if (const json* v = member(request, name); v && v->is_number_integer()) return v->get<std::int64_t>();
  return std::nullopt;
}

/// The tool that must be called, if any.
boost::system::result<const json*, simulated_error> forced_tool(const json& request, seeded_random& random) {
  const json* choice = member(request, "tool_choice");
  if (!choice || *choice == "none" || *choice == "auto") return nullptr;
  std::vector<const json*> functions;
  if (const json* tools = member(request, "tools"); tools && tools->is_array())
    for (const json& t : *tools)
      if (t.is_object() && t.contains("function") && t["function"].is_object()) functions.push_back(&t["function"]);
  if (functions.empty()) return wrong("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice");
  if (*choice == "required") return functions[random.below(functions.size())];
  const json* function = choice->is_object() ? member(*choice, "function") : nullptr;
  const json* name = function && function->is_object() ? member(*function, "name") : nullptr;
  for (const json* f : functions)
    if (name && f->contains("name") && (*f)["name"] == *name) return f;
  return wrong("Invalid 'tool_choice': no such tool.", "tool_choice");
}

std::string answer_to(const json& request, std::size_t words, simulated_text& text, seeded_random& random) {
  const json* format = member(request, "response_format");
  const json* type = format && format->is_object() ? member(*format, "type") : nullptr;
  if (type && *type == "json_object") return dump_json(json{{"answer", text.paragraphs(words)}});
  if (!type || *type != "json_schema") return text.paragraphs(words);
  const json* schema = member(*format, "json_schema");
  if (!schema || !schema->is_object()) return "{}";
  if (const json* name = member(*schema, "name"); name && *name == "task_dependencies")
    for (auto m = request["messages"].rbegin(); m != request["messages"].rend(); ++m)  // a repair does not repeat them
      if (const auto tasks = read_described_tasks(text_of(*m)))
        return dump_json(to_analyzer_answer(guess_dependencies(*tasks)));
  const json* wanted = member(*schema, "schema");
  return dump_json(wanted ? sample_schema(*wanted, text, random) : json::object());
}

void cut_to_limit(simulated_reply& r, std::optional<std::int64_t> limit) {
  r.finish_reason = r.tool_name.empty() ? "stop" : "tool_calls";
  const auto pieces = word_pieces(r.content);
  r.completion_tokens = static_cast<std::int64_t>(pieces.size());
  if (!limit || r.completion_tokens <= *limit) return;
  std::size_t bytes = 0;
  for (std::int64_t i = 0; i < *limit; ++i) bytes += pieces[static_cast<std::size_t>(i)].size();
  r.content.resize(bytes);
  r.completion_tokens = *limit;
  r.finish_reason = "length";
}

}  // namespace

std::uint64_t request_key(const json& request, std::uint64_t seed) {
  json content = request;
  if (content.is_object()) {
    content.erase("stream");
    content.erase("stream_options");
  }
  return stable_hash(dump_json(content), seed * 0x9E3779B97F4A7C15ull);
}

boost::system::result<simulated_reply, simulated_error> plan_reply(const json& request,
                                                                   const simulated_model_options& options) {
  if (auto fault = find_fault(request)) return *fault;
  const std::uint64_t key = request_key(request, options.seed);
  seeded_random random(key);

  simulated_reply r;
  std::string prompt;
  for (const json& m : request["messages"]) {
    r.prompt_tokens += static_cast<std::int64_t>(count_words(text_of(m)));
    if (m["role"] == "user") prompt = text_of(m);
  }
  const auto limit = limit_of(request);
  if (limit && *limit < 1) return wrong("Invalid 'max_tokens': expected at least 1.", "max_tokens");
  const auto tool = forced_tool(request, random);
  if (!tool) return tool.error();

  simulated_text text(prompt, random);
  if (*tool) {
    r.tool_name = (*tool)->value("name", json("tool")).get<std::string>();
    r.tool_call_id = concat("call_", hex(key));
    const json* parameters = member(**tool, "parameters");
    r.content = dump_json(parameters ? sample_schema(*parameters, text, random) : json::object());
  } else {
    const std::int64_t usual = options.max_tokens, most = limit ? std::min(*limit, 2 * usual) : usual;
    const auto words = static_cast<std::size_t>(std::max<std::int64_t>(1, most));
    r.content = answer_to(request, words, text, random);
  }
  cut_to_limit(r, limit);
  r.id = concat("chatcmpl-sim-", hex(key));
  r.model = concat(request["model"].get_ref<const std::string&>(), "-simulated");
  r.streamed = request.value("stream", json(false)) == true;
  const json* stream_options = member(request, "stream_options");
  r.include_usage =
      stream_options && stream_options->is_object() && stream_options->value("include_usage", json(false)) == true;
  const double speed = options.speed > 0 ? options.speed : 1;
  const double rate = random.log_normal(options.tokens_per_second_median, options.tokens_per_second_sigma);
  r.first_token = from_seconds(random.log_normal(options.first_token_median_s, options.first_token_sigma) / speed);
  r.per_token = from_seconds(1 / (std::max(rate, 1e-3) * speed));
  return r;
}

json simulated_reply::usage() const {
  return {{"prompt_tokens", prompt_tokens},
          {"completion_tokens", completion_tokens},
          {"total_tokens", prompt_tokens + completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", 0}}},
          {"completion_tokens_details", {{"reasoning_tokens", 0}}}};
}

json simulated_reply::body() const {
  json message = {{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}};
  if (tool_name.empty())
    message["content"] = content;
  else
    message["tool_calls"] = json::array(
        {{{"id", tool_call_id}, {"type", "function"}, {"function", {{"name", tool_name}, {"arguments", content}}}}});
  json choice = {
      {"index", 0}, {"message", std::move(message)}, {"finish_reason", finish_reason}, {"logprobs", nullptr}};
  return {{"id", id},
          {"object", "chat.completion"},
          {"created", created},
          {"model", model},
          {"choices", json::array({std::move(choice)})},
          {"usage", usage()},
          {"system_fingerprint", "simulated"}};
}

std::vector<std::string> simulated_reply::pieces() const {
  std::vector<std::string> out;
  const auto words = word_pieces(content);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i % words_per_chunk == 0) out.emplace_back();
    out.back() += words[i];
  }
  return out;
}

json simulated_reply::chunk(json delta, json finish) const {
  json choice = {{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(finish)}};
  return {{"id", id},       {"object", "chat.completion.chunk"},           {"created", created},
          {"model", model}, {"choices", json::array({std::move(choice)})}, {"usage", nullptr}};
}

json simulated_reply::first_chunk() const {
  json delta = {{"role", "assistant"}, {"content", nullptr}};
  if (tool_name.empty())
    delta["content"] = "";
  else
    delta["tool_calls"] = json::array({{{"index", 0},
                                        {"id", tool_call_id},
                                        {"type", "function"},
                                        {"function", {{"name", tool_name}, {"arguments", ""}}}}});
  return chunk(std::move(delta), nullptr);
}

json simulated_reply::delta_chunk(const std::string& piece) const {
  if (tool_name.empty()) return chunk({{"content", piece}}, nullptr);
  return chunk({{"tool_calls", json::array({{{"index", 0}, {"function", {{"arguments", piece}}}}})}}, nullptr);
}

json simulated_reply::last_chunk() const { return chunk(json::object(), finish_reason); }

json simulated_reply::usage_chunk() const {
  json out = chunk(json::object(), nullptr);
  out["choices"] = json::array();
  out["usage"] = usage();
  return out;
}

json simulated_error::body() const {
  const auto or_null = [](const std::string& s) { return s.empty() ? json(nullptr) : json(s); };
  return {
      {"error", {{"message", message}, {"type", or_null(type)}, {"param", or_null(param)}, {"code", or_null(code)}}}};
}

void throw_exception_from_error(const simulated_error& e, const boost::source_location&) {
  throw std::logic_error(e.message);
}

}  // namespace corchestra::testing
