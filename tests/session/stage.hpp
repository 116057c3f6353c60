#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <corchestra/net/http_server.hpp>
#include <corchestra/session/exit_code.hpp>
#include <corchestra/testing/simulated_model.hpp>

#include "support/run.hpp"
#include "support/show.hpp"
#include "support/temp_dir.hpp"

namespace corchestra::tests {

/// What whole sessions need: a context, a folder, settings from a made-up environment, collected log lines.
class stage {
 public:
  asio::io_context context;
  temp_dir folder;
  std::vector<std::string> log;

  corchestra::settings settings(std::map<std::string, std::string> flags = {},
                                std::map<std::string, std::string> environment = {},
                                const plan_document* plan = nullptr) {
    settings_input in;
    in.flags = std::move(flags);
    in.environment = [env = std::move(environment)](const std::string& name) -> std::optional<std::string> {
      const auto it = env.find(name);
      return it == env.end() ? std::nullopt : std::optional(it->second);
    };
    in.files_given = true;
    in.plan = plan;
    return load_settings(in).value();
  }

  plan_document plan(std::string_view yaml) {
    return parse_plan(yaml, "plan.yaml", plan_format::yaml, {}, folder.path()).value();
  }

  /// Options of a session in the folder `out`, with every log line kept.
  session_options options(std::string_view yaml, std::map<std::string, std::string> flags = {},
                          std::map<std::string, std::string> environment = {}) {
    session_options o;
    o.plan = plan(yaml);
    o.settings = settings(std::move(flags), std::move(environment), &o.plan);
    o.output_folder = folder.path() / "out";
    o.logger = logger(log_level::trace, [this](log_level, std::string_view source, std::string_view message) {
      log.push_back(std::string(source) + ": " + std::string(message));
    });
    return o;
  }

  result<session_result> run(session_options o) { return tests::run(context, run_session(std::move(o))); }

  std::string simulate(testing::simulated_model_options o = {}) {
    o.speed = 5'000;
    simulated_.emplace(testing::simulated_model::listen(context.get_executor(), std::move(o)).value());
    return simulated_->base_url();
  }
  testing::simulated_model& simulated() { return *simulated_; }

  std::string serve(net::request_handler handler) {
    server_.emplace(net::http_server::listen(context.get_executor(), std::move(handler)).value());
    return server_->base_url() + "/v1";
  }

  std::string read(std::string_view name) const { return folder.read("out/" + std::string(name)); }
  json read_json(std::string_view name) const { return json::parse(read(name)); }
  std::vector<json> read_lines(std::string_view name) const {
    std::vector<json> lines;
    const std::string text = read(name);
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      lines.push_back(json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return lines;
  }

 private:
  std::optional<testing::simulated_model> simulated_;
  std::optional<net::http_server> server_;
};

/// A chat/completions reply with this text.
inline std::string chat_reply(const std::string& text) {
  return json{
      {"id", "x"},
      {"object", "chat.completion"},
      {"model", "m"},
      {"choices", {{{"index", 0}, {"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}}},
      {"usage", {{"prompt_tokens", 3}, {"completion_tokens", 2}, {"total_tokens", 5}}}}
      .dump();
}

inline net::http_headers json_type() { return {{"Content-Type", "application/json"}}; }

/// Answers whatever it is asked.
inline awaitable<void> say_done(net::server_request, net::server_reply& reply) {
  const auto sent = co_await reply.send(200, json_type(), chat_reply("Done."));
  CHECK(sent);
}

}  // namespace corchestra::tests
