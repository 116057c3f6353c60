#include "batch/request_line.hpp"

#include <corchestra/base/text.hpp>

#include "batch/body_facts.hpp"
#include "batch/json_members.hpp"
#include "llm/json_scanner.hpp"

namespace corchestra::batch {

namespace {

constexpr std::string_view chat_path = "chat/completions";

// What parse_json says of one line, whose number is known better by the caller.
error bad_json(std::string_view text) {
  const auto parsed = parse_json(text);
  std::string message = parsed ? std::string("it is not JSON") : parsed.error().message;
  constexpr std::string_view first = "line 1, ";
  if (message.starts_with(first)) message.erase(0, first.size());
  return fail(errc::invalid_json, std::move(message));
}

bool is_json(std::string_view text) {
  llm::json_scanner in(text);
  return (in.skip() && in.at_end()) || json::accept(text);
}

result<void> read_id(std::string_view raw, std::string& id) {
  if (!read_string(raw, id)) return wrong(concat("custom_id: expected a text, got ", one_line(raw, 40)));
  if (id.empty()) return wrong("custom_id: it is empty");
  constexpr std::size_t longest = 512;
  if (id.size() > longest) return wrong(concat("custom_id: longer than ", longest, " bytes"));
  return {};
}

result<void> read_path(std::string_view raw, request_line& line) {
  if (raw == line.url) return {};
  line.url.clear();
  std::string& to = line.path;
  if (!read_string(raw, to))
    return wrong(concat("url: expected a text such as '/v1/chat/completions', got ", one_line(raw, 40)));
  std::string_view path = to;
  if (path.starts_with("/v1/")) {
    path.remove_prefix(4);
  } else if (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  bool fine = !path.empty();
  char before = '/';
  for (const char c : path) {
    fine = fine && (plain(c) || ((c == '/' || c == '.') && c != before));
    before = c;
  }
  if (!fine) return wrong(concat("url: expected a path such as '/v1/chat/completions', got ", quote(to)));
  to.erase(0, to.size() - path.size());
  line.url = raw;
  return {};
}

void set_path(request_line& line, std::string_view path) {
  line.path = path;
  line.url.clear();
}

std::string generated_id(const record& r) { return concat("request-", r.line); }

// `custom_id`, else `id`, which is no member of a request's body.
result<void> take_id(ordered_json& line, request_line& to) {
  for (const char* name : {"custom_id", "id"}) {
    const auto id = line.find(name);
    if (id == line.end()) continue;
    const std::string own = id->is_string() ? dump_json(*id) : dump_json(ordered_json(dump_json(*id)));
    if (auto read = read_id(own, to.custom_id); read.has_error()) return read;
    line.erase(id);
    break;
  }
  return {};
}

}  // namespace

error wrong(std::string message) { return fail(errc::invalid_argument, std::move(message)); }

std::optional<std::int64_t> request_line::answer_tokens() const noexcept {
  constexpr std::int64_t most = 1'000'000'000'000;  // so that sums of any file fit
  if (!max_tokens) return std::nullopt;
  return *max_tokens > most / answers ? most : *max_tokens * answers;
}

bool asks_for_text(std::string_view path) noexcept {
  return path == chat_path || path == "completions" || path == "responses";
}

result<request_maker> request_maker::create(request_options options) {
  request_maker m;
  for (auto [text, to, name] :
       {std::tuple{&options.prompt, &m.prompt_, "--prompt"}, std::tuple{&options.system, &m.system_, "--system"}}) {
    if (text->empty()) continue;
    auto parsed = row_template::parse(*text);
    if (!parsed) return in_place(parsed.error(), name);
    *to = std::move(*parsed);
  }
  if (!options.body.is_null() && !options.body.is_object())
    return wrong(concat("--body: expected a JSON object, got ", options.body.type_name()));
  for (const char* name : {"messages", "model", "stream"}) {
    if (options.body.is_object() && options.body.contains(name))
      return wrong(concat("--body: ", quote(name), " cannot be set there"));
  }
  m.options_ = std::move(options);
  return m;
}

result<void> request_maker::make(request_line& to, const record& r, bool checked) const {
  if (r.row) {
    if (!prompt_) return wrong("a file of columns needs a prompt: --prompt 'Translate: ${text}'");
    return templated(to, r, *r.row);
  }
  batch_line members;
  if (!prompt_ && members.read(r.text)) {
    if (!members.body.empty()) return pass_on(to, r, members);
  } else {
    if (!checked && !is_json(r.text)) return bad_json(r.text);
    const std::string_view start = trim(r.text);
    if (start.empty() || start.front() != '{')
      return wrong(concat("expected a JSON object, got ", one_line(start, 40)));
    if (!prompt_) members.read_valid(r.text);
    if (!members.body.empty()) return pass_on(to, r, members);
  }
  auto line = ordered_json::parse(r.text, nullptr, false);
  return prompt_ ? templated(to, r, line) : chat(to, r, std::move(line));
}

result<void> request_maker::pass_on(request_line& to, const record& r, const batch_line& members) const {
  const auto& [id, method, url, body, unknown, facts] = members;
  if (unknown) return wrong(concat("unknown member ", quote(*unknown), "; known: body, custom_id, method, url"));
  if (body.front() != '{') return wrong(concat("body: expected an object, got ", one_line(body, 40)));
  if (!method.empty() && method != "\"POST\"")
    return wrong(concat("method: expected \"POST\", got ", one_line(method, 40)));
  if (url.empty()) return wrong("url is missing: such as \"/v1/chat/completions\"");
  to.index = r.index;
  if (id.empty()) {
    to.custom_id = generated_id(r);
  } else if (auto read = read_id(id, to.custom_id); read.has_error()) {
    return read;
  }
  if (auto read = read_path(url, to); read.has_error()) return read;
  to.body = body;
  if (auto seen = facts.put_in(to); seen.has_error()) return seen;
  const bool replaced = options_.model_forced && to.model != options_.model;
  if (!to.model.empty() && !replaced) return {};
  if (options_.model.empty()) return wrong("body.model is missing: name it there, or by --model");
  auto whole = ordered_json::parse(to.body, nullptr, false);
  whole["model"] = options_.model;
  return finish(to, std::move(whole));
}

result<void> request_maker::chat(request_line& to, const record& r, ordered_json line) const {
  to.index = r.index;
  set_path(to, chat_path);
  to.body.clear();
  to.custom_id = generated_id(r);
  if (auto own = take_id(line, to); own.has_error()) return own;
  if (line.contains("messages")) {
    if (!line["messages"].is_array() || line["messages"].empty())
      return wrong("messages: expected an array with at least one message");
    for (const char* other : {"prompt", "system"})
      if (line.contains(other)) return wrong(concat(quote(other), " and 'messages' cannot be given together"));
    return finish(to, std::move(line));
  }
  const auto prompt = line.find("prompt");
  if (prompt == line.end())
    return wrong("expected 'body' (OpenAI's batch format), 'messages' or 'prompt'; for rows of columns give --prompt");
  if (!prompt->is_string()) return wrong(concat("prompt: expected a text, got ", prompt->type_name()));
  ordered_json messages = ordered_json::array();
  std::string system = options_.system;
  if (const auto own = line.find("system"); own != line.end()) {
    if (!own->is_string()) return wrong(concat("system: expected a text, got ", own->type_name()));
    system = own->get<std::string>();
  }
  if (!system.empty()) messages.push_back({{"role", "system"}, {"content", std::move(system)}});
  messages.push_back({{"role", "user"}, {"content", *prompt}});
  ordered_json body = {{"messages", std::move(messages)}};
  for (const auto& [name, value] : line.items())
    if (name != "prompt" && name != "system") body[name] = value;
  return finish(to, std::move(body));
}

result<void> request_maker::templated(request_line& to, const record& r, const ordered_json& row) const {
  if (!row.is_object()) return wrong(concat("expected an object of columns, got ", row.type_name()));
  to.index = r.index;
  set_path(to, chat_path);
  to.body.clear();
  to.custom_id = generated_id(r);
  ordered_json ids = row;
  if (auto own = take_id(ids, to); own.has_error()) return own;
  ordered_json messages = ordered_json::array();
  if (system_) {
    auto text = system_->fill(row);
    if (!text) return in_place(text.error(), "--system");
    messages.push_back({{"role", "system"}, {"content", std::move(*text)}});
  }
  auto text = prompt_->fill(row);
  if (!text) return in_place(text.error(), "--prompt");
  messages.push_back({{"role", "user"}, {"content", std::move(*text)}});
  return finish(to, {{"messages", std::move(messages)}});
}

// The model first, as people look for it; then the options that the line does not set itself.
result<void> request_maker::finish(request_line& to, ordered_json body) const {
  const bool forced = options_.model_forced && !options_.model.empty();
  ordered_json out = {{"model", forced || !body.contains("model") ? ordered_json(options_.model) : body["model"]}};
  if (out["model"] == "") return wrong("no model is named: give --model, or 'model' in the line");
  for (const auto& [name, value] : body.items())
    if (name != "model") out[name] = value;
  if (to.body.empty()) {  // made here, not passed on
    if (options_.body.is_object()) {
      for (const auto& [name, value] : options_.body.items())
        if (!out.contains(name)) out[name] = value;
    }
    const bool limited = out.contains("max_tokens") || out.contains("max_completion_tokens");
    if (options_.max_tokens && !limited) out[options_.max_tokens_field] = *options_.max_tokens;
  }
  to.body = dump_json(out);
  return facts_of(to.body).put_in(to);
}

}  // namespace corchestra::batch
