#include <catch2/catch_test_macros.hpp>

#include <corchestra/llm/openai_client.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/scripted_http_client.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

struct api_fixture {
  testing::virtual_time_context time;
  std::shared_ptr<scripted_http_client> http = std::make_shared<scripted_http_client>();
  openai_options options;

  api_fixture() {
    options.base_url = "http://127.0.0.1:8081/v1";
    options.api_key = secret("sk-secret-0123456789");
    options.seed = 42;
  }
  api_reply post(api_request request) {
    return time.run(make_openai_endpoint(http, options).value().api->post(std::move(request)));
  }
  api_reply post() { return post({.path = "embeddings", .body = R"({"model":"e","input":"x"})", .model = "e"}); }
};

const std::string embedding = R"({"object":"list","data":[{"embedding":[0.25,-1]}],"model":"e-2",)"
                              R"("usage":{"prompt_tokens":8,"total_tokens":8}})";

}  // namespace

TEST_CASE("a request to any path is sent as it is, and its reply comes back as it is") {
  api_fixture f;
  f.http->replies(200, embedding, {{"x-request-id", "req_7"}}, 2s);
  const auto r = f.post();
  CHECK_FALSE(r.failure);
  CHECK(r.status == 200);
  CHECK(r.body == embedding);
  CHECK(r.request_id == "req_7");
  CHECK(r.http_attempts == 1);
  CHECK(r.elapsed == 2s);
  CHECK(r.billed.model == "e-2");
  CHECK(r.billed.usage == token_usage{.prompt_tokens = 8, .calls = 1});
  const auto& sent = f.http->log().at(0).request;
  CHECK(sent.target.to_string() == "http://127.0.0.1:8081/v1/embeddings");
  CHECK(sent.body == R"({"model":"e","input":"x"})");
  CHECK(sent.headers.get("authorization") == "Bearer sk-secret-0123456789");
}

TEST_CASE("usage of the responses API has names of its own") {
  api_fixture f;
  f.http->replies(200, R"({"id":"resp_1","model":"m","service_tier":"flex","error":null,"usage":{"input_tokens":36,
    "input_tokens_details":{"cached_tokens":4},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":64},
    "total_tokens":123}})");
  const auto r = f.post({.path = "responses", .body = "{}", .model = "m"});
  CHECK_FALSE(r.failure);
  CHECK(r.billed.usage ==
        token_usage{
            .prompt_tokens = 36, .completion_tokens = 87, .cached_tokens = 4, .reasoning_tokens = 64, .calls = 1});
  CHECK(r.billed.service_tier == "flex");
}

TEST_CASE("what fails keeps status and body of the last try, and is tried again where that may help") {
  api_fixture f;
  f.http->replies(503, R"({"error":{"message":"busy"}})").replies(200, embedding);
  const auto r = f.post();
  CHECK_FALSE(r.failure);
  CHECK(r.http_attempts == 2);

  api_fixture bad;
  bad.http->replies(400, R"({"error":{"message":"no such field: 'inputs'","code":"unknown"}})");
  const auto refused = bad.post();
  REQUIRE(refused.failure);
  CHECK(refused.failure->is(errc::bad_request));
  CHECK(refused.status == 400);
  CHECK(refused.body == R"({"error":{"message":"no such field: 'inputs'","code":"unknown"}})");
  CHECK(refused.http_attempts == 1);
}

TEST_CASE("a reply that is no JSON object, or holds an error, is a failure") {
  const auto failure_of = [](std::string body, std::string type = "application/json") {
    api_fixture f;
    f.options.retry.max_retries = 0;
    f.http->replies(200, std::move(body), {{"Content-Type", std::move(type)}});
    const auto r = f.post();
    return r.failure ? r.failure->message : "none";
  };
  CHECK(failure_of("<html>hello", "text/html") ==
        "http://127.0.0.1:8081: expected application/json, got an HTML page; check base_url: it usually ends in /v1");
  CHECK(failure_of(R"({"data":[1,2})") ==
        "http://127.0.0.1:8081: the reply is not JSON: line 1, column 13: syntax error while parsing array - unexpected "
        "'}'; expected ']'");
  CHECK(failure_of(R"({"data":")" "\xff" R"("})").find("the reply is not JSON: line 1") != std::string::npos);
  CHECK(failure_of(R"({"error":{"message":"out of memory","code":500}})") ==
        "http://127.0.0.1:8081: the server reported an error inside its reply: out of memory");
  CHECK(failure_of(R"({"data":)" + std::string(200, '[') + std::string(200, ']') + "}") ==
        "http://127.0.0.1:8081: the reply is nested deeper than 128");
  CHECK(failure_of(R"({"data":{"error":"not the reply's","usage":7}})") == "none");
}

TEST_CASE("tries that were billed and failed are told") {
  api_fixture f;
  f.http->replies(200, R"({"error":{"message":"busy","code":503},"model":"e-2","usage":{"prompt_tokens":5}})")
      .replies(200, embedding);
  const auto r = f.post();
  CHECK_FALSE(r.failure);
  REQUIRE(r.failed_tries.size() == 1);
  CHECK(r.failed_tries[0].usage.prompt_tokens == 5);
  CHECK(r.failed_tries[0].model == "e-2");
}

TEST_CASE("a key that the server echoes is in no reply") {
  api_fixture f;
  f.http->replies(200, R"({"data":"you sent sk-secret-0123456789"})");
  CHECK(f.post().body == R"({"data":"you sent [redacted]"})");
  f.http->replies(401, R"({"error":{"message":"bad key sk-secret-0123456789"}})");
  const auto r = f.post();
  CHECK(r.body.find("sk-secret") == std::string::npos);
  REQUIRE(r.failure);
  CHECK(r.failure->message.find("sk-secret") == std::string::npos);
}

TEST_CASE("requests to an endpoint's paths share the limits of its chats") {
  api_fixture f;
  f.options.limits.emplace().requests_per_minute = 60;
  f.options.limits->first_in_flight = 1;
  const auto at = make_openai_endpoint(f.http, f.options).value();
  CHECK_FALSE(at.api->limits("e", f.time.now()));
  f.http->replies(200, embedding);
  f.time.run(at.api->post({.path = "embeddings", .body = "{}", .model = "e"}));
  const auto status = at.api->limits("e", f.time.now());
  REQUIRE(status);
  CHECK(status->served == 1);
  CHECK(status->requests_a_minute == 60);
}

TEST_CASE("while a request waits for another try it gives way") {
  api_fixture f;
  f.http->replies(503, "{}").replies(200, embedding);
  int waits = 0;
  api_request request{.path = "embeddings", .body = "{}", .model = "e"};
  request.while_waiting = [&waits](awaitable<void> until) -> awaitable<void> {
    ++waits;
    co_await std::move(until);
  };
  CHECK_FALSE(f.post(std::move(request)).failure);
  CHECK(waits == 1);
}
