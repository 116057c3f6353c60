#pragma once

#include <map>
#include <memory>

#include <corchestra/base/text.hpp>
#include <corchestra/net/http_server.hpp>

#include "llm/dialects.hpp"
#include "support/gate.hpp"

namespace corchestra::tests {

/// Says what goes wrong: a request for model `nope`, or one whose last message is one of these.
inline const std::map<std::string, trouble, std::less<>> troubles_by_words = {
    {"too long", trouble::too_long}, {"quota", trouble::quota}, {"a filtered prompt", trouble::filtered}};

/// A server that imitates a dialect over HTTP. It says "Hello there."; to `Think` with reasoning before; to `On and on`
/// it streams until the client goes away; to `Break` it stops a stream with an error inside. It is busy for the first
/// request of `Busy`. Offered tools it calls the first two at once, and then says what they gave. What asks for JSON
/// gets
/// `{"stars": 4}`; by words alone, in a fence.
class dialect_server {
 public:
  dialect_server(any_io_executor executor, dialect d)
      : dialect_(std::move(d)),
        server_(net::http_server::listen(executor, [this](net::server_request request, net::server_reply& reply) {
                  return serve(std::move(request), reply);
                }).value()) {}

  const dialect& of() const { return dialect_; }
  std::string base_url() const {
    return concat(server_.base_url(), dialect_.path, dialect_.query.empty() ? "" : "?", dialect_.query);
  }
  std::size_t open() const { return server_.open_connections(); }
  const std::vector<json>& requests() const { return requests_; }
  int gone = 0;  ///< clients that left a stream

 private:
  // A reply in the making; raw where the connection ends with it, as the server has no say in that otherwise.
  struct writer {
    net::server_reply& reply;
    bool raw, started = false;

    awaitable<void> head(int status, net::http_headers headers) {
      started = true;
      if (!raw) {
        co_await reply.start(status, std::move(headers));
        co_return;
      }
      std::string text = concat("HTTP/1.1 ", status, " OK\r\n");
      for (const auto& [name, value] : headers) text += concat(name, ": ", value, "\r\n");
      co_await reply.write_raw(text + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    awaitable<bool> piece(std::string text) {
      result<void> sent;
      if (!raw) {
        sent = co_await reply.write(std::move(text));
      } else {
        char size[20];
        std::snprintf(size, sizeof size, "%zx", text.size());
        sent = co_await reply.write_raw(concat(size, "\r\n", text, "\r\n"));
      }
      co_return sent.has_value();
    }
    awaitable<void> end() {
      if (raw)
        co_await reply.write_raw("0\r\n\r\n");
      else
        co_await reply.finish();
    }
  };

  struct answer {
    std::string text, reasoning;
    json calls = json::array();
  };

  std::optional<refusal> refused(const net::server_request& http, const json& body, const std::string& asked) {
    const auto refuse = [this](trouble t) { return dialect_.refuse(t); };
    const std::string_view key = http.headers.get(dialect_.key_header.empty() ? "authorization" : dialect_.key_header);
    if (dialect_.checks_key && key != (dialect_.key_header.empty() ? "Bearer sk-right" : "sk-right"))
      return refuse(trouble::wrong_key);
    if (body["model"] == "nope") return refuse(trouble::unknown_model);
    if (const auto t = troubles_by_words.find(asked); t != troubles_by_words.end()) return refuse(t->second);
    if (asked == "Busy" && requests_.size() == 1) return refuse(trouble::overloaded);
    if (body.contains("logit_bias"))
      if (auto r = refuse(trouble::bad_parameter)) return r;
    for (const char* name : {"max_tokens", "max_completion_tokens"})
      if (body.contains(name) && !dialect_.limit_name.empty() && dialect_.limit_name != name)
        if (auto r = refuse(trouble::limit_name)) return r;
    const bool old = body["model"] == "old";
    const std::string format = format_of(body);
    if (format == "json_schema" && old && dialect_.old_schema == takes::no) return refuse(trouble::schema);
    if (format == "json_object" && (old ? dialect_.old_json_object : dialect_.json_object) == takes::no)
      return refuse(trouble::json_object);
    if (body.contains("tool_choice") && old && dialect_.old_tool_choice == takes::no)
      return refuse(trouble::tool_choice);
    return std::nullopt;
  }

  static std::string format_of(const json& body) {
    return body.contains("response_format") ? body["response_format"].value("type", "") : "";
  }

  json call(int number, const json& tool, const json& arguments) const {
    std::string id = dialect_.call_id;
    id.replace(id.find('%'), 1, std::to_string(number));
    return {{"id", id},
            {"type", "function"},
            {"function", {{"name", tool["function"]["name"]}, {"arguments", arguments.dump()}}}};
  }

  answer answer_to(const json& body, const std::string& asked) const {
    const bool old = body["model"] == "old";
    const json stars = {{"stars", 4}};
    if (body["messages"].back()["role"] == "tool") {
      answer a{.text = "They gave"};
      for (const auto& m : body["messages"])
        if (m["role"] == "tool")
          a.text += concat(' ', m["tool_call_id"].get<std::string>(), '=', m["content"].get<std::string>());
      return a;
    }
    answer a;
    if (body.contains("tools")) {
      const bool named = body.contains("tool_choice") && body["tool_choice"].is_object();
      const takes choice = old ? dialect_.old_tool_choice : takes::it;
      if (named && dialect_.named_choice && choice == takes::it) {
        a.calls.push_back(call(1, body["tools"][0], stars));
        return a;
      }
      if (!named) {
        for (int i = 0; i < 2; ++i) a.calls.push_back(call(i + 1, body["tools"][i], {{"n", i + 1}}));
        return a;
      }
    }
    const bool described = asked.find("JSON Schema") != asked.npos;
    const bool corrected = asked.starts_with("Your answer cannot be used");
    const std::string format = format_of(body);
    const takes heeded = !old ? takes::it : format == "json_schema" ? dialect_.old_schema : dialect_.old_json_object;
    if (!format.empty() && heeded == takes::it) {
      a.text = stars.dump();
    } else if (corrected || (described && format.empty())) {
      a.text = concat("```json\n", stars.dump(), "\n```");
    } else {
      a.text = described ? "Four stars, I would say." : "Hello there.";
    }
    if (asked == "Think" && !dialect_.reasoning.empty()) a.reasoning = "They greet me.";
    return a;
  }

  json usage() const {
    return {{"prompt_tokens", 7},
            {"completion_tokens", 3},
            {"total_tokens", 10},
            {"prompt_tokens_details", {{"cached_tokens", 2}}}};
  }
  std::string finish_of(const answer& a) const { return a.calls.empty() ? "stop" : dialect_.finish_of_calls; }

  json whole(const answer& a) const {
    json message = {{"role", "assistant"}, {"content", a.calls.empty() ? json(a.text) : dialect_.beside_calls}};
    if (!a.reasoning.empty()) message[dialect_.reasoning] = a.reasoning;
    if (!a.calls.empty()) message["tool_calls"] = a.calls;
    json reply = {{"id", "chatcmpl-1"},
                  {"object", "chat.completion"},
                  {"created", 1},
                  {"model", dialect_.model},
                  {"choices", json::array({{{"index", 0}, {"message", message}, {"finish_reason", finish_of(a)}}})},
                  {"usage", usage()}};
    reply.update(dialect_.in_replies);
    return reply;
  }

  // One chunk as an event.
  std::string chunk(json delta, json finish = nullptr) const {
    return event(json::array({{{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", finish}}}),
                 dialect_.usage == usage_place::every_chunk ||
                     (dialect_.usage == usage_place::last_choice && !finish.is_null()));
  }
  std::string event(json choices, bool with_usage) const {
    json out = {
        {"id", "chatcmpl-1"},      {"object", "chat.completion.chunk"}, {"created", 1},
        {"model", dialect_.model}, {"choices", std::move(choices)},     {"usage", with_usage ? usage() : json()}};
    out.update(dialect_.in_chunks);
    return concat("data: ", out.dump(), "\n\n");
  }

  std::vector<std::string> pieces(const answer& a) const {
    std::vector<std::string> out;
    if (!dialect_.ping.empty()) out.push_back(dialect_.ping);
    if (dialect_.prelude) out.push_back(concat("data: ", dialect_.prelude->dump(), "\n\n"));
    out.push_back(chunk({{"role", "assistant"}, {"content", nullptr}}));
    for (const char c : a.reasoning) out.push_back(chunk({{dialect_.reasoning, std::string(1, c)}}));
    for (const char c : a.text) out.push_back(chunk({{"content", std::string(1, c)}}));
    for (std::size_t i = 0; i < a.calls.size(); ++i) {
      json first = a.calls[i];
      first["index"] = i;
      if (dialect_.whole_calls) {
        out.push_back(chunk({{"tool_calls", json::array({first})}}));
        continue;
      }
      const std::string arguments = first["function"]["arguments"];
      first["function"]["arguments"] = "";
      out.push_back(chunk({{"tool_calls", json::array({first})}}));
      for (const char c : arguments) {
        json next = {{"index", i}, {"function", {{"arguments", std::string(1, c)}}}};
        if (dialect_.ids_in_every_piece) next["id"] = first["id"];
        out.push_back(chunk({{"tool_calls", json::array({next})}}));
      }
    }
    out.push_back(chunk(json::object(), finish_of(a)));
    return out;
  }

  awaitable<void> serve(net::server_request http, net::server_reply& reply) {
    writer out{reply, dialect_.closes};
    const json body = json::parse(http.body, nullptr, false);
    if (http.path != dialect_.path + "/chat/completions" || http.query != dialect_.query || !body.is_object()) {
      co_await reply.send(404, {}, "");
      co_return;
    }
    requests_.push_back(body);
    const json& last = body["messages"].back();
    const std::string asked = last["content"].is_string() ? last["content"].get<std::string>() : "";
    if (auto no = refused(http, body, asked)) {
      no->headers.add("Content-Type", "application/json");
      co_await out.head(no->status, std::move(no->headers));
      co_await out.piece(std::move(no->body));
      co_await out.end();
      co_return;
    }
    net::http_headers headers = dialect_.headers;
    const bool streamed = body.value("stream", false);
    headers.add("Content-Type", streamed ? "text/event-stream" : "application/json");
    co_await out.head(200, std::move(headers));
    const answer a = answer_to(body, asked);
    if (!streamed) {
      co_await out.piece(whole(a).dump());
      co_await out.end();
      co_return;
    }
    if (asked == "On and on") {
      const left_early left{gone};
      for (;;) {
        const bool there = co_await out.piece(chunk({{"content", "more "}}));
        if (!there) co_return;
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      }
    }
    for (const std::string& piece : pieces(a)) {
      co_await out.piece(piece);
      if (asked == "Break" && piece.find("\"H\"") != piece.npos) {
        const auto why = numbered_refusal(500, "out of memory", "server_error");
        co_await out.piece(concat("data: ", why.body, "\n\n"));
        co_await out.end();
        co_return;
      }
    }
    const bool wanted = body.contains("stream_options") && body["stream_options"].value("include_usage", false);
    if (wanted && dialect_.usage == usage_place::own_chunk) co_await out.piece(event(json::array(), true));
    co_await out.piece("data: [DONE]\n\n");
    co_await out.end();
  }

  // Counts a client that went away, however its coroutine is ended.
  struct left_early {
    int& count;
    ~left_early() { ++count; }
  };

  dialect dialect_;
  std::vector<json> requests_;
  net::http_server server_;
};

}  // namespace corchestra::tests
