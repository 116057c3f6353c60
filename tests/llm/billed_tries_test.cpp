#include <catch2/catch_test_macros.hpp>

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

/// A call of which every billed try that gave no answer is kept.
struct call {
  testing::virtual_time_context time;
  std::shared_ptr<scripted_http_client> http = std::make_shared<scripted_http_client>();
  std::vector<billed_call> billed;

  result<chat_response> make(bool streaming) {
    openai_options options;
    options.base_url = "http://127.0.0.1:8081/v1";
    options.api_key = secret("sk-secret-0123456789");
    options.model = "m";
    options.seed = 42;
    chat_request r = ask();
    r.on_failed_usage = [this](const billed_call& b) { billed.push_back(b); };
    const auto client = make_openai_client(http, options).value();
    return time.run(streaming ? client->stream(std::move(r), nullptr) : client->complete(std::move(r)));
  }
};

const token_usage seven_and_three{7, 3, 0, 0, 1};

}  // namespace

TEST_CASE("a try that was billed and is made again is told of, one without usage is not") {
  json broken = reply_saying("");
  broken["error"] = {{"message", "the engine stopped"}, {"code", 503}};
  broken["service_tier"] = "flex";
  for (const bool streaming : {false, true}) {
    call c;
    c.http->replies(503, R"({"error":{"message":"busy"}})")
        .replies(200, broken.dump())
        .replies(200, reply_saying("Hi.").dump());
    const auto answered = c.make(streaming);
    REQUIRE(answered);
    CHECK(answered->http_attempts == 3);
    CHECK(answered->usage == seven_and_three);
    REQUIRE(c.billed.size() == 1);
    CHECK(c.billed[0].usage == seven_and_three);
    CHECK(c.billed[0].model == "m-2026");
    CHECK(c.billed[0].service_tier == "flex");
  }
}

TEST_CASE("a refused, a filtered and an empty answer are billed") {
  for (const json& reply : {reply_with({{"refusal", "no"}}), reply_with({{"content", "a"}}, "content_filter"),
                            reply_with({{"content", ""}})}) {
    for (const bool streaming : {false, true}) {
      call c;
      c.http->replies(200, reply.dump());
      CHECK_FALSE(c.make(streaming));
      REQUIRE(c.billed.size() == 1);
      CHECK(c.billed[0].usage == seven_and_three);
    }
  }
}

TEST_CASE("a stream that breaks off is billed for what it had told") {
  call c;
  json chunk = delta({{"content", "a"}});
  chunk["usage"] = {{"prompt_tokens", 9}, {"completion_tokens", 1}};
  c.http->streams({{0s, sse(chunk)}}, fail(errc::connection_lost, "the connection was reset"));
  CHECK_FALSE(c.make(true));
  REQUIRE(c.billed.size() == 1);
  CHECK(c.billed[0].usage == token_usage{9, 1, 0, 0, 1});
}

TEST_CASE("a server that echoes the key in what it bills for does not get it told") {
  call c;
  json reply = reply_with({{"refusal", "no"}});
  reply["model"] = "m sk-secret-0123456789";
  reply["service_tier"] = "sk-secret-0123456789";
  c.http->replies(200, reply.dump());
  CHECK_FALSE(c.make(false));
  REQUIRE(c.billed.size() == 1);
  CHECK(c.billed[0].model.find("secret") == std::string::npos);
  CHECK(c.billed[0].service_tier.find("secret") == std::string::npos);
}
