// The client's calls through the limiter: what one is told holds for all.
#include <catch2/catch_test_macros.hpp>

#include <corchestra/async/scope.hpp>
#include <corchestra/llm/openai_client.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/replies.hpp"
#include "llm/scripted_http_client.hpp"

using namespace corchestra;
using namespace corchestra::llm;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {

struct limited_client {
  testing::virtual_time_context time;
  std::shared_ptr<scripted_http_client> http = std::make_shared<scripted_http_client>();
  openai_options options;
  int served = 0, failed = 0, waits = 0;
  std::vector<error> errors;

  limited_client() {
    options.base_url = "http://127.0.0.1:8081/v1";
    options.model = "m";
    options.seed = 42;
    options.limits.emplace();
  }

  /// So many calls at once, to their ends.
  void call(int n, const std::function<void(chat_request&)>& change = {}) {
    const auto client = make_openai_client(http, options).value();
    auto all = [&]() -> awaitable<void> {
      scope calls(co_await asio::this_coro::executor);
      for (int i = 0; i < n; ++i) {
        calls.spawn([&]() -> awaitable<void> {
          chat_request request = ask();
          request.while_waiting = [this](awaitable<void> until) {
            ++waits;
            return until;
          };
          if (change) change(request);
          const auto reply = co_await client->complete(request);
          ++(reply ? served : failed);
          if (!reply) errors.push_back(reply.error());
        });
      }
      co_await calls.join();
    };
    time.run(all());
  }
};

const std::string busy = R"({"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}})";
const std::string no_quota = R"({"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}})";

}  // namespace

TEST_CASE("Retry-After of one call holds back those that had not gone out") {
  limited_client c;
  c.options.limits->max_in_flight = 1;
  c.http->replies(429, busy, {{"retry-after", "20"}})
      .replies(200, reply_saying("a").dump())
      .replies(200, reply_saying("b").dump());
  c.call(2);
  CHECK(c.served == 2);
  REQUIRE(c.http->log().size() == 3);
  CHECK(c.http->at(1) >= 20);
  CHECK(c.http->at(2) >= 20);
}

TEST_CASE("a used up quota fails all waiting calls, and none of them goes out") {
  limited_client c;
  c.options.limits->max_in_flight = 1;
  c.http->replies(429, no_quota, {}, 1s);
  c.call(5);
  CHECK(c.failed == 5);
  CHECK(c.http->log().size() == 1);
}

TEST_CASE("retries beyond the budget wait for it, and fail after a minute with what they failed of before and the reason") {
  limited_client c;
  for (int i = 0; i < 30; ++i) c.http->replies(409, R"({"error":{"message":"try again"}})");
  for (int i = 0; i < 20; ++i) c.http->replies(200, reply_saying("x").dump());
  c.call(30);
  CHECK(c.served == 20);  // ten at once, ten a minute later
  REQUIRE(c.failed == 10);
  CHECK(c.http->log().size() == 50);
  for (const error& e : c.errors) {
    CHECK(e.message.find("try again; retry_budget: no retry was allowed within 1 m 00 s") != std::string::npos);
    CHECK(e.retry == retry_class::transient);
  }
  CHECK(to_seconds(c.time.now().time_since_epoch()) < 61);
}

TEST_CASE("retries that wait for an open circuit fail after a minute with what they failed of before and the reason") {
  limited_client c;
  c.options.limits->circuit_failures = 5;
  c.options.retry.max_retries = 4;
  for (int i = 0; i < 30; ++i) c.http->replies(502, "no upstream");
  c.call(5);
  REQUIRE(c.failed == 5);
  std::size_t given_up = 0;
  for (const error& e : c.errors) {
    CHECK(e.message.find("502") != std::string::npos);
    given_up += e.message.find("; circuit breaker: nothing was sent within 1 m 00 s") != std::string::npos ? 1 : 0;
  }
  CHECK(given_up >= 3);  // others are those that tried whether it works again
}

TEST_CASE("requests a minute from the headers are kept to by the next call") {
  limited_client c;
  for (int i = 0; i < 4; ++i) c.http->replies(200, reply_saying("x").dump(), {{"x-ratelimit-limit-requests", "6"}});
  c.options.limits->max_in_flight = 1;
  c.call(4);
  CHECK(c.served == 4);
  CHECK(c.http->at(3) - c.http->at(2) > 9.9);
  CHECK(c.http->at(3) - c.http->at(2) < 10.1);
}

TEST_CASE("the time spent waiting for the limiter is not the call's own, and the caller hears of it") {
  limited_client c;
  c.options.limits->requests_per_minute = 1;
  c.options.timeout = 10s;
  for (int i = 0; i < 3; ++i) c.http->replies(200, reply_saying("x").dump(), {}, 5s);
  c.call(3);
  CHECK(c.served == 3);
  CHECK(c.http->at(2) > 60);
  CHECK(c.waits >= 2);
}

TEST_CASE("each model has limits of its own") {
  limited_client c;
  c.options.limits->max_in_flight = 1;
  for (int i = 0; i < 2; ++i) c.http->replies(200, reply_saying("x").dump(), {}, 5s);
  int n = 0;
  c.call(2, [&](chat_request& r) { r.model = "m" + std::to_string(n++); });
  CHECK(c.served == 2);
  CHECK(c.http->at(1) == 0);
}

TEST_CASE("without limits every call goes out at once") {
  limited_client c;
  c.options.limits.reset();
  for (int i = 0; i < 200; ++i) c.http->replies(200, reply_saying("x").dump(), {}, 5s);
  c.call(200);
  CHECK(c.served == 200);
  CHECK(c.http->at(199) == 0);
  CHECK(c.waits == 0);
}
