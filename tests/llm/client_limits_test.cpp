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
