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
constexpr std::size_t max_calls = 4;

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

using functions = std::vector<const json*>;

functions offered_functions(const json& request) {
  functions out;
  if (const json* tools = member(request, "tools"); tools && tools->is_array())
    for (const json& t : *tools)
      if (t.is_object() && t.contains("function") && t["function"].is_object()) out.push_back(&t["function"]);
  return out;
}

/// Whether a tool has answered since the user last spoke.
bool tools_have_answered(const json& request) {
  const json& messages = request["messages"];
  for (auto m = messages.rbegin(); m != messages.rend() && (*m)["role"] != "user"; ++m)
    if ((*m)["role"] == "tool") return true;
  return false;
}

/// The tools to be called: the one that must be, or, left to itself, each that is offered once before it answers.
boost::system::result<functions, simulated_error> chosen_tools(const json& request, seeded_random& random) {
  const json* choice = member(request, "tool_choice");
  functions offered = offered_functions(request);
  if (!choice || *choice == "auto") {
    if (tools_have_answered(request)) return functions();
    const bool one = request.value("parallel_tool_calls", json(true)) == false;
    if (offered.size() > (one ? 1 : max_calls)) offered.resize(one ? 1 : max_calls);
    return offered;
  }
  if (*choice == "none") return functions();
  if (offered.empty()) return wrong("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice");
  if (*choice == "required") return functions{offered[random.below(offered.size())]};
  const json* function = choice->is_object() ? member(*choice, "function") : nullptr;
  const json* name = function && function->is_object() ? member(*function, "name") : nullptr;
  for (const json* f : offered)
    if (name && f->contains("name") && (*f)["name"] == *name) return functions{f};
  return wrong("Invalid 'tool_choice': no such tool.", "tool_choice");
}

llm::tool_call call_of(const json& function, std::string id, simulated_text& text, seeded_random& random) {
  const json* parameters = member(function, "parameters");
  const json* name = member(function, "name");
  return {std::move(id), name && name->is_string() ? name->get<std::string>() : "tool",
          dump_json(parameters ? sample_schema(*parameters, text, random) : json::object())};
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

std::vector<std::string> pieces_of(std::string_view text) {
  std::vector<std::string> out;
  const auto words = word_pieces(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i % words_per_chunk == 0) out.emplace_back();
    out.back() += words[i];
  }
  return out;
}

/// Cuts a text to so many words; how many it has then.
std::int64_t cut_words(std::string& text, std::int64_t most) {
  const auto pieces = word_pieces(text);
  const auto words = static_cast<std::int64_t>(pieces.size());
  if (words <= most) return words;
  std::size_t bytes = 0;
  for (std::int64_t i = 0; i < most; ++i) bytes += pieces[static_cast<std::size_t>(i)].size();
  text.resize(bytes);
  return most;
}

void cut_to_limit(simulated_reply& r, std::optional<std::int64_t> limit) {
  const std::int64_t most = limit.value_or(std::numeric_limits<std::int64_t>::max());
  std::int64_t whole = static_cast<std::int64_t>(word_pieces(r.content).size());
  for (const auto& c : r.tool_calls) whole += static_cast<std::int64_t>(word_pieces(c.arguments).size());
  r.completion_tokens = cut_words(r.content, most);
  for (auto& c : r.tool_calls) r.completion_tokens += cut_words(c.arguments, most - r.completion_tokens);
  r.finish_reason = whole > most ? "length" : r.tool_calls.empty() ? "stop" : "tool_calls";
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
  const auto tools = chosen_tools(request, random);
  if (!tools) return tools.error();

  simulated_text text(prompt, random);
  if (!tools->empty()) {
    for (const json* function : *tools)
      r.tool_calls.push_back(call_of(*function, concat("call_", hex(key), "_", r.tool_calls.size()), text, random));
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
  if (tool_calls.empty()) {
    message["content"] = content;
  } else {
    json& calls = message["tool_calls"] = json::array();
    for (const auto& c : tool_calls)
      calls.push_back(
          {{"id", c.id}, {"type", "function"}, {"function", {{"name", c.name}, {"arguments", c.arguments}}}});
  }
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

std::vector<std::string> simulated_reply::pieces() const { return pieces_of(content); }

json simulated_reply::chunk(json delta, json finish) const {
  json choice = {{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(finish)}};
  return {{"id", id},       {"object", "chat.completion.chunk"},           {"created", created},
          {"model", model}, {"choices", json::array({std::move(choice)})}, {"usage", nullptr}};
}

json simulated_reply::first_chunk() const {
  json delta = {{"role", "assistant"}, {"content", nullptr}};
  if (tool_calls.empty()) {
    delta["content"] = "";
  } else {
    json& calls = delta["tool_calls"] = json::array();
    for (const auto& c : tool_calls)
      calls.push_back({{"index", calls.size()},
                       {"id", c.id},
                       {"type", "function"},
                       {"function", {{"name", c.name}, {"arguments", ""}}}});
  }
  return chunk(std::move(delta), nullptr);
}

std::vector<json> simulated_reply::delta_chunks() const {
  std::vector<json> out;
  for (const auto& piece : pieces()) out.push_back(chunk({{"content", piece}}, nullptr));
  for (std::size_t i = 0; i < tool_calls.size(); ++i)
    for (const auto& piece : pieces_of(tool_calls[i].arguments)) {
      json call = {{"index", i}, {"function", {{"arguments", piece}}}};
      out.push_back(chunk({{"tool_calls", json::array({std::move(call)})}}, nullptr));
    }
  return out;
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
