#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <corchestra/llm/openai_client.hpp>

#include "llm/replies.hpp"
#include "net/client_fixture.hpp"

namespace corchestra::tests {

inline std::string http_reply(std::string status, std::string body,
                              std::string headers = "Content-Type: application/json\r\n") {
  return concat("HTTP/1.1 ", status, "\r\n", headers, "Content-Length: ", body.size(), "\r\n\r\n", body);
}
inline std::string json_reply(std::string body) { return http_reply("200 OK", std::move(body)); }
inline std::string chunk(std::string body) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx", body.size());
  return concat(size, "\r\n", body, "\r\n");
}
inline const std::string stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
inline std::string stream_reply(std::string events) { return stream_head + chunk(std::move(events)) + "0\r\n\r\n"; }

/// Sends until the other end closes.
inline awaitable<void> flood(raw_peer& peer, std::string bytes) {
  boost::system::error_code ec;
  while (!ec)
    co_await asio::async_write(peer.socket(), asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
}

/// What a server does once it has sent its reply.
enum class then { stay, close, reset };

/// A server that answers every request with the same bytes, unless it has a script, and what the client makes of it.
struct behaviour {
  std::string name;
  std::string reply;
  std::optional<errc> code;  ///< absent: it is an answer
  std::string message;       ///< the error's without the origin, or the answer's text; a `*` stands for anything
  int requests = 1;          ///< two: tried again, which happens once at most
  bool kept = false;         ///< the connection is there for the next call
  then after = then::stay;
  bool streamed = false;
  std::string seen;  ///< of a stream: what the caller was given, whatever came of it
  raw_server::script script;
  std::function<void(llm::openai_options&, net::http_client_options&)> limits;
};

/// The real clients and the server of a behaviour; retries come without delay.
class hostile_endpoint {
 public:
  asio::io_context context;
  llm::openai_options options;
  net::http_client_options http;
  int asked = 0;
  std::string seen;

  explicit hostile_endpoint(behaviour b)
      : what_(std::move(b)),
        server_(context, what_.script ? what_.script : [this](raw_peer& peer, int) { return answer(peer); }) {
    options.base_url = server_.base_url() + "/v1";
    options.api_key = secret("sk-0123456789abcdef");
    options.model = "m";
    options.retry.first_delay = duration::zero();
    options.retry.max_retries = 1;
    if (what_.limits) what_.limits(options, http);
  }

  raw_server& server() { return server_; }
  const std::shared_ptr<llm::chat_model>& client() {
    if (!client_) client_ = llm::make_openai_client(client_of(context, http), options).value();
    return client_;
  }
  result<llm::chat_response> call(bool streamed) {
    const auto see = [this](const llm::chat_delta& d) { seen += d.text; };
    return run(context, streamed ? client()->stream(ask(), see) : client()->complete(ask()), std::chrono::seconds(30));
  }
  std::size_t open_connections() {
    settle(context);
    return server_.open();
  }
  void forget_client() { client_.reset(); }

 private:
  awaitable<void> answer(raw_peer& peer) {
    for (;;) {
      const std::string request = co_await peer.message();
      if (request.empty()) co_return;
      ++asked;
      co_await peer.send(what_.reply);
      if (what_.after == then::reset) peer.reset();
      if (what_.after != then::stay) co_return;
    }
  }

  behaviour what_;
  raw_server server_;
  std::shared_ptr<llm::chat_model> client_;
};

inline bool like(std::string_view text, std::string_view pattern) {
  const auto star = pattern.find('*');
  if (star == pattern.npos) return text == pattern;
  return text.starts_with(pattern.substr(0, star)) && text.ends_with(pattern.substr(star + 1)) &&
         text.size() + 1 >= pattern.size();
}

/// One call against the behaviour: its outcome, how often it was asked, and that no connection leaks.
inline void check(const behaviour& b) {
  hostile_endpoint endpoint(b);
  const auto reply = endpoint.call(b.streamed);
  const std::string place = endpoint.server().base_url() + ": ";
  std::string said = reply ? reply->message.content : reply.error().message;
  if (!reply && said.starts_with(place)) said.erase(0, place.size());
  CAPTURE(said);
  CHECK((reply ? "an answer" : code_name(reply.error())) == (b.code ? to_string(*b.code) : "an answer"));
  CHECK(like(said, b.message));
  if (!b.script) CHECK(endpoint.asked == b.requests);
  if (b.streamed) {
    CAPTURE(endpoint.seen.substr(0, 200));
    CHECK(like(endpoint.seen, b.code ? b.seen : said));
  }
  CHECK(endpoint.open_connections() == (b.kept ? 1u : 0u));
  endpoint.forget_client();
  CHECK(endpoint.open_connections() == 0);
}

inline void check_each(const std::vector<behaviour>& rows) {
  for (const behaviour& b : rows) DYNAMIC_SECTION(b.name) {
      check(b);
    }
}

}  // namespace corchestra::tests
