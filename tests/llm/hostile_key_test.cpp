#include "llm/hostile_endpoint.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;

namespace {

const std::string key = "sk-0123456789abcdef";

// No six bytes of the key in a row.
bool clean(std::string_view text) {
  for (std::size_t i = 0; i + 6 <= key.size(); ++i)
    if (text.find(key.substr(i, 6)) != text.npos) return false;
  return true;
}

std::string all_of(const result<chat_response>& r) {
  if (!r) return r.error().message;
  std::string all = concat(r->message.content, r->reasoning, r->model, r->service_tier, r->request_id);
  for (const auto& c : r->message.tool_calls) all += concat(c.id, c.name, c.arguments);
  return all;
}

}  // namespace

TEST_CASE("hostile server: the key that it echoes is in no answer, error or log line") {
  json everywhere = reply_with({{"content", "your key is " + key},
                                {"reasoning_content", key},
                                {"tool_calls", {{{"id", key}, {"function", {{"name", key}, {"arguments", key}}}}}}});
  everywhere["model"] = everywhere["id"] = everywhere["service_tier"] = key;
  const std::string headers = "Content-Type: application/json\r\nx-request-id: " + key + "\r\n";
  // So that the place where a message is cut lies within the key.
  const auto cut_at = [](std::size_t size) { return std::string(size, '.') + key + std::string(600, '.'); };
  struct row {
    std::string name, reply;
    bool streamed = false;
    then after = then::stay;
  };
  std::vector<row> rows = {
      {"an answer", http_reply("200 OK", everywhere.dump(), headers)},
      {"a refusal", http_reply("200 OK", reply_with({{"refusal", cut_at(290)}}).dump())},
      {"an error",
       http_reply("401 No", R"({"error":{"message":"bad )" + key + R"(","code":")" + key + "\"}}", headers)},
      {"an error in text", http_reply("401 No", "bad " + key, "Content-Type: text/plain\r\n")},
      {"an error in HTML", http_reply("401 No", "<title>" + cut_at(60) + "</title>", "Content-Type: text/html\r\n")},
      {"a redirect", http_reply("302 No", "", "Location: http://h/" + cut_at(60) + "\r\n")},
      {"an error in a 200", json_reply(json({{"error", cut_at(485)}}).dump())},
      {"no JSON", json_reply("{\"a\": " + key + "}")},
      {"no JSON, cut", json_reply("{\"a\": \"" + cut_at(280) + "\x01\"}")},
      {"a stream", stream_reply(sse_text(key) + sse_end), true},
      {"reasoning", stream_reply(sse(delta({{"reasoning_content", key}})) + sse_text("b") + sse_end), true},
      {"a refusal in a stream", stream_reply(sse(delta({{"refusal", cut_at(290)}})) + sse_end), true},
      {"an error in a stream", stream_reply(sse_text("a") + sse({{"error", cut_at(485)}})), true},
      {"nonsense in a stream", stream_reply(sse_text("a") + "data: {\"a\": \"" + cut_at(280) + "\x01\"}\n\n"), true},
      {"a stream that is cut", stream_head + chunk(sse_text(key + std::string(30, '.'))), true, then::close},
      {"a stream that is cut within it", stream_head + chunk(sse_text(key.substr(0, 12))), true, then::close},
      {"a stream that ends within it", stream_reply(sse_text(key.substr(0, 12))), true},
      {"an answer that did not stream", json_reply(everywhere.dump()), true},
  };
  for (std::size_t size = 460; size < 500; size += 3)
    rows.push_back({concat("an error, cut at ", size),
                    http_reply("400 No", json({{"error", {{"message", cut_at(size)}}}}).dump())});
  for (const row& r : rows) {
    DYNAMIC_SECTION(r.name) {
      std::string log, retried;
      hostile_endpoint e({.reply = r.reply, .after = r.after});
      e.options.logger = logger(log_level::trace, [&](log_level, std::string_view, std::string_view m) { log += m; });
      e.options.on_retry = [&](int, const error& why, duration) { retried += why.message; };
      const auto reply = e.call(r.streamed);
      CAPTURE(all_of(reply), e.seen, log);
      CHECK(clean(all_of(reply)));
      CHECK(clean(e.seen));
      CHECK(clean(log));
      CHECK(clean(retried));
    }
  }
}

TEST_CASE("hostile server: the key is found however it is split over the deltas, and the rest comes through") {
  for (std::size_t first = 1; first < key.size(); ++first) {
    for (const std::size_t second : {first + 1, key.size() - 1}) {
      if (second <= first || second >= key.size()) continue;
      CAPTURE(first, second);
      const std::string events = sse_text("a s sk" + key.substr(0, first)) +
                                 sse_text(key.substr(first, second - first)) + sse_text(key.substr(second) + "b sk-");
      hostile_endpoint e({.reply = stream_reply(events + sse_end)});
      const auto reply = e.call(true);
      REQUIRE(reply);
      CHECK(reply->message.content == "a s sk[redacted]b sk-");
      CHECK(e.seen == "a s sk[redacted]b sk-");
    }
  }
}

TEST_CASE("hostile server: the key is in no reply of the raw endpoint either") {
  for (const bool refused : {true, false}) {
    for (std::size_t size = 460; size < 500; size += 3) {
      const std::string body = json{{"error", std::string(size, '.') + key + std::string(100, '.')}}.dump();
      hostile_endpoint e({.reply = http_reply(refused ? "400 No" : "200 OK", body, "x-request-id: " + key + "\r\n")});
      const auto both = make_openai_endpoint(client_of(e.context, e.http), e.options).value();
      api_request request;
      request.path = "embeddings";
      request.body = "{}";
      const auto reply = run(e.context, both.api->post(request));
      REQUIRE(reply.failure);
      CHECK(clean(reply.failure->message));
      CHECK(clean(reply.body));
      CHECK(clean(reply.request_id));
    }
  }
}
