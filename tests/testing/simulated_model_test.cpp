#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/llm/openai_client.hpp>
#include <corchestra/net/http_client.hpp>
#include <corchestra/testing/simulated_model.hpp>

#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

struct simulator {
  asio::io_context context;
  testing::simulated_model_options options;
  std::optional<testing::simulated_model> model;
  std::shared_ptr<net::http_client> http = net::make_http_client(context.get_executor()).value();
  std::string key;

  explicit simulator(testing::simulated_model_options o = {}) : options(std::move(o)) {
    if (options.speed == 1.0) options.speed = 10'000;
    model.emplace(testing::simulated_model::listen(context.get_executor(), options).value());
  }
  std::shared_ptr<llm::chat_model> client(int retries = 0) {
    llm::openai_options o;
    o.base_url = model->base_url();
    o.model = "m";
    o.api_key = secret(key);
    o.retry.max_retries = retries;
    o.retry.first_delay = 0s;
    return llm::make_openai_client(http, o).value();
  }
  net::http_response send(std::string method, std::string path, std::string body = {}) {
    net::http_request r;
    r.method = std::move(method);
    r.target = net::parse_url(model->base_url() + path).value();
    r.body = std::move(body);
    return tests::run(context, http->send(std::move(r))).value();
  }
  json stats() {
    net::http_request r;
    r.target = net::parse_url(model->base_url().substr(0, model->base_url().size() - 3) + "/simulator/stats").value();
    return json::parse(tests::run(context, http->send(std::move(r))).value().body);
  }
};

llm::chat_request ask(std::string text) {
  llm::chat_request r;
  r.messages.push_back({.content = std::move(text)});
  return r;
}

}  // namespace

TEST_CASE("the simulated model answers our own client, streamed or not, alike") {
  simulator s;
  const auto client = s.client();
  std::string seen;
  const auto whole = tests::run(s.context, client->complete(ask("Write about wind power")));
  const auto streamed = tests::run(
      s.context, client->stream(ask("Write about wind power"), [&](const llm::chat_delta& d) { seen += d.text; }));
  REQUIRE(whole);
  REQUIRE(streamed);
  CHECK(whole->message.content.find("wind") != std::string::npos);
  CHECK(whole->message.content == streamed->message.content);
  CHECK(seen == streamed->message.content);
  CHECK(whole->usage == streamed->usage);
  CHECK(whole->usage.prompt_tokens == 4);
  CHECK(whole->model == "m-simulated");
  CHECK(s.model->stats().calls == 2);
  CHECK(s.model->stats().streamed == 1);
  CHECK(s.stats() ==
        json::parse(R"({"calls":2,"streamed":1,"errors":0,"disconnects":0,"concurrent":0,"peak_concurrent":1})"));
}

TEST_CASE("tool calls are streamed too") {
  simulator s;
  llm::chat_request q = ask("What is the weather?");
  q.tools = {
      {"weather", "", json::parse(R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})")}};
  q.tool_choice = "required";
  const auto whole = tests::run(s.context, s.client()->complete(q));
  const auto streamed = tests::run(s.context, s.client()->stream(q, nullptr));
  REQUIRE(whole);
  REQUIRE(streamed);
  REQUIRE(whole->message.tool_calls.size() == 1);
  CHECK(whole->message.tool_calls == streamed->message.tool_calls);
  CHECK(streamed->finish == llm::finish_reason::tool_calls);
}

TEST_CASE("health, models and unknown paths") {
  simulator s;
  const auto models = s.send("GET", "/models");
  CHECK(models.status == 200);
  CHECK(models.headers.get("x-simulated") == "true");
  CHECK(json::parse(models.body)["data"][0]["id"] == "simulated");
  CHECK(s.send("GET", "/health").status == 200);
  CHECK(s.send("GET", "/nothing").status == 404);
  CHECK(s.send("GET", "/chat/completions").status == 405);
}

TEST_CASE("bad requests get 400 in OpenAI's shape") {
  simulator s;
  const auto broken = s.send("POST", "/chat/completions", "{\"model\":");
  CHECK(broken.status == 400);
  CHECK(json::parse(broken.body)["error"]["type"] == "invalid_request_error");
  const auto empty = s.send("POST", "/chat/completions", R"({"model":"m"})");
  CHECK(empty.status == 400);
  CHECK(json::parse(empty.body)["error"]["param"] == "messages");
  CHECK(s.model->stats().errors == 2);
}

TEST_CASE("with a key set, only that key is let in") {
  testing::simulated_model_options o;
  o.api_key = "sim-key-12345";
  simulator s(o);
  const auto refused = tests::run(s.context, s.client()->complete(ask("x")));
  CHECK(refused.error().is(errc::authentication_failed));
  CHECK(refused.error().message.find("sim-key") == std::string::npos);
  CHECK(s.send("GET", "/health").status == 200);
  CHECK(s.send("GET", "/models").status == 401);
  s.key = "sim-key-12345";
  CHECK(tests::run(s.context, s.client()->complete(ask("x"))).has_value());
}

TEST_CASE("failures come at their rate, and a retry is a new throw") {
  testing::simulated_model_options o;
  o.error_rate = 0.4;
  simulator s(o);
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    const auto r = tests::run(s.context, s.client()->complete(ask("question " + std::to_string(i))));
    if (!r) {
      CHECK(r.error().is(errc::server_error));
      ++failed;
    }
  }
  CHECK((failed > 25 && failed < 55));
  CHECK(s.model->stats().errors == static_cast<std::uint64_t>(failed));
  for (int i = 0; i < 20; ++i)
    CHECK(tests::run(s.context, s.client(30)->complete(ask("again " + std::to_string(i)))).has_value());
}

TEST_CASE("rate limiting says when to come back") {
  testing::simulated_model_options o;
  o.rate_limit_rate = 1;
  simulator s(o);
  const auto r = s.send("POST", "/chat/completions", R"({"model":"m","messages":[{"role":"user","content":"x"}]})");
  CHECK(r.status == 429);
  CHECK(r.headers.get("retry-after") == "1");
  CHECK(r.headers.get("x-simulated") == "true");
}

TEST_CASE("calls at the same time are counted at their peak") {
  testing::simulated_model_options o;
  o.hold_until_concurrent = 8;
  simulator s(o);
  const auto client = s.client();
  auto many = [&]() -> awaitable<int> {
    const auto executor = co_await asio::this_coro::executor;
    scope calls(executor);
    int answered = 0;
    for (int i = 0; i < 50; ++i) {
      calls.spawn([&, i]() -> awaitable<void> {
        const auto r = co_await client->complete(ask("call " + std::to_string(i)));
        answered += r ? 1 : 0;
      });
    }
    co_await calls.join();
    // A client has its answer before the server's call is over.
    while (s.model->stats().concurrent > 0) co_await asio::post(asio::use_awaitable);
    co_return answered;
  };
  CHECK(tests::run(s.context, many()) == 50);
  CHECK(s.model->stats().calls == 50);
  CHECK(s.model->stats().concurrent == 0);
  CHECK(s.model->stats().peak_concurrent >= 8);
  CHECK(s.model->stats().peak_concurrent <= 50);
}

TEST_CASE("[L9] a client that goes away ends its call and is counted") {
  testing::simulated_model_options o;
  o.first_token_median_s = 1e6;
  o.speed = 1.5;
  simulator s(o);
  const auto client = s.client();
  auto leave = [&]() -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    scope calls(executor);
    calls.spawn([&]() -> awaitable<void> { co_await client->complete(ask("x")); });
    while (s.model->stats().concurrent == 0) co_await sleep_for(1ms);
    calls.cancel();
    try {
      co_await calls.join();
    } catch (const boost::system::system_error&) {
    }
    while (s.model->stats().concurrent > 0) co_await sleep_for(1ms);
  };
  tests::run(s.context, leave());
  CHECK(s.model->stats().disconnects == 1);
}

TEST_CASE("stopping ends calls under way without counting them as disconnects") {
  testing::simulated_model_options o;
  o.first_token_median_s = 1e6;
  o.speed = 1.5;
  simulator s(o);
  const auto client = s.client();
  auto stop = [&]() -> awaitable<result<llm::chat_response>> {
    const auto executor = co_await asio::this_coro::executor;
    scope calls(executor);
    result<llm::chat_response> outcome = fail(errc::internal, "never ended");
    calls.spawn([&]() -> awaitable<void> {
      auto r = co_await client->complete(ask("x"));
      outcome = std::move(r);
    });
    while (s.model->stats().concurrent == 0) co_await sleep_for(1ms);
    co_await s.model->stop();
    co_await calls.join();
    co_return outcome;
  };
  const auto outcome = tests::run(s.context, stop());
  CHECK(outcome.error().is(errc::connection_lost));
  CHECK(s.model->stats().disconnects == 0);
  CHECK(s.model->stats().concurrent == 0);
}

TEST_CASE("an address that cannot be bound is an error") {
  simulator s;
  asio::io_context context;
  testing::simulated_model_options o;
  o.port = s.model->port();
  const auto second = testing::simulated_model::listen(context.get_executor(), o);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().is(errc::connect_failed));
}
