#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <corchestra/async/sleep.hpp>
#include <corchestra/base/json.hpp>
#include <corchestra/llm/api_client.hpp>

namespace corchestra::tests {

/// A reply with usage, whose text is `text`.
inline llm::api_reply answered(std::string_view text, std::int64_t in = 3, std::int64_t out = 2) {
  llm::api_reply r;
  r.status = 200;
  const json usage = {{"prompt_tokens", in}, {"completion_tokens", out}};
  r.body = json{{"answer", text}, {"model", "m"}, {"usage", usage}}.dump();
  r.billed = {{.prompt_tokens = in, .completion_tokens = out, .calls = 1}, "m", {}};
  r.http_attempts = 1;
  return r;
}

/// One that the server sent no usage with.
inline llm::api_reply answered_without_usage(std::string_view text) {
  llm::api_reply r = answered(text);
  r.body = json{{"answer", text}}.dump();
  r.billed = {};
  return r;
}

inline llm::api_reply failed(int status, errc code, std::string message) {
  llm::api_reply r;
  r.status = status;
  r.body = status == 0 ? "" : R"({"error":{"message":"no"}})";
  r.failure = fail(code, std::move(message));
  return r;
}

/// An endpoint without sockets: answers with what a function says, after as long as it says, and remembers what it was
/// asked. A request is known by the text of its last message.
class scripted_api : public llm::api_client {
 public:
  std::function<llm::api_reply(const std::string& id, int times)> answer = [](const std::string& id, int) {
    return answered(id);
  };
  std::function<duration(const std::string& id)> takes = [](const std::string&) { return std::chrono::seconds(1); };
  /// Before each answer: tries that fail. Asked as before a retry, after which the next try takes as long.
  std::function<int(const std::string& id)> failing_tries = [](const std::string&) { return 0; };
  std::function<void(const std::string& id)> on_sent = [](const std::string&) {};

  std::vector<std::string> sent;
  std::map<std::string, int> times;
  std::size_t in_flight = 0, most_in_flight = 0;
  std::vector<llm::api_request> requests;

  awaitable<llm::api_reply> post(llm::api_request request) override {
    const json body = json::parse(request.body);
    const std::string id = body["messages"].back()["content"].get<std::string>();
    requests.push_back(request);
    struct counter {
      std::size_t& n;
      ~counter() { --n; }
    } const here{in_flight};
    most_in_flight = std::max(most_in_flight, ++in_flight);
    for (int left = failing_tries(id);; --left) {
      sent.push_back(id);
      ++times[id];
      on_sent(id);
      co_await sleep_for(takes(id));
      if (left == 0) co_return answer(id, times[id]);
      error why = fail(errc::server_error, "overloaded");
      if (const auto stop = request.before_retry(503, why, {})) {
        llm::api_reply r = failed(503, errc::server_error, "overloaded");
        r.failure = *stop;
        co_return r;
      }
      co_await request.while_waiting(back_off());
    }
  }
  std::optional<llm::limiter_status> limits(const std::string&, time_point) const override { return std::nullopt; }

 private:
  static awaitable<void> back_off() { co_await sleep_for(std::chrono::seconds(5)); }
};

}  // namespace corchestra::tests
