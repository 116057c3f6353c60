#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/llm/openai_client.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/replies.hpp"
#include "llm/scripted_http_client.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

const std::string secret_key = "sk-secret-0123456789";

struct client_fixture {
  testing::virtual_time_context time;
  std::shared_ptr<scripted_http_client> http = std::make_shared<scripted_http_client>();
  openai_options options;
  std::string log;
  std::string seen;

  client_fixture() {
    options.base_url = "http://127.0.0.1:8081/v1";
    options.api_key = secret(secret_key);
    options.model = "m";
    options.seed = 42;
    options.logger = logger(log_level::trace, [this](log_level, std::string_view, std::string_view m) { log += m; });
  }
  std::shared_ptr<chat_model> client() { return make_openai_client(http, options).value(); }
  result<chat_response> complete(chat_request r = ask()) { return time.run(client()->complete(std::move(r))); }
  result<chat_response> stream(chat_request r = ask()) {
    return time.run(client()->stream(std::move(r), [this](const chat_delta& d) { seen += d.text; }));
  }
  json sent(std::size_t i) const { return json::parse(http->log().at(i).request.body); }
};

error lost() { return fail(errc::connection_lost, "http://127.0.0.1:8081: the connection was reset"); }
const std::string overloaded = R"({"error":{"message":"busy","type":"server_error"}})";

}  // namespace

TEST_CASE("a call posts below the base URL's path, with the key as bearer token") {
  client_fixture f;
  f.options.base_url = "https://gateway.example/openai/deployments/x/?api-version=2";
  f.options.organization = "org";
  f.options.project = "proj";
  f.http->replies(200, reply_saying("Hi.").dump(), {{"x-request-id", "req_7"}}, 3s);
  const auto r = f.complete();
  REQUIRE(r);
  CHECK(r->message.content == "Hi.");
  CHECK(r->request_id == "req_7");
  CHECK(r->http_attempts == 1);
  CHECK(r->elapsed == 3s);
  CHECK_FALSE(r->time_to_first_token);
  const auto& q = f.http->log().at(0).request;
  CHECK(q.method == "POST");
  CHECK(q.target.to_string().ends_with("/openai/deployments/x/chat/completions?api-version=2"));
  CHECK(q.headers.get("authorization") == "Bearer " + secret_key);
  CHECK(q.headers.get("content-type") == "application/json");
  CHECK(q.headers.get("openai-organization") == "org");
  CHECK(q.headers.get("openai-project") == "proj");
  CHECK(q.timeout == 600s);
  CHECK(f.sent(0)["model"] == "m");
}

TEST_CASE("Azure gets its key as api-key, and a gateway in the header that it wants") {
  for (const auto& [base, header] : {std::pair("https://x.openai.azure.com/openai/deployments/d?api-version=1", ""),
                                     std::pair("http://127.0.0.1/v1", "X-Gateway-Key")}) {
    client_fixture f;
    f.options.base_url = base;
    f.options.key_header = header;
    f.http->replies(200, reply_saying("Hi.").dump());
    CHECK(f.complete());
    const auto& q = f.http->log().at(0).request;
    CHECK(q.headers.get(*header == '\0' ? "api-key" : header) == secret_key);
    CHECK_FALSE(q.headers.has("authorization"));
  }
}

TEST_CASE("a local server without a key gets no Authorization") {
  client_fixture f;
  f.options.api_key = secret();
  f.http->replies(200, reply_saying("Hi.").dump());
  CHECK(f.complete());
  CHECK_FALSE(f.http->log().at(0).request.headers.has("authorization"));
}

TEST_CASE("the cap on tokens has the name that the endpoint knows") {
  const auto name = [](std::string base_url, std::string field) {
    client_fixture f;
    f.options.base_url = std::move(base_url);
    f.options.max_tokens_field = std::move(field);
    f.http->replies(200, reply_saying("Hi.").dump());
    chat_request r = ask();
    r.max_tokens = 5;
    CHECK(f.complete(r));
    return f.sent(0).contains("max_tokens") ? "max_tokens" : "max_completion_tokens";
  };
  CHECK(name("https://api.openai.com/v1", "") == std::string("max_completion_tokens"));
  CHECK(name("http://localhost:11434/v1", "") == std::string("max_tokens"));
  CHECK(name("http://localhost:11434/v1", "max_completion_tokens") == std::string("max_completion_tokens"));
}

TEST_CASE("options that cannot work are refused by name") {
  const auto refusal = [](auto spoil) {
    client_fixture f;
    spoil(f.options);
    const auto c = make_openai_client(f.http, f.options);
    REQUIRE_FALSE(c);
    CHECK(c.error().is(errc::invalid_argument));
    return c.error().message;
  };
  CHECK(refusal([](openai_options& o) { o.base_url = "http://h/v1/chat/completions"; }) ==
        "base_url: must end before /chat/completions");
  CHECK(refusal([](openai_options& o) { o.base_url = "ftp://h/v1"; }).starts_with("base_url: URL "));
  CHECK(refusal([](openai_options& o) { o.api_key = secret("sk-abcdef\n"); }) ==
        "API key: the character at position 10 cannot be sent in a header (a line break at its end?)");
  CHECK(refusal([](openai_options& o) { o.api_key = secret("sk abcdef"); }) ==
        "API key: the character at position 3 cannot be sent in a header");
  CHECK(refusal([](openai_options& o) { o.key_header = "X Key"; }) == "key_header: 'X Key' is no name of a header");
  CHECK(refusal([](openai_options& o) { o.organization = "a\r\nX: y"; }) ==
        "organization: the character at position 2 cannot be sent in a header");
  CHECK(refusal([](openai_options& o) { o.project = "caf\xc3\xa9"; }) ==
        "project: the character at position 4 cannot be sent in a header");
}

TEST_CASE("a request that cannot be right is not sent") {
  client_fixture f;
  const auto r = f.complete(chat_request{});
  CHECK(r.error().message == "chat request: no messages");
  CHECK(f.http->log().empty());
}

TEST_CASE("[L14] retries under virtual time: transport failures after 0..500 ms and 0..1 s") {
  client_fixture f;
  f.http->breaks(lost()).breaks(lost()).replies(200, reply_saying("Hi.").dump());
  std::vector<std::pair<int, duration>> told;
  f.options.on_retry = [&](int attempt, const error& e, duration d) {
    CHECK(e.is(errc::connection_lost));
    told.emplace_back(attempt, d);
  };
  const auto r = f.complete();
  REQUIRE(r);
  CHECK(r->http_attempts == 3);
  REQUIRE(told.size() == 2);
  CHECK(told[0].first == 1);
  CHECK(told[1].first == 2);
  CHECK(told[0].second < 500ms);
  CHECK(told[1].second < 1s);
  CHECK(f.http->at(1) == to_seconds(told[0].second));
  CHECK(f.http->at(2) == to_seconds(told[0].second + told[1].second));
  CHECK(r->elapsed == told[0].second + told[1].second);
  CHECK(f.http->log()[0].request.body == f.http->log()[2].request.body);
}

TEST_CASE("[L14] 429 waits for Retry-After, then a little more") {
  client_fixture f;
  f.http->replies(429, overloaded, {{"Retry-After", "7"}})
      .replies(503, overloaded)
      .replies(200, reply_saying("Hi.").dump());
  REQUIRE(f.complete());
  CHECK((f.http->at(1) >= 7.0 && f.http->at(1) < 7.25));
  const double second = f.http->at(2) - f.http->at(1);
  CHECK((second >= 0.5 && second < 1.0));
}

TEST_CASE("the same seed gives the same delays, another call others") {
  const auto second_try = [](std::uint64_t seed, int calls) {
    client_fixture f;
    f.options.seed = seed;
    const auto client = f.client();
    for (int i = 0; i < calls; ++i) {
      f.http->breaks(lost()).replies(200, reply_saying("Hi.").dump());
      REQUIRE(f.time.run(client->complete(ask())));
    }
    const std::size_t last = f.http->log().size() - 1;
    return f.http->at(last) - f.http->at(last - 1);
  };
  CHECK(second_try(5, 1) == second_try(5, 1));
  CHECK(second_try(5, 1) != second_try(6, 1));
  CHECK(second_try(5, 1) != second_try(5, 2));
}

TEST_CASE("after two retries the last error comes out, with the count") {
  client_fixture f;
  for (int i = 0; i < 3; ++i) f.http->replies(500, overloaded);
  const auto r = f.complete();
  REQUIRE_FALSE(r);
  CHECK(r.error().is(errc::server_error));
  CHECK(r.error().message == "http://127.0.0.1:8081: HTTP 500: busy (server_error); given up after 3 tries");
  CHECK(f.http->log().size() == 3);
}

TEST_CASE("the time limit is over all attempts") {
  client_fixture f;
  chat_request q = ask();
  q.timeout = 10s;
  f.http->replies(500, overloaded, {}, 6s).replies(200, reply_saying("late").dump(), {}, 6s);
  const auto r = f.complete(q);
  REQUIRE_FALSE(r);
  CHECK(r.error().is(errc::timeout));
  CHECK(f.http->log().size() == 2);
  CHECK(f.http->log()[1].request.timeout < 4s);
  CHECK(to_seconds(f.time.now().time_since_epoch()) == 10.0);
}

TEST_CASE("a Retry-After beyond the time limit fails at once") {
  client_fixture f;
  f.options.timeout = 20s;
  f.http->replies(429, overloaded, {{"Retry-After", "30"}});
  const auto r = f.complete();
  REQUIRE_FALSE(r);
  CHECK(r.error().is(errc::rate_limited));
  CHECK(r.error().message.find("would come after the time limit") != std::string::npos);
  CHECK(f.time.now() == time_point());
}

TEST_CASE("[L9] cancelling ends the wait for the next try") {
  client_fixture f;
  f.http->replies(429, overloaded, {{"Retry-After", "100"}});
  const auto client = f.client();
  auto work = [&]() -> awaitable<bool> {
    const auto executor = co_await asio::this_coro::executor;
    scope children(executor);
    bool ended = false, cancelled = false;
    children.spawn([&]() -> awaitable<void> {
      try {
        co_await client->complete(ask());
        ended = true;
      } catch (const boost::system::system_error& e) {
        cancelled = e.code() == asio::error::operation_aborted;
      }
    });
    co_await sleep_for(5s);
    children.cancel();
    co_await children.join();
    co_return cancelled && !ended;
  };
  CHECK(f.time.run(work()));
  CHECK(f.time.now() == time_point(5s));
}

TEST_CASE("a stream gives its text as it comes and the time of the first token") {
  client_fixture f;
  f.http->streams({{2s, sse(delta({{"role", "assistant"}, {"content", ""}}))},
                   {1s, sse_text("Hel")},
                   {1s, sse_text("lo")},
                   {1s, sse_end}});
  const auto r = f.stream();
  REQUIRE(r);
  CHECK(f.seen == "Hello");
  CHECK(r->message.content == "Hello");
  CHECK(r->time_to_first_token == 3s);
  CHECK(r->elapsed == 5s);
  CHECK(f.sent(0)["stream_options"]["include_usage"] == true);
  CHECK(f.http->log()[0].request.idle_timeout == 120s);
  CHECK(f.http->log()[0].request.headers.get("accept") == "text/event-stream");
}

TEST_CASE("a stream that does not begin in time is tried again, pings or not; one that has begun may take its time") {
  client_fixture f;
  f.options.first_token_timeout = 10s;
  f.http->streams({{4s, ": ping\n\n"}, {4s, sse(delta({{"role", "assistant"}}))}, {4s, sse_text("late")}});
  f.http->streams({{9s, sse_text("Hel")}, {60s, sse_text("lo") + sse_end}});
  const auto r = f.stream();
  REQUIRE(r);
  CHECK(f.seen == "Hello");
  CHECK(r->http_attempts == 2);
  CHECK(f.http->at(1) >= 10);
  CHECK(f.http->at(1) < 11);
}

TEST_CASE("a stream without a callback is a stream") {
  client_fixture f;
  f.http->streams({{0s, sse_text("Hi") + sse_end}});
  const auto r = f.time.run(f.client()->stream(ask(), nullptr));
  REQUIRE(r);
  CHECK(r->message.content == "Hi");
}

TEST_CASE("a stream that breaks before its first word is tried again") {
  client_fixture f;
  f.http->streams({{0s, sse(delta({{"role", "assistant"}}))}}, lost()).streams({{0s, sse_text("Hi") + sse_end}});
  const auto r = f.stream();
  REQUIRE(r);
  CHECK(r->http_attempts == 2);
  CHECK(f.seen == "Hi");
}

TEST_CASE("a stream that breaks after visible text is not tried again silently") {
  client_fixture f;
  f.http->streams({{0s, sse_text("Half an ans")}}, lost()).streams({{0s, sse_text("Hi") + sse_end}});
  const auto r = f.stream();
  REQUIRE_FALSE(r);
  CHECK(r.error().is(errc::connection_lost));
  CHECK(r.error().message ==
        "http://127.0.0.1:8081: the connection was reset; it had come to 11 bytes of text, ending in 'Half an ans'");
  CHECK(f.http->unused() == 1);
  CHECK(f.seen == "Half an ans");
}

TEST_CASE("after [DONE] it does not matter how the connection ends") {
  client_fixture f;
  f.http->streams({{0s, sse_text("Hi") + sse_end}}, lost());
  const auto r = f.stream();
  REQUIRE(r);
  CHECK(r->message.content == "Hi");
}

TEST_CASE("[L23] a server that rejects stream_options is asked once without, and that is remembered") {
  client_fixture f;
  f.http->replies(400, R"({"error":{"message":"Unknown parameter: 'stream_options'."}})")
      .streams({{0s, sse_text("one") + sse_end}})
      .streams({{0s, sse_text("two") + sse_end}});
  const auto client = f.client();
  for (int i = 0; i < 2; ++i) REQUIRE(f.time.run(client->stream(ask(), nullptr)));
  CHECK(f.http->log().size() == 3);
  CHECK(f.sent(0).contains("stream_options"));
  CHECK_FALSE(f.sent(1).contains("stream_options"));
  CHECK_FALSE(f.sent(2).contains("stream_options"));
  CHECK(f.http->at(2) == 0.0);
}

TEST_CASE("[L23] it is asked without stream_options no more than once") {
  client_fixture f;
  const std::string rejected = R"({"error":{"message":"stream_options is bad"}})";
  f.http->replies(400, rejected).replies(400, rejected);
  CHECK(f.stream().error().is(errc::bad_request));
  CHECK(f.http->log().size() == 2);
}

TEST_CASE("the API key appears in no error, answer or log line") {
  const std::string echo = R"({"error":{"message":"Incorrect API key provided: )" + secret_key + R"("}})";
  client_fixture f;
  f.http->replies(401, echo);
  const auto refused = f.complete();
  CHECK(refused.error().message == "http://127.0.0.1:8081: HTTP 401: Incorrect API key provided: [redacted]");
  CHECK(refused.error().is(errc::authentication_failed));

  f.http->replies(500, echo).breaks(fail(errc::connection_lost, "after " + secret_key));
  f.http->replies(200, reply_saying("You sent " + secret_key).dump());
  std::string told;
  f.options.on_retry = [&](int, const error& e, duration) { told += e.message; };
  const auto answered = f.complete();
  REQUIRE(answered);
  CHECK(answered->message.content == "You sent [redacted]");

  f.http->streams({{0s, sse_text("key " + secret_key)}}, lost());
  const auto broken = f.stream();
  CHECK(f.seen == "key [redacted]");
  CHECK_FALSE(f.log.empty());
  for (const auto& text : {f.log, told, f.seen, broken.error().message})
    CHECK(text.find(secret_key) == std::string::npos);
}

TEST_CASE("a key in the clear to another machine is warned of") {
  client_fixture f;
  f.options.base_url = "http://example.com/v1";
  f.client();
  CHECK(f.log == "the API key travels unencrypted to http://example.com:80");
}

TEST_CASE("[L16] calls at the same time keep their own usage") {
  client_fixture f;
  const auto client = f.client();
  json one = reply_saying("one"), two = reply_saying("two");
  two["usage"] = {{"prompt_tokens", 100}, {"completion_tokens", 50}};
  f.http->replies(200, one.dump(), {}, 2s).replies(200, two.dump(), {}, 1s);
  auto both = [&]() -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    scope children(executor);
    std::vector<result<chat_response>> replies;
    for (int i = 0; i < 2; ++i) {
      children.spawn([&]() -> awaitable<void> {
        auto r = co_await client->complete(ask());
        replies.push_back(std::move(r));
      });
    }
    co_await children.join();
    REQUIRE(replies.size() == 2);
    CHECK(replies[0]->usage == token_usage{100, 50, 0, 0, 1});
    CHECK(replies[1]->usage == token_usage{7, 3, 0, 0, 1});
  };
  f.time.run(both());
}

TEST_CASE("a call in flight keeps its client alive") {
  client_fixture f;
  f.http->replies(200, reply_saying("Hi.").dump(), {}, 1s);
  auto work = f.client()->complete(ask());
  CHECK(f.time.run(std::move(work)));
}
